"""A share of a platform's customers, whole: whoever is in the sample has all of their events."""

from __future__ import annotations

from typing import Final

from fengkong.core.hashing import hash_text
from fengkong.simulation.agenda import SimulatedEvent

_PARTS: Final = 1 << 20
_DIGITS: Final = 5
_OF_PROJECTS: Final = ("project.invested", "project.paid_out")


def in_sample(item: SimulatedEvent, *, one_in: int) -> bool:
    """Whether an event is of one in so many customers; what an attack caused always is.

    What is put into a project and paid out of it goes with the project's borrower, so that the
    money of a project is in the sample whole. An event that names no customer is drawn by its id.
    """
    if one_in == 1 or item.scenario is not None:
        return True
    if item.event.type in _OF_PROJECTS:
        drawn = int(str(item.event.values["project"])[-_DIGITS:], 16)
    else:
        whose = item.event.values.get("customer")
        drawn = _place(whose if isinstance(whose, str) else item.event.id)
    return drawn < _PARTS // one_in


def with_place(name: str, *, customer: str) -> str:
    """A project's name that says at its end where its borrower stands among all customers."""
    return f"{name}{_place(customer):0{_DIGITS}x}"


def _place(name: str) -> int:
    place: int = hash_text(name)[0] % _PARTS
    return place
