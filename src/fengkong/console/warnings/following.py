"""What became of warnings in apps above this one, such as incidents: they say so themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fengkong.console.warnings.models import RaisedWarning


@dataclass(frozen=True, slots=True)
class Followed:
    """Something that a warning became, and its page."""

    title: str
    address: str


Finder = Callable[[RaisedWarning], Iterable[Followed]]
_FINDERS: Final[list[Finder]] = []


def register_followed(finder: Finder) -> None:
    """Let an app say what became of a warning; once, when Django starts."""
    _FINDERS.append(finder)


def followed_by(warning: RaisedWarning) -> list[Followed]:
    """All that a warning became."""
    return [one for finder in _FINDERS for one in finder(warning)]
