"""The twelve window features by DuckDB: window functions over ranges, from a native table.

The values come back as columns with their sequence numbers and are put in event order by numpy,
which is faster than ORDER BY.
"""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.handbook import DAY, DAYS, DELAY_DAYS, HALF_SECOND, NAMES, width
from benchmarks.workers.conversation import arguments, serve

Cells = NDArray[np.float64]


def query() -> str:
    """One SELECT in which DuckDB sorts once for each entity."""
    values = [
        *(f"count(*) OVER customer_{days}" for days in DAYS),
        *(f"avg(amount) OVER customer_{days}" for days in DAYS),
        *(f"count(*) OVER terminal_{days}" for days in DAYS),
        *(f"coalesce(avg(is_fraud) OVER terminal_{days}, 0)" for days in DAYS),
    ]
    until = DELAY_DAYS * DAY - HALF_SECOND
    windows = [
        *(
            f"customer_{days} AS (PARTITION BY customer ORDER BY moment"
            f" RANGE BETWEEN {width(days)} PRECEDING AND CURRENT ROW)"
            for days in DAYS
        ),
        *(
            f"terminal_{days} AS (PARTITION BY terminal ORDER BY moment"
            f" RANGE BETWEEN {width(days + DELAY_DAYS)} PRECEDING AND {until} PRECEDING)"
            for days in DAYS
        ),
    ]
    named = [f"{value} AS {name}" for value, name in zip(values, NAMES, strict=True)]
    return f"SELECT seq, {', '.join(named)} FROM payments WINDOW {', '.join(windows)}"  # noqa: S608


def run(connection: duckdb.DuckDBPyConnection, text: str) -> Cells:
    """The values in event order."""
    columns = connection.execute(text).fetchnumpy()
    order = columns["seq"]
    values = np.empty((len(order), len(NAMES)))
    for number, name in enumerate(NAMES):
        values[order, number] = columns[name]
    return values


def main() -> None:
    """Take part."""
    facts = arguments()
    connection = duckdb.connect(config={"threads": facts["threads"]})
    connection.execute("CREATE TABLE payments AS FROM read_parquet(?)", [facts["path"]])
    text = query()
    serve(package="duckdb", work=lambda: run(connection, text))


if __name__ == "__main__":
    main()
