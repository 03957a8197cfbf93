"""Tables by day for any source, made with a seed."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from fengkong.indicators.columns import DAY
from fengkong.indicators.sources import Source
from fengkong.rules.kinds import Kind

START = date(2026, 1, 1)


def random_table(source: Source, *, days: int, seed: int, holes: bool = True) -> pl.DataFrame:
    """Two values for each segment, some days and some cells missing."""
    rng = np.random.default_rng([seed, len(source.id), days])
    rows = []
    for step in range(days):
        if holes and step and rng.random() < 0.04:
            continue
        for part in ("x", "y"):
            row: dict[str, object] = {DAY: START + timedelta(days=step)}
            row |= dict.fromkeys(source.segments, part)
            for name, column in source.columns.items():
                whole = int(rng.integers(1, 10_000))
                row[name] = whole if column.kind is Kind.MONEY else float(whole) / 100.0
                if holes and rng.random() < 0.01:
                    row[name] = None
            rows.append(row)
    schema = {DAY: pl.Date} | dict.fromkeys(source.segments, pl.String)
    schema |= {
        name: pl.Int64 if column.kind is Kind.MONEY else pl.Float64
        for name, column in source.columns.items()
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
