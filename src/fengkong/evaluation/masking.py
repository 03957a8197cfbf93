"""Which values of an explanation are hidden from a reader who need not know them.

An explanation is read by more people than the data it is about. By default the texts of class C2
(names, numbers of documents, phones, cards, accounts, addresses) are masked, and places are coarse;
amounts and other numbers stay, since they are what was judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fengkong.decisions.policy import Policy
from fengkong.events.catalogue import TEXT_LIKE, Field, Kind
from fengkong.features.declarations import Aggregate

_HIDDEN: Final = "***"
_SHORT: Final = 6
_CONTENT: Final = frozenset({Aggregate.FIRST, Aggregate.LAST, Aggregate.MIN, Aggregate.MAX})
"""Aggregates whose value is the content of a field of some event."""
_SENSITIVE: Final = frozenset({"C2", "C3"})
_MASKED_KINDS: Final = TEXT_LIKE | {Kind.PLACE}


class Masking(StrEnum):
    """How much is hidden."""

    SENSITIVE = "sensitive"
    """Texts and places of class C2; the default."""
    PERSONAL = "personal"
    """Everything personal, numbers and amounts included."""
    NOTHING = "nothing"
    """Nothing: for those who may see it all."""


def masked_names(policy: Policy, *, masking: Masking) -> frozenset[str]:
    """Fields whose values are hidden, and the features and expressions that repeat them."""
    if masking is Masking.NOTHING:
        return frozenset()
    fields = policy.catalogue.fields
    hidden = {name for name, field in fields.items() if _is_hidden(field, masking)}
    for window in policy.windows:
        if window.aggregate in _CONTENT and window.argument in hidden:
            hidden.add(window.name)
    computed = {
        **policy.derived,
        **{f"{table.id}.{n}": e for table in policy.tables for n, e in table.outputs.items()},
    }
    for name, expression in computed.items():
        if expression.kind == "text" and expression.names & hidden:
            hidden.add(name)
    return frozenset(hidden)


def _is_hidden(field: Field, masking: Masking) -> bool:
    if masking is Masking.PERSONAL:
        return field.personal is not None
    return field.personal in _SENSITIVE and field.kind in _MASKED_KINDS


def masked_text(text: str) -> str:
    """The first character and the last two of a long text; nothing of a short one.

    How long it was does not show.
    """
    return _HIDDEN if len(text) <= _SHORT else f"{text[0]}{_HIDDEN}{text[-2:]}"


def masked_value(value: object, *, field: Field | None = None) -> object:
    """What is shown in place of a hidden value; None stays None."""
    if value is None:
        return None
    if isinstance(value, tuple | Mapping) or not isinstance(value, str):
        return _HIDDEN
    if field is not None and field.kind is Kind.CATEGORY:
        return _HIDDEN
    return masked_text(value)
