"""The source ``complaints``: what was filed, is open and is beyond its time, by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings

from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import (
    APPLICATIONS,
    COMPLAINTS,
    INVESTMENTS,
    LOANS,
)
from fengkong.credit.arrears import daily_sums
from fengkong.indicators.columns import DAY

DAYS: Final = 400
ANSWER_DAYS: Final = 15
"""Rules on consumer complaints of banks and insurers (2020): an answer within 15 days, where the
event names no other day."""


def complaints(today: date) -> pl.DataFrame | None:
    """Each day since the first complaint; None before there was any."""
    facts = journal_rows().facts(COMPLAINTS)
    if facts is None:
        return None
    filed = of_complaints(facts)
    first = filed["filed_on"].min()
    if not isinstance(first, date):
        return None
    since = max(first, today - timedelta(days=DAYS))
    open_until = (pl.col("closed_on") - timedelta(days=1)).fill_null(today)
    due = pl.col("due_on") + timedelta(days=1)
    spans = {
        "complaints": (pl.col("filed_on"), pl.col("filed_on")),
        "complaints_open": (pl.col("filed_on"), open_until),
        "complaints_overdue": (due, open_until),
    }
    counted = [_by_day(filed, name, span, since, today) for name, span in spans.items()]
    table = pl.concat([counted[0], *(one.drop(DAY) for one in counted[1:])], how="horizontal")
    return table.join_asof(_customers(), on=DAY, strategy="backward")


def _by_day(
    filed: pl.DataFrame, name: str, span: tuple[pl.Expr, pl.Expr], since: date, until: date
) -> pl.DataFrame:
    """How many complaints each day lies within the span of, as a column of that name."""
    begin, end = span
    intervals = filed.select(
        begin.alias("from_day"), end.alias("to_day"), pl.lit(1.0).alias(name)
    ).filter(pl.col("from_day") <= pl.col("to_day"))
    return daily_sums(intervals, amount=name, keys=[], since=since, until=until)


def of_complaints(facts: pl.DataFrame) -> pl.DataFrame:
    """Every complaint once: the day it was filed, the last day for an answer, the day it closed."""
    is_filed = pl.col("event_type") == "complaint.filed"
    zone = ZoneInfo(settings.TIME_ZONE)
    said = pl.from_epoch("answer_due_at", "us").dt.replace_time_zone("UTC")
    due = said.dt.convert_time_zone(zone.key).dt.date()
    day = pl.col(DAY)
    return (
        facts.drop_nulls("complaint")
        .with_columns(due.alias("due_on"))
        .group_by("complaint")
        .agg(
            day.filter(is_filed).min().alias("filed_on"),
            pl.col("due_on").filter(is_filed).max(),
            day.filter(~is_filed).min().alias("closed_on"),
        )
        .drop_nulls("filed_on")
        .with_columns(pl.col("due_on").fill_null(pl.col("filed_on") + timedelta(days=ANSWER_DAYS)))
    )


def _customers() -> pl.DataFrame:
    """How many customers had borrowed, applied or invested by the days on which one came new."""
    parts = [journal_rows().facts(kind) for kind in (LOANS, APPLICATIONS, INVESTMENTS)]
    known = [one.select("customer", DAY) for one in parts if one is not None]
    if not known:
        return pl.DataFrame(schema={DAY: pl.Date, "customers": pl.Float64})
    new = pl.concat(known).drop_nulls().group_by("customer").agg(pl.col(DAY).min())
    by_day = new.group_by(DAY).agg(pl.len().cast(pl.Float64).alias("customers")).sort(DAY)
    return by_day.with_columns(pl.col("customers").cum_sum())
