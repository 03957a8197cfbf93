"""The twelve window features by pandas: sorted by entity and time, then `groupby.rolling`.

Pandas computes on one thread however many there are. Delayed windows are differences of windows
that end now, as in the handbook.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.handbook import DAYS, DELAY_DAYS, NAMES, width
from benchmarks.workers.conversation import arguments, serve

Cells = NDArray[np.float64]


def _rolled(
    payments: pd.DataFrame, *, key: str, value: str, spans: tuple[int, ...]
) -> tuple[NDArray[np.int64], dict[int, Cells], dict[int, Cells]]:
    """The order by entity, and counts and sums in that order by days."""
    ordered = payments[["seq", key, "moment", value]].sort_values([key, "moment"])
    groups = ordered.set_index("moment").groupby(key, sort=True)[value]
    counts, sums = {}, {}
    for days in spans:
        rolling = groups.rolling(pd.Timedelta(width(days), unit="us"))
        counts[days] = rolling.count().to_numpy()
        sums[days] = rolling.sum().to_numpy()
    return ordered["seq"].to_numpy(), counts, sums


def run(payments: pd.DataFrame) -> Cells:
    """The values in event order."""
    values = np.empty((len(payments), len(NAMES)))
    order, counts, sums = _rolled(payments, key="customer", value="amount", spans=DAYS)
    for column, days in enumerate(DAYS):
        values[order, column] = counts[days]
        values[order, column + len(DAYS)] = sums[days] / counts[days]
    spans = (DELAY_DAYS, *(DELAY_DAYS + days for days in DAYS))
    order, counts, sums = _rolled(payments, key="terminal", value="is_fraud", spans=spans)
    for column, days in enumerate(DAYS, 2 * len(DAYS)):
        count = counts[DELAY_DAYS + days] - counts[DELAY_DAYS]
        total = sums[DELAY_DAYS + days] - sums[DELAY_DAYS]
        values[order, column] = count
        values[order, column + len(DAYS)] = total / np.maximum(count, 1)
    return values


def main() -> None:
    """Take part."""
    payments = pd.read_parquet(arguments()["path"])
    payments["moment"] = payments["moment"].to_numpy().astype("datetime64[us]")
    serve(package="pandas", work=lambda: run(payments))


if __name__ == "__main__":
    main()
