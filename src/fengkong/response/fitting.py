"""Which playbooks fit an incident: by what it came with, and by its kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fengkong.response.playbook import Playbook
from fengkong.response.triggers import Seen, Trigger, is_met


@dataclass(frozen=True, slots=True)
class Fit:
    """A playbook that fits: the triggers that are met, and whether it is for the kind."""

    playbook: Playbook
    met: tuple[Trigger, ...]
    for_kind: bool


def fitting(playbooks: Iterable[Playbook], *, seen: Seen, kind: str) -> tuple[Fit, ...]:
    """The playbooks with a trigger that is met or for the kind; the most triggers first.

    Of as many, one for the incident's kind goes before others, and names decide the rest.
    """
    found = [
        Fit(one, tuple(t for t in one.triggers if is_met(t, seen)), one.kind == kind)
        for one in playbooks
    ]
    fits = [fit for fit in found if fit.met or fit.for_kind]
    return tuple(sorted(fits, key=lambda f: (-len(f.met), not f.for_kind, f.playbook.playbook)))
