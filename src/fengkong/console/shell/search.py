"""Jumping: what is typed into the top bar finds screens, and what the apps know how to find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fengkong.console.shell.menu import menu_of

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator

TEXT_MAX: Final = 200
FOUND_MAX: Final = 20
FEW: Final = 5
"""As many as one finder gives of a kind."""
LEAST: Final = 2
"""Shorter texts are no names that finders look for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that was found: where it is, and what it is."""

    title: Words
    kind: Words
    address: str
    icon: str = "file-text"


Finder = Callable[["Operator", str], Iterable[Found]]
_FINDERS: Final[list[tuple[int, Finder]]] = []


def add_finder(finder: Finder, *, order: int = 50) -> None:
    """Let the top bar find an app's things; a finder gives only what the operator may see.

    Those of a smaller `order` are asked first, and slow ones last.
    """
    _FINDERS.append((order, finder))
    _FINDERS.sort(key=lambda one: one[0])


def found_for(operator: Operator, text: str) -> list[Found]:
    """Screens whose title holds the text, then what the apps' finders give."""
    sought = text.strip()[:TEXT_MAX]
    if not sought:
        return []
    folded = sought.casefold()
    found = [
        Found(entry.title, group.title, entry.address, entry.icon)
        for group in menu_of(operator)
        for entry in group.entries
        if folded in str(entry.title).casefold()
    ]
    for _order, finder in _FINDERS:
        found.extend(finder(operator, sought))
        if len(found) >= FOUND_MAX:
            break
    return found[:FOUND_MAX]
