"""What is going to happen, day by day: events wait here until their day is played."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from fengkong.core.instants import DAY_US
from fengkong.events.event import Event


class SimulatedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event and its truth: the scenario that caused it (or none) and whether it is fraud.

    A label keeps the scenario of the event it is about; the label itself is never fraud.
    """

    event: Event
    scenario: str | None
    is_fraud: bool


class Agenda:
    """Events by day; what lies outside the horizon is forgotten at once."""

    def __init__(self, *, start: int, days: int) -> None:
        self._start = start
        self._end = start + days * DAY_US
        self._days: defaultdict[int, list[SimulatedEvent]] = defaultdict(list)

    def is_past(self, instant: int) -> bool:
        """Whether an instant lies before the horizon."""
        return instant < self._start

    def add(self, item: SimulatedEvent) -> None:
        """Let an event happen, unless it lies outside the horizon."""
        instant = item.event.occurred_at
        if self._start <= instant < self._end:
            self._days[(instant - self._start) // DAY_US].append(item)

    def take(self, day: int) -> list[SimulatedEvent]:
        """The events of a day in order of time, ties in the order of their ids."""
        items = self._days.pop(day, [])
        items.sort(key=_order)
        return items


def _order(item: SimulatedEvent) -> tuple[int, str]:
    return item.event.occurred_at, item.event.id
