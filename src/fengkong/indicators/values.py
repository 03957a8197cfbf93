"""Values of an indicator by day, for the firm or by segment, as they could be known on a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.indicators.assessment import Value
from fengkong.indicators.columns import DAY, UNTOLD, column_of
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.measures import SPREADS, Measure
from fengkong.indicators.series import FUNCTIONS
from fengkong.indicators.sources import RECORDED_ON, Calendar, Combine, Source
from fengkong.rules.kinds import Kind

Floats = NDArray[np.float64]
SEGMENT: Final = "segment"
VALUE: Final = "value"
IMPACT: Final = "impact"
_AT: Final = "at"


def known_on(source: Source, table: pl.DataFrame, *, as_of: date | None) -> pl.DataFrame:
    """The rows of a table as they were known at the end of a day.

    Later days are gone; where rows say on which day they were recorded, the newest version that
    was recorded by then stands for each day and combination of segments.
    """
    if as_of is not None:
        table = table.filter(pl.col(DAY) <= as_of)
    if RECORDED_ON not in table.columns:
        return table
    if as_of is not None:
        table = table.filter(pl.col(RECORDED_ON) <= as_of)
    keys = [DAY, *source.segments]
    return table.sort(RECORDED_ON, maintain_order=True).unique(
        keys, keep="last", maintain_order=True
    )


def calendar_of(source: Source, table: pl.DataFrame, *, until: date | None = None) -> pl.Series:
    """The days of a table by its source's calendar, in order, up to `until` at least."""
    days = table[DAY].unique().sort()
    if days.is_empty():
        return days
    if source.calendar is Calendar.AS_DELIVERED:
        return days
    first, last = days[0], days[-1]
    end = last if until is None else max(last, until)
    return pl.date_range(first, end, "1d", eager=True).alias(DAY)


def values_of(
    indicator: Indicator,
    table: pl.DataFrame,
    *,
    by: str | None = None,
    as_of: date | None = None,
    since: date | None = None,
) -> pl.DataFrame:
    """Columns ``day, value, impact`` (and ``segment`` with `by`), in order of day.

    `value` is Float64, null where it cannot be computed; `impact` is money at stake in minor
    units: 0 where there is more than is needed, null without an impact formula. With `as_of` the
    answer is what would have been computed at the end of that day; every value depends on rows of
    its day and before alone. With `since` only values from that day on are given, and only the
    rows that they need are looked at.
    """
    source = indicator.source
    known = known_on(source, table, as_of=as_of)
    if since is not None and indicator.lookback is not None:
        known = _recent(source, known, since=since, lookback=indicator.lookback)
    days = calendar_of(source, known, until=as_of)
    if by is None:
        found = _evaluate(indicator, known, days)
    else:
        parts = [
            _evaluate(indicator, part, days).with_columns(pl.lit(str(name[0])).alias(SEGMENT))
            for name, part in known.partition_by(by, as_dict=True, maintain_order=True).items()
        ]
        schema = {DAY: pl.Date, VALUE: pl.Float64, IMPACT: pl.Float64, SEGMENT: pl.String}
        found = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
        found = found.sort(DAY, SEGMENT)
    return found if since is None else found.filter(pl.col(DAY) >= since)


def series_of(
    indicator: Indicator,
    table: pl.DataFrame,
    *,
    as_of: date | None = None,
    since: date | None = None,
) -> list[Value]:
    """The values for the firm, as `assess` takes them."""
    found = values_of(indicator, table, as_of=as_of, since=since)
    return [Value(day, value) for day, value in found.select(DAY, VALUE).iter_rows()]


def _recent(source: Source, table: pl.DataFrame, *, since: date, lookback: int) -> pl.DataFrame:
    """The rows that values from a day on can depend on."""
    if source.calendar is Calendar.DAILY:
        return table.filter(pl.col(DAY) > since - timedelta(days=lookback))
    days = table[DAY].unique().sort()
    before = days.filter(days < since)
    if before.len() < lookback:
        return table
    return table.filter(pl.col(DAY) >= before[-lookback])


def _evaluate(indicator: Indicator, table: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """The formula over the days of the calendar."""
    source = indicator.source
    needed = set(indicator.formula.names)
    if indicator.impact is not None:
        needed |= indicator.impact.names
    measures = {measure.name: measure for measure in indicator.measures}
    frame = pl.DataFrame({DAY: days})
    plain = sorted(name for name in needed if name not in measures)
    if plain:
        combined = table.group_by(DAY).agg(
            [_combined(pl.col(name), source.columns[name].combine).alias(name) for name in plain]
        )
        frame = frame.join(combined, on=DAY, how="left", maintain_order="left")
    frame = frame.with_columns(
        [
            pl.Series(name, _measured(measures[name], source, table, days))
            for name in sorted(needed & set(measures))
        ]
    )
    impact = (
        pl.lit(None, pl.Float64) if indicator.impact is None else column_of(indicator.impact.node)
    )
    return frame.select(
        DAY,
        column_of(indicator.formula.node).cast(pl.Float64).alias(VALUE),
        impact.cast(pl.Float64).clip(0.0).alias(IMPACT),
    )


def _combined(column: pl.Expr, combine: Combine) -> pl.Expr:
    match combine:
        case Combine.SUM:
            return pl.when(column.is_not_null().any()).then(column.sum())
        case Combine.MAX:
            return column.max()
        case Combine.MIN:
            return column.min()
        case _:
            return column.mean()


def _measured(measure: Measure, source: Source, table: pl.DataFrame, days: pl.Series) -> pl.Series:
    """A measure on each day of the calendar; missing where no row can answer its condition."""
    column = pl.col(measure.column)
    if measure.where is not None:
        kept = column_of(measure.where.node)
        neutral = pl.lit(0) if source.columns[measure.column].combine is Combine.SUM else None
        column = pl.when(kept).then(column).when(~kept).then(neutral)
    table = table.with_columns(column.alias(measure.column))
    if measure.by is not None:
        found = _spread(measure, table, days)
    else:
        combine = source.columns[measure.column].combine
        daily = table.group_by(DAY).agg(_combined(pl.col(measure.column), combine))
        aligned = pl.DataFrame({DAY: days}).join(daily, on=DAY, how="left", maintain_order="left")
        values = aligned[measure.column].cast(pl.Float64).fill_null(np.nan).to_numpy()
        found = FUNCTIONS[measure.function].apply(values, measure.last, measure.number)
    shifted = pl.Series(np.asarray(found, dtype=np.float64)).fill_nan(None)
    return shifted.shift(measure.delayed)


def _spread(measure: Measure, table: pl.DataFrame, days: pl.Series) -> Floats:
    """How the windows' sums are spread over the values of a segment, but for what is in none."""
    assert measure.by is not None, "a spread is over a segment"
    index = pl.DataFrame({DAY: days, _AT: np.arange(days.len(), dtype=np.int64)})
    sums = (
        table.filter(pl.col(measure.by) != UNTOLD)
        .group_by(DAY, measure.by)
        .agg(pl.col(measure.column).sum())
        .join(index, on=DAY, how="inner")
    )
    window = measure.last or 1
    if window > 1:
        sums = (
            sums.with_columns(pl.int_ranges(pl.col(_AT), pl.col(_AT) + window).alias(_AT))
            .explode(_AT)
            .filter(pl.col(_AT) < days.len())
            .group_by(_AT, measure.by)
            .agg(pl.col(measure.column).sum())
        )
    spread = SPREADS[measure.function].of(pl.col(measure.column).cast(pl.Float64), measure.number)
    found = sums.group_by(_AT).agg(spread.alias(VALUE))
    out = np.full(days.len(), np.nan)
    out[found[_AT].to_numpy()] = found[VALUE].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return out


def money_of(source: Source, table: pl.DataFrame) -> pl.DataFrame:
    """A table with its money turned from major units (as people write it) into minor units."""
    scale = source.scope().scale
    money = [name for name, column in source.columns.items() if column.kind is Kind.MONEY]
    present = [name for name in money if name in table.columns]
    return table.with_columns(
        (pl.col(name).cast(pl.Float64) * scale).round().cast(pl.Int64) for name in present
    )
