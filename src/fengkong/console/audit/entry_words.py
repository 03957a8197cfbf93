"""An entry in words: what was before, what after, and the rest of its detail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.models import AuditEntry

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

_NAMES: Final[dict[str, Words]] = {
    "of": _("Object"),
    "proposed_by": _("Proposed by"),
    "reason": _("Reason"),
    "remark": _("Remark"),
    "result": _("Result"),
    "finding": _("Finding"),
    "entry": _("Entry"),
    "form": _("Form"),
    "filter": _("Filter"),
    "size": _("Size"),
}
_VALUES: Final[dict[object, Words]] = {
    True: _("yes"),
    False: _("no"),
    None: _("nothing"),
    "": _("nothing"),
    "intact": _("intact"),
    "broken": _("broken"),
}
_LONG: Final = 400


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was so before and is so after; None where it was not there."""

    name: Words
    before: str | None
    after: str | None


def register_details(names: Mapping[str, Words]) -> None:
    """Words for the names in the details of an app's entries."""
    for name, words in names.items():
        _NAMES.setdefault(name, words)


def changes_of(entry: AuditEntry) -> list[Change]:
    """What the act changed, from `before` and `after` of its detail; only what differs."""
    detail = entry.detail
    if "before" not in detail and "after" not in detail:
        return []
    before, after = (_parts(detail.get(side)) for side in ("before", "after"))
    names = dict.fromkeys([*before, *after])
    return [
        Change(_name(name), _text(before, name), _text(after, name))
        for name in names
        if before.get(name) != after.get(name) or name not in before or name not in after
    ]


def facts_of_entry(entry: AuditEntry) -> list[tuple[Words, str]]:
    """The rest of the detail: a name and a value each."""
    return [
        (_name(name), _shown(value))
        for name, value in entry.detail.items()
        if name not in {"before", "after"}
    ]


def _parts(side: object) -> dict[str, Any]:
    if isinstance(side, Mapping):
        return {str(name): value for name, value in side.items()}
    return {} if side is None else {"value": side}


def _name(name: str) -> Words:
    return _NAMES.get(name) or name.replace("_", " ")


def _text(side: Mapping[str, Any], name: str) -> str | None:
    return _shown(side[name]) if name in side else None


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_name(str(name))}: {_shown(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part) for part in value)
    if value is None or isinstance(value, bool | str):
        value = str(_VALUES.get(value, value))
    text = str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
