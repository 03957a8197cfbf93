"""The six kinds of value an expression can have."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a value is; in the machine every kind is one float64 cell and NaN is missing."""

    MONEY = "money"
    """Minor units of the policy's currency; written in major units."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    """Category, free text and entity identifiers; the cell is a hash of the characters."""
    INSTANT = "instant"
    """Microseconds since 1970-01-01T00:00:00Z."""
    PROBABILITY = "probability"
    """What a model says, from 0 to 1; a number to arithmetic and functions."""


QUANTITIES = frozenset({Kind.MONEY, Kind.NUMBER})
ORDERED = frozenset({Kind.MONEY, Kind.NUMBER, Kind.INSTANT, Kind.PROBABILITY})
ANY_KIND = frozenset(Kind)
