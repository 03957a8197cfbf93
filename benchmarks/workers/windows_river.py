"""The twelve window features by river: a TimeRolling mean for each window of each entity.

River computes on one thread, event by event, and takes hours for what others do in seconds: it
gets the first part of the payments only, and the time of an event is compared. Delayed windows
are differences of windows that end now.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from river import stats, utils

from benchmarks.handbook import DAYS, DELAY_DAYS, NAMES, width
from benchmarks.workers.conversation import arguments, serve

Cells = NDArray[np.float64]
Payment = tuple[int, int, int, int, dt.datetime]
"""Customer, terminal, amount, fraud or not, moment."""
Mean = Any
"""A TimeRolling of a Mean; it passes calls on to the mean, which its type does not say."""
_SPANS = (DELAY_DAYS, *(DELAY_DAYS + days for days in DAYS))
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - river compares naive times


def _windows(spans: Sequence[int]) -> list[Mean]:
    return [
        utils.TimeRolling(stats.Mean, period=dt.timedelta(microseconds=width(days)))
        for days in spans
    ]


def payments_of(frame: pl.DataFrame) -> list[Payment]:
    """Rows as river takes them."""
    columns = frame.select("customer", "terminal", "amount", "is_fraud", "moment")
    return [
        (*values, _EPOCH + dt.timedelta(microseconds=moment))
        for *values, moment in columns.iter_rows()
    ]


def run(payments: Sequence[Payment]) -> list[list[float]]:
    """A row of values for each payment."""
    customers: dict[int, list[Mean]] = defaultdict(lambda: _windows(DAYS))
    terminals: dict[int, list[Mean]] = defaultdict(lambda: _windows(_SPANS))
    rows = []
    for customer, terminal, amount, is_fraud, at in payments:
        windows = customers[customer]
        for window in windows:
            window.update(amount, t=at)
        row = [window.n for window in windows] + [window.get() for window in windows]
        windows = terminals[terminal]
        for window in windows:
            window.update(is_fraud, t=at)
        delayed = windows[0]
        counts = [window.n - delayed.n for window in windows[1:]]
        late = delayed.n * delayed.get()
        sums = [window.n * window.get() - late for window in windows[1:]]
        rates = [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]
        rows.append(row + counts + rates)
    return rows


def to_cells(rows: Sequence[Sequence[float]]) -> Cells:
    """The values as one matrix."""
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(NAMES))


def main() -> None:
    """Take part."""
    facts = arguments()
    frame = pl.read_parquet(facts["path"], n_rows=facts["events"])
    payments = payments_of(frame)
    serve(package="river", work=lambda: run(payments), results=to_cells)


if __name__ == "__main__":
    main()
