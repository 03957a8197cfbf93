"""What differs between two versions of a playbook, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fengkong.console.incidents.models import Incident, IncidentRole
from fengkong.console.incidents.switch_kinds import KINDS
from fengkong.console.incidents.trigger_words import condition_of
from fengkong.console.shell.spoken import said

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.response.playbook import Playbook, Step

_HEAD: Final[dict[str, Words]] = {
    "title": gettext_lazy("Title"),
    "summary": gettext_lazy("Summing up"),
    "kind": gettext_lazy("For"),
    "severity": gettext_lazy("Usual severity"),
    "techniques": gettext_lazy("Techniques"),
}
_LISTS: Final[dict[str, Words]] = {
    "triggers": gettext_lazy("Trigger"),
    "roles": gettext_lazy("Role"),
    "exit": gettext_lazy("Exit criterion"),
    "contacts": gettext_lazy("Contact"),
    "resources": gettext_lazy("Resource"),
    "communication": gettext_lazy("Communication"),
    "references": gettext_lazy("Reference"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: `sign` is + for what comes, - for what goes, ~ for what changes."""

    sign: str
    words: str


def differences(old: Playbook | None, new: Playbook) -> list[Difference]:
    """Everything that differs, steps first; of a playbook that is new, its steps."""
    found = list(_steps(() if old is None else old.steps, new.steps))
    if old is None:
        return found
    found += _head(old, new)
    for name, words in _LISTS.items():
        found += _list(words, getattr(old, name), getattr(new, name))
    return found


def _head(old: Playbook, new: Playbook) -> Iterator[Difference]:
    for name, words in _HEAD.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Difference("~", f"{words}: {_plain(before)} → {_plain(after)}")


def _list(words: Words, old: Iterable[Any], new: Iterable[Any]) -> Iterator[Difference]:
    before, after = list(old), list(new)
    yield from (Difference("-", f"{words}: {_plain(o)}") for o in before if o not in after)
    yield from (Difference("+", f"{words}: {_plain(o)}") for o in after if o not in before)


def _steps(old: Iterable[Step], new: Iterable[Step]) -> Iterator[Difference]:
    before = {step.id: step for step in old}
    after = {step.id: step for step in new}
    for name in before.keys() - after.keys():
        yield Difference("-", _("Step “{step}” goes").format(step=said(before[name].title)))
    for name, step in after.items():
        if name not in before:
            yield Difference(
                "+",
                _("Step “{step}” comes: {part}, within {minutes} min").format(
                    step=said(step.title), part=_part(step.part), minutes=step.minutes
                ),
            )
        elif before[name] != step:
            changed = "; ".join(_of_step(before[name], step))
            words = _("Step “{step}”: {changes}").format(step=said(step.title), changes=changed)
            yield Difference("~", words)


def _of_step(old: Step, new: Step) -> Iterator[str]:
    shown: Mapping[str, tuple[str, Any, Any]] = {
        "phase": (_("phase"), _phase(old.phase), _phase(new.phase)),
        "part": (_("role"), _part(old.part), _part(new.part)),
        "minutes": (_("minutes"), old.minutes, new.minutes),
        "required": (_("must be done"), _yes(old.required), _yes(new.required)),
        "switch": (_("switch"), _switch(old.switch), _switch(new.switch)),
        "title": (_("title"), said(old.title), said(new.title)),
    }
    for name, (words, before, after) in shown.items():
        if getattr(old, name) != getattr(new, name):
            yield f"{words} {before} → {after}"
    if old.detail != new.detail:
        yield _("its text changes")


def _plain(value: Any) -> str:
    """A part of a playbook as one line."""
    if hasattr(value, "indicator"):
        condition = condition_of(value)
        return said(value) + (f" ({condition})" if condition else "")
    if hasattr(value, "zh"):
        return said(value)
    for name in ("duty", "text", "who", "when"):
        if hasattr(value, name):
            return said(getattr(value, name))
    if hasattr(value, "source"):
        return f"{value.source} {value.part}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _phase(name: str) -> str:
    return str(Incident.PhaseName(name).label)


def _part(name: str) -> str:
    return str(IncidentRole.Part(name).label)


def _switch(name: str | None) -> str:
    return "–" if name is None else str(KINDS[name].title)


def _yes(value: bool) -> str:  # noqa: FBT001 - a value that is shown
    return _("yes") if value else _("no")
