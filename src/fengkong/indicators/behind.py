"""Which rows an indicator counted: from its value back to the events, exactly.

What a formula reads of its source are *ingredients*: a column, over a window, perhaps under a
condition. The rows behind an ingredient are those that its column's aggregate took.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from fengkong.indicators.columns import DAY, column_of
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.measures import Measure
from fengkong.indicators.sources import Calendar, Source
from fengkong.indicators.values import known_on
from fengkong.rules.expressions import Expression

UNKNOWN = "-"
"""The part of a segment of rows that do not say theirs."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One thing that a formula reads: a column from `since` to `until`, days of the source."""

    name: str
    column: str
    since: date
    until: date
    where: Expression | None = None


def ingredients(indicator: Indicator, *, day: date) -> list[Ingredient]:
    """What the formula reads for a day's value, in the order in which it stands there.

    A measure without a window of its own reads its day alone here.
    """
    measures = {measure.name: measure for measure in indicator.measures}
    found = []
    for name in _in_order(indicator.formula):
        if name in measures:
            found.append(_of_measure(measures[name], day=day))
        elif name in indicator.source.columns:
            found.append(Ingredient(name, name, day, day))
    return found


def rows_behind(
    source: Source,
    rows: pl.DataFrame,
    ingredient: Ingredient,
    *,
    segment: str = "",
    part: str = "",
) -> pl.DataFrame:
    """The rows (one an event, with their day) that an ingredient's column took, oldest first.

    With a segment only those of one part of it. A condition of the measure is over columns of the
    table by day: it is applied where it names segments alone, as then it holds for rows too.
    """
    found = rows.filter(pl.col(DAY).is_between(ingredient.since, ingredient.until))
    found = found.with_columns(pl.col(name).fill_null(UNKNOWN) for name in source.segments)
    if segment:
        found = found.filter(pl.col(segment) == part)
    if ingredient.where is not None and set(ingredient.where.names) <= set(source.segments):
        found = found.filter(column_of(ingredient.where.node).fill_null(value=False))
    aggregate = source.columns[ingredient.column].aggregate
    if aggregate is None:
        return found
    if aggregate.where is not None:
        found = found.filter(column_of(aggregate.where.node).fill_null(value=False))
    if aggregate.argument is not None:
        names = list(aggregate.argument.names)
        found = found.drop_nulls(names)
    return found


def lines_behind(
    source: Source,
    table: pl.DataFrame,
    ingredient: Ingredient,
    *,
    day: date,
    segment: str = "",
    part: str = "",
) -> pl.DataFrame:
    """The lines of a table by day that an ingredient took, the largest first.

    Columns are ``day``, the segments that tell lines apart, and the ingredient's column; lines are
    as they were known at the end of `day`. Windows of a source that is as it was delivered are of
    its own days.
    """
    known = known_on(source, table, as_of=day)
    since = ingredient.since
    if source.calendar is Calendar.AS_DELIVERED:
        days = known[DAY].unique().sort()
        before = days.filter(days <= ingredient.until)
        window = (ingredient.until - ingredient.since).days + 1
        since = before[-min(window, before.len())] if before.len() else since
    found = known.filter(pl.col(DAY).is_between(since, ingredient.until))
    if segment:
        found = found.filter(pl.col(segment) == part)
    if ingredient.where is not None:
        found = found.filter(column_of(ingredient.where.node).fill_null(value=False))
    name = ingredient.column
    segments = [one for one in source.segments if found[one].n_unique() > 1 or one == segment]
    found = found.select(DAY, *segments, name).drop_nulls(name)
    return found.sort(
        pl.col(name).abs(), DAY, *segments, descending=[True, True, *(False for _ in segments)]
    )


def _of_measure(measure: Measure, *, day: date) -> Ingredient:
    until = day - timedelta(days=measure.delayed)
    window = measure.last or 1
    return Ingredient(
        measure.name, measure.column, until - timedelta(days=window - 1), until, measure.where
    )


def _in_order(formula: Expression) -> list[str]:
    """The names of a formula as they come in its text, each once."""
    text = formula.render()
    places = {name: _place(text, name) for name in formula.names}
    return sorted(places, key=lambda name: places[name])


def _place(text: str, name: str) -> int:
    """Where a name stands first as a word of its own."""
    at = text.find(name)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(name) : at + len(name) + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            return at
        at = text.find(name, at + 1)
    return len(text)
