"""The days of the simulated platform: Shanghai time, week, seasons and the rhythm of the hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fengkong.core.instants import DAY_US, HOUR_US, SECOND_US
from fengkong.simulation.world_data import world_document

SHANGHAI_OFFSET: Final = 8 * HOUR_US
"""Shanghai has had no summer time since 1991."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Day:
    """One day in Shanghai: its number in the simulation, its first instant, what is special."""

    index: int
    start: int
    date: date
    spending: float
    gifts: float
    travel: float

    @property
    def is_weekend(self) -> bool:
        """Saturday or Sunday."""
        return self.date.weekday() >= 5


@dataclass(frozen=True, slots=True)
class _Season:
    first: str
    last: str
    dates: frozenset[date]
    spending: float
    gifts: float
    travel: float

    def holds(self, day: date) -> bool:
        month_day = f"{day.month:02d}-{day.day:02d}"
        return day in self.dates or self.first <= month_day <= self.last


def day_of(*, start: int, index: int) -> Day:
    """The day with this number when day 0 begins at `start`; negative days lie before."""
    instant = start + index * DAY_US
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        seconds=(instant + SHANGHAI_OFFSET) // SECOND_US
    )
    today = moment.date()
    seasons = [season for season in _seasons() if season.holds(today)]
    return Day(
        index=index,
        start=instant,
        date=today,
        spending=max((season.spending for season in seasons), default=1.0),
        gifts=max((season.gifts for season in seasons), default=1.0),
        travel=max((season.travel for season in seasons), default=1.0),
    )


def starts_at_midnight(instant: int) -> bool:
    """Whether an instant is a midnight in Shanghai."""
    return (instant + SHANGHAI_OFFSET) % DAY_US == 0


@cache
def rhythm(name: str) -> Floats:
    """Cumulative share of a day's activity at the 25 full hours from midnight to midnight."""
    weights = np.asarray(world_document("calendar")["rhythms"][name], dtype=np.float64)
    assert weights.shape == (24,), "a rhythm has 24 hours"
    return np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])


def times_of_day(*, uniform: Floats, name: str, shift_hours: Floats | float = 0.0) -> Ints:
    """Microseconds since midnight after a rhythm, shifted for early birds and night owls."""
    hours = np.interp(uniform, rhythm(name), np.arange(25.0)) + shift_hours
    microseconds: Ints = ((hours % 24.0) * HOUR_US).astype(np.int64)
    return np.minimum(microseconds, DAY_US - 1)


@cache
def _seasons() -> tuple[_Season, ...]:
    return tuple(_season(entry) for entry in world_document("calendar")["seasons"])


def _season(entry: Mapping[str, Any]) -> _Season:
    around = range(-int(entry.get("days_before", 0)), int(entry.get("days_after", 0)) + 1)
    peaks = [date.fromisoformat(text) for text in entry.get("dates", [])]
    return _Season(
        first=entry.get("from", "99-99"),
        last=entry.get("to", "00-00"),
        dates=frozenset(peak + timedelta(days=days) for peak in peaks for days in around),
        spending=float(entry["spending"]),
        gifts=float(entry["gifts"]),
        travel=float(entry["travel"]),
    )
