"""What a verification can find wrong, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.audit.models import Verification


class Kind(StrEnum):
    """The kinds of what can be wrong."""

    ALTERED = "altered"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    UNCHAINED = "unchained"
    REWRITTEN = "rewritten"
    TILE = "tile"
    SIGNATURE = "signature"
    SECOND_PLACE = "second_place"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong: its kind, the entry, and what was seen."""

    kind: Kind
    entry: int | None
    facts: dict[str, Any] = field(default_factory=dict)


_TEXTS: Final[dict[Kind, Words]] = {
    Kind.ALTERED: _("Entry %(entry)s was altered."),
    Kind.MISSING: _("Entry %(entry)s is missing."),
    Kind.INSERTED: _("Entry %(entry)s was inserted: it was never recorded there."),
    Kind.REORDERED: _("Entries %(entry)s and %(other)s changed places."),
    Kind.UNCHAINED: _("Entry %(entry)s does not follow the one before: one of them was altered."),
    Kind.REWRITTEN: _("Entries %(entry)s to %(upto)s are not those that were signed."),
    Kind.TILE: _("A stored hash over entry %(entry)s was altered; the entries are as signed."),
    Kind.SIGNATURE: _("The checkpoint of %(entry)s entries was not signed by this ledger's key."),
    Kind.SECOND_PLACE: _(
        "The checkpoint in %(place)s is of another ledger: the database or its key was replaced."
    ),
}
_PARTS: Final[dict[str, Words]] = {
    "leaf": _("What was recorded is not what its hash says."),
    "previous": _("It names another entry before it than there is."),
    "action": _("The action shown is not the one recorded."),
    "actor": _("The person shown is not the one recorded."),
    "target": _("The object shown is not the one recorded."),
    "target_kind": _("The kind of object shown is not the one recorded."),
    "recorded_at": _("The time shown is not the one recorded."),
    "detail": _("The detail is not the one recorded."),
}


def finding_words(verification: Verification) -> list[Words]:
    """The finding of a verification as sentences; empty where there is none."""
    if not verification.finding:
        return []
    facts = {
        name: f"{value:,}" if isinstance(value, int) else value
        for name, value in verification.facts.items()
    }
    if verification.entry is not None:
        facts["entry"] = f"{verification.entry:,}"
    said: list[Words] = [
        str(_TEXTS[Kind(verification.finding)]) % {"other": "?", "upto": "?", **facts}
    ]
    part = verification.facts.get("part")
    if part in _PARTS:
        said.append(_PARTS[part])
    promised = facts.get("promised")
    if promised:
        said.append(
            _("A signed checkpoint promises %(promised)s entries.") % {"promised": promised}
        )
    return said


def warning_words(verification: Verification) -> list[Words]:
    """What a verification noticed beside the entries."""
    said: list[Words] = []
    if verification.state == "running":
        return said
    if not verification.signed_size:
        said.append(_("Nothing was signed yet: only the chain vouches for these entries."))
    elif verification.signed_size < verification.upto:
        behind = f"{verification.upto - verification.signed_size:,}"
        said.append(_("The last %(count)s entries are not signed yet.") % {"count": behind})
    said += [
        _("The second place %(place)s could not be read.") % {"place": place}
        for place in verification.facts.get("unreachable", ())
    ]
    if not verification.facts.get("guarded", True):
        said.append(_("The database's own guard against altering entries is missing."))
    return said
