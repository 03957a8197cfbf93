"""Windows in time: what is learned from, a delay in which the truth becomes known, what is judged.

    history ... | train | delay | test |

A later window never helps an earlier one, and the rows of the delay are used for nothing but
what they made known. Customers known to be victims are a matter of the test: nobody needs a model
to find them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.instants import format_instant, parse_duration, parse_instant
from fengkong.evaluation.training_plan import ALL, TrainingPlan
from fengkong.evaluation.training_table import TrainingTable
from fengkong.rules.zones import zone

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Instants in microseconds UTC, each end exclusive.

    Rows are learned from between `history` and `until`; the window itself begins at `since`. The
    test is from `until` + `delay` to `end`; what was not known at its beginning was not known.
    """

    history: int
    since: int
    until: int
    delay: int
    end: int

    @classmethod
    def of(cls, *, since: int, length: int, delay: int, test: int, history: int) -> Self:
        """The window that begins at an instant; `history` is the first row learned from."""
        until = since + length
        return cls(history=history, since=since, until=until, delay=delay, end=until + delay + test)

    @property
    def begin(self) -> int:
        """The first instant of the test."""
        return self.until + self.delay

    def earlier(self, step: int) -> Window:
        """The same window so much earlier; the beginning of the history stays."""
        return Window(
            history=self.history,
            since=self.since - step,
            until=self.until - step,
            delay=self.delay,
            end=self.end - step,
        )

    def told(self) -> dict[str, str]:
        """The instants as text."""
        return {
            "history": format_instant(self.history),
            "train_from": format_instant(self.since),
            "train_until": format_instant(self.until),
            "test_from": format_instant(self.begin),
            "test_until": format_instant(self.end),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A window as it was asked for, before the beginning of the history is known.

    `back` is how far before `since` rows are learned from: None for all there are; `warm_up` of
    the history's beginning is left out then.
    """

    since: int
    length: int
    delay: int
    test: int
    back: int | None
    warm_up: int

    def window(self, *, first: int) -> Window:
        """The window in a history whose first event is at an instant (us)."""
        oldest = first + self.warm_up
        history = oldest if self.back is None else max(oldest, self.since - self.back)
        return Window.of(
            since=self.since,
            length=self.length,
            delay=self.delay,
            test=self.test,
            history=min(history, self.since),
        )


def schedule(plan: TrainingPlan, *, start: str, length: int, test: int, time_zone: str) -> Schedule:
    """The schedule of a plan from a day (``2018-07-25``, midnight in the time zone) or instant."""
    back = {ALL: None, "window": 0}.get(plan.history, -1)
    return Schedule(
        since=day_start(start, time_zone=time_zone),
        length=length,
        delay=plan.delay,
        test=test,
        back=parse_duration(plan.history) if back == -1 else back,
        warm_up=0 if plan.warm_up == "0d" else parse_duration(plan.warm_up),
    )


def day_start(text: str, *, time_zone: str) -> int:
    """The instant at which a day begins in a time zone, or an instant as it is (us)."""
    if len(text) != len("2018-07-25"):
        return parse_instant(text)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(time_zone))
    return round(midnight.timestamp()) * 1_000_000


def validation_windows(last: Window, *, count: int, step: int) -> Iterator[Window]:
    """Earlier windows whose tests are over, and their truth known, when the last one's begins.

    The newest first; those that would begin before the history are left out.
    """
    lag = last.end - last.until
    first = -(-lag // step) * step
    for number in range(count):
        window = last.earlier(first + number * step)
        if window.since < window.history:
            return
        yield window


def training_rows(table: TrainingTable, window: Window, *, labels_needed: bool) -> Mask:
    """The rows that are learned from: of the window and its history, with a truth known in time."""
    inside = (table.occurred_at >= window.history) & (table.occurred_at < window.until)
    return inside & table.usable(window.begin) if labels_needed else inside


def judged_rows(table: TrainingTable, window: Window, *, known_excluded: bool) -> Mask:
    """The rows that are judged; without entities that were known as victims when the day began.

    Known are those with a fraud in the window (its delay is over), and those whose fraud after it
    became known before the day. This is the handbook's protocol.
    """
    inside = (table.occurred_at >= window.begin) & (table.occurred_at < window.end)
    inside &= table.labelled
    if not known_excluded:
        return inside
    known_from = _known_from(table, window)
    starts = _day_starts(table)
    return inside & (starts < known_from)


def _known_from(table: TrainingTable, window: Window) -> NDArray[np.int64]:
    """From when the entity of each row is known as a victim, int64[n]; after all time if never."""
    never = np.iinfo(np.int64).max
    told = np.full(len(table), never, dtype=np.int64)
    frauds = table.fraud & (table.occurred_at >= window.since) & (table.entities != 0)
    in_window = frauds & (table.occurred_at < window.until)
    told[in_window] = np.iinfo(np.int64).min
    after = frauds & (table.occurred_at >= window.until)
    told[after] = table.known_at[after] + 1  # known strictly before the day begins
    names, codes = np.unique(table.entities, return_inverse=True)
    first = np.full(len(names), never, dtype=np.int64)
    np.minimum.at(first, codes, told)
    return first[codes]


def _day_starts(table: TrainingTable) -> NDArray[np.int64]:
    """The instant at which the local day of each row began, int64[n]."""
    stamps = pl.Series(table.occurred_at).cast(pl.Datetime("us", "UTC"))
    local = stamps.dt.convert_time_zone(table.policy.scope.time_zone).dt.truncate("1d")
    return local.dt.convert_time_zone("UTC").to_physical().to_numpy().astype(np.int64)
