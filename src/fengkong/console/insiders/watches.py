"""What is watched, and from when on it is an alert: declared here, a line each.

A day's count is unusual beyond an absolute bound, whoever it is, or beyond a multiple of the
operator's own usual day (the median of the days of the last four weeks on which there was any, once
there are five). Below `least` nothing is unusual.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import acts

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

HISTORY_DAYS: Final = 28
HISTORY_LEAST: Final = 5
LEDGER: Final = "ledger_broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A watched kind of conduct: its words, and its bounds a day."""

    title: Words
    hint: Words
    absolute: int
    factor: float
    least: int


WATCHES: Final[Mapping[str, Watch]] = {
    "look_ups": Watch(
        title=_("Many look-ups"),
        hint=_("Decisions, persons and lists that were looked at."),
        absolute=600,
        factor=3.0,
        least=60,
    ),
    "reveals": Watch(
        title=_("Many reveals"),
        hint=_("Personal data that were shown in the clear."),
        absolute=40,
        factor=3.0,
        least=8,
    ),
    "exports": Watch(
        title=_("Many exports"),
        hint=_("Exports that were proposed, downloaded, or taken from the ledger."),
        absolute=10,
        factor=3.0,
        least=3,
    ),
    "night_work": Watch(
        title=_("Work at unusual hours"),
        hint=_("Acts and look-ups outside of the operator's working hours."),
        absolute=60,
        factor=4.0,
        least=10,
    ),
    "loosened": Watch(
        title=_("Rules were loosened"),
        hint=_("Changes that let more through: policies, lists, snoozes, roles."),
        absolute=5,
        factor=3.0,
        least=3,
    ),
    "refused": Watch(
        title=_("Many refused requests"),
        hint=_("Pages and acts that the operator's roles do not allow."),
        absolute=30,
        factor=4.0,
        least=10,
    ),
}
"""Every kind of conduct that is watched."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A count beyond its bound: what it was, which bound, and the operator's usual day."""

    observed: int
    limit: int
    usual: float | None


def judged(watch: Watch, *, observed: int, history: Sequence[int]) -> Judged | None:
    """Whether a day's count is unusual; `history` are the counts of earlier days, zeros left out.

    None where it is not.
    """
    usual = float(median(history)) if len(history) >= HISTORY_LEAST else None
    limit = watch.absolute
    if usual is not None:
        limit = min(limit, max(watch.least, math.ceil(watch.factor * usual)))
    return Judged(observed, limit, usual) if observed > limit else None


LOOSENING: Final[dict[str, str]] = {}
"""Actions of the ledger, but for approvals, that let more through, and why each counts."""


def register_loosening(actions: Mapping[str, str]) -> None:
    """Say which recorded actions loosen rules; each app does so for its own when Django starts."""
    assert all(reason.strip() for reason in actions.values()), "say why"
    LOOSENING.update(actions)


def loosening() -> dict[str, str]:
    """Every action of the ledger that lets more through, approvals included, and why it counts."""
    approved = {f"approve_{kind}": act.loosens for kind, act in acts().items() if act.loosens}
    return LOOSENING | approved
