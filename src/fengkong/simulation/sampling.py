"""A share of a platform's customers, whole: whoever is in the sample has all of their events."""

from __future__ import annotations

from typing import Final

from fengkong.core.hashing import hash_text
from fengkong.simulation.agenda import SimulatedEvent

_PARTS: Final = 1 << 20


def in_sample(item: SimulatedEvent, *, one_in: int) -> bool:
    """Whether an event is of one in so many customers; what an attack caused always is.

    An event that names no customer is drawn by its own id.
    """
    if one_in == 1 or item.scenario is not None:
        return True
    whose = item.event.values.get("customer")
    drawn = hash_text(whose if isinstance(whose, str) else item.event.id)[0]
    return drawn % _PARTS < _PARTS // one_in
