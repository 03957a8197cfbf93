"""The known name a misspelt one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LOOKED_AT = 60


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar known name, None when nothing is similar."""
    matches = get_close_matches(name[:_LOOKED_AT], list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'amount'?"`` or nothing."""
    match = nearest(name, known)
    return f"; did you mean {match!r}?" if match else ""
