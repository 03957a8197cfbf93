"""The source ``complaints``: what was filed, is open and is beyond its time, by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings

from fengkong.console.warnings.journal_rows import journal_rows
from fengkong.console.warnings.kept_events import APPLICATIONS, COMPLAINTS, INVESTMENTS, LOANS
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
    days = pl.DataFrame({DAY: pl.date_range(since, today, "1d", eager=True)})
    until = pl.col("closed_on").fill_null(date.max) > pl.col(DAY)
    known = days.join(filed, how="cross").filter(pl.col("filed_on") <= pl.col(DAY))
    counted = known.group_by(DAY).agg(
        (pl.col("filed_on") == pl.col(DAY)).sum().cast(pl.Float64).alias("complaints"),
        until.sum().cast(pl.Float64).alias("complaints_open"),
        (until & (pl.col("due_on") < pl.col(DAY))).sum().cast(pl.Float64).alias(_OVERDUE),
    )
    every = days.join(counted, on=DAY, how="left").sort(DAY)
    return every.join_asof(_customers(), on=DAY, strategy="backward")


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


_OVERDUE: Final = "complaints_overdue"
