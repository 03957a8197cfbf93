"""Worked examples of indicators, run: rows by day go in, the value of the last day comes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import polars as pl

from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import InvalidIndicatorError
from fengkong.indicators.indicator import Indicator, Unit
from fengkong.indicators.sources import RECORDED_ON, Source
from fengkong.indicators.values import VALUE, values_of
from fengkong.rules.kinds import Kind
from fengkong.rules.parameters import in_minor_units

FIRST_DAY: Final = date(2026, 1, 1)
TOLERANCE: Final = 1e-6
DAYS_MAX: Final = 2000


def failed_examples(indicator: Indicator) -> list[str]:
    """One sentence for every example whose value is not the expected one."""
    failed = []
    for number, example in enumerate(indicator.tests, 1):
        table = table_of(indicator.source, example.given)
        found = values_of(indicator, table)[VALUE]
        seen = found[-1] if found.len() else None
        expected = example.expect
        if expected is not None and indicator.unit is Unit.MONEY:
            expected = in_minor_units(expected, scale=indicator.source.scope().scale)
        if not _same(seen, expected):
            name = example.name or f"example {number}"
            failed.append(f"{indicator.id}, {name}: expected {expected}, was {seen}")
    return failed


def _same(seen: float | None, expected: float | None) -> bool:
    if seen is None or expected is None:
        return seen is expected
    return math.isclose(seen, expected, rel_tol=TOLERANCE, abs_tol=1e-9)


def table_of(source: Source, given: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """A source's table by day out of rows as examples write them.

    Money is in major units. A row without ``day`` is of the day after the row before, the first of
    2026-01-01; ``days: 30`` repeats it on so many days, and a list of values is gone through again
    and again. Columns that are not given are missing, segments are ``all``.
    """
    rows: list[dict[str, object]] = []
    day = FIRST_DAY - timedelta(days=1)
    for entry in given:
        count = entry.get("days", 1)
        if not isinstance(count, int) or not 1 <= count <= DAYS_MAX:
            raise InvalidIndicatorError(f"days: expected 1 to {DAYS_MAX}, was {count!r}")
        for step in range(count):
            written = entry.get(DAY)
            day = day + timedelta(days=1)
            if written is not None and step == 0:
                day = date.fromisoformat(str(written))
            rows.append({DAY: day, **_row(source, entry, step=step)})
    schema: dict[str, pl.DataType | type[pl.DataType]] = {DAY: pl.Date}
    schema |= dict.fromkeys(source.segments, pl.String)
    schema |= {
        name: pl.Int64 if column.kind is Kind.MONEY else pl.Float64
        for name, column in source.columns.items()
    }
    if any(RECORDED_ON in row for row in rows):
        schema[RECORDED_ON] = pl.Date
    return pl.DataFrame(rows, schema=schema, orient="row")


def _row(source: Source, entry: Mapping[str, object], *, step: int) -> dict[str, object]:
    known = {DAY, "days", RECORDED_ON, *source.columns, *source.segments}
    unknown = sorted(set(entry) - known)
    if unknown:
        raise InvalidIndicatorError(f"{source.id} has no column {unknown[0]}")
    row: dict[str, object] = dict.fromkeys(source.segments, "all")
    for name in source.columns:
        row[name] = None
    for name, value in entry.items():
        if name in (DAY, "days"):
            continue
        one = value[step % len(value)] if isinstance(value, list) else value
        column = source.columns.get(name)
        if name == RECORDED_ON:
            one = date.fromisoformat(str(one))
        elif column is None:
            one = str(one)
        elif one is not None:
            if not isinstance(one, int | float):
                raise InvalidIndicatorError(f"{name}: expected a number, was {one!r:.40}")
            scale = source.scope().scale
            one = int(in_minor_units(one, scale=scale)) if column.kind is Kind.MONEY else float(one)
        row[name] = one
    return row
