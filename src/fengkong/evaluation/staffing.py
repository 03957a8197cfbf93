"""How many people a queue needs (A. K. Erlang's formula C, 1917).

It assumes that alerts come independently of each other at a steady rate within the hour, that
handling times are spread exponentially around their mean, that every alert waits for one person,
and that nobody gives up waiting.
"""

from __future__ import annotations

import math
from typing import Final

PEOPLE_MAX: Final = 2_000


def waiting_share(*, load: float, people: int) -> float:
    """The chance that an arriving alert must wait: load in Erlang (arrivals x handling time)."""
    assert load >= 0, "a load is not negative"
    assert people >= 1, "somebody is there"
    if load >= people:
        return 1.0
    blocked = 1.0  # Erlang's formula B, by its recurrence, which does not overflow
    for servers in range(1, people + 1):
        blocked = load * blocked / (servers + load * blocked)
    return blocked / (1.0 - (load / people) * (1.0 - blocked))


def served_within(*, load: float, people: int, seconds: float, handling_s: float) -> float:
    """The share of alerts that somebody takes up within some seconds of their arrival."""
    if load >= people:
        return 0.0
    waiting = waiting_share(load=load, people=people)
    return 1.0 - waiting * math.exp(-(people - load) * seconds / handling_s)


def people_needed(
    *, per_hour: float, handling_s: float, seconds: float, target: float
) -> int | None:
    """The fewest people with whom `target` of the alerts are taken up in time; 0 for none.

    None where more than PEOPLE_MAX would be needed.
    """
    assert 0 < target < 1, "a target is a share below one"
    load = per_hour * handling_s / 3600.0
    if load <= 0:
        return 0
    people = max(1, math.floor(load) + 1)
    while people <= PEOPLE_MAX:
        share = served_within(load=load, people=people, seconds=seconds, handling_s=handling_s)
        if share >= target:
            return people
        people += 1
    return None
