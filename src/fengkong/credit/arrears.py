"""The loan book by day: balances and stages of arrears out of schedules and repayments, exactly.

An instalment that is unpaid on a day makes its loan overdue; the oldest unpaid one says how long.
Between two repayments of a loan nothing about it changes but the days past due, so the book is a
sum of intervals: each adds a balance on its first day and takes it off after its last. Ten million
intervals become three years of daily tables by one grouping and one running sum, in whole minor
units.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import polars as pl

LOAN: Final = "loan"
STAGES: Final = ("m1", "m2", "m3", "m4", "m5", "m6", "m6_plus")
STAGE_DAYS: Final = 30
UNTOLD: Final = "-"
"""The region, product or guarantor of a loan that no event told."""
WRITTEN_OFF: Final = "written_off_on"
RESTRUCTURED: Final = "restructured_on"
CUTS: Final = (30, 60, 90, 120, 150, 180)
"""Days past due at which M1 to M6 end."""


def unpaid_stretches(
    loans: pl.DataFrame, instalments: pl.DataFrame, *, until: date
) -> pl.DataFrame:
    """The stretches of days in which each loan's oldest unpaid instalment was one and the same.

    `loans`: loan, drawn_on (Date). `instalments`: loan, number (from 1), due_on, paid_on (Date,
    null while unpaid), principal (Int64, minor units). An instalment counts as paid when it and
    all before it are. Gives loan, number, due_on, from_day, to_day (inclusive), balance (principal
    not yet paid); days after `until` are unknown and left out.
    """
    far = until + timedelta(days=1)
    ordered = instalments.sort(LOAN, "number").with_columns(
        pl.when(pl.col("paid_on") <= until).then(pl.col("paid_on")).otherwise(far).alias("settled")
    )
    ordered = ordered.with_columns(pl.col("settled").cum_max().over(LOAN))
    ordered = ordered.join(loans.select(LOAN, "drawn_on"), on=LOAN, how="inner")
    ordered = ordered.with_columns(
        pl.max_horizontal(pl.col("settled").shift(1).over(LOAN), "drawn_on").alias("from_day"),
        pl.col("principal").cum_sum(reverse=True).over(LOAN).alias("balance"),
        (pl.col("settled") - pl.duration(days=1)).alias("to_day"),
    )
    return ordered.filter(
        (pl.col("from_day") <= pl.col("to_day")) & (pl.col("from_day") <= until)
    ).select(LOAN, "number", "due_on", "from_day", "to_day", "balance")


def on_the_book(stretches: pl.DataFrame, loans: pl.DataFrame) -> pl.DataFrame:
    """Stretches up to the day before a loan was written off (`written_off_on`, null if it was not).

    What is written off is no balance any more.
    """
    off = loans.select(LOAN, WRITTEN_OFF)
    end = pl.min_horizontal("to_day", pl.col(WRITTEN_OFF) - pl.duration(days=1))
    cut = stretches.join(off, on=LOAN, how="left").with_columns(end.alias("to_day"))
    return cut.filter(pl.col("from_day") <= pl.col("to_day")).drop(WRITTEN_OFF)


def stage_stretches(stretches: pl.DataFrame, *, cuts: Sequence[int] = CUTS) -> pl.DataFrame:
    """Each stretch cut by stage: 0 while nothing is overdue, 1 up to the first cut, and so on.

    `cuts` are the days past due at which a stage ends; beyond the last is the last stage. Columns
    as before, and `stage` (Int8).
    """
    due = pl.col("due_on")
    parts = []
    for stage in range(len(cuts) + 2):
        begin, end = pl.col("from_day"), pl.col("to_day")
        if stage == 0:
            end = pl.min_horizontal(end, due)
        else:
            first = 1 if stage == 1 else cuts[stage - 2] + 1
            begin = pl.max_horizontal(begin, due + pl.duration(days=first))
        if 0 < stage <= len(cuts):
            end = pl.min_horizontal(end, due + pl.duration(days=cuts[stage - 1]))
        part = stretches.with_columns(
            begin.cast(pl.Date).alias("from_day"),
            end.cast(pl.Date).alias("to_day"),
            pl.lit(stage, pl.Int8).alias("stage"),
        )
        parts.append(part.filter(pl.col("from_day") <= pl.col("to_day")))
    return pl.concat(parts)


def daily_sums(
    intervals: pl.DataFrame, *, amount: str, keys: list[str], since: date, until: date
) -> pl.DataFrame:
    """The sum of `amount` on each day and for each combination of `keys`.

    `intervals`: from_day, to_day (inclusive), the amount, the keys. Every combination that occurs
    has every day from `since` to `until`.
    """
    inside = intervals.filter((pl.col("from_day") <= until) & (pl.col("to_day") >= since))
    begins = inside.select(
        *keys, pl.max_horizontal("from_day", pl.lit(since)).alias("day"), pl.col(amount)
    )
    ends = inside.select(
        *keys, (pl.col("to_day") + pl.duration(days=1)).alias("day"), -pl.col(amount)
    )
    steps = pl.concat([begins, ends]).group_by(*keys, "day").agg(pl.col(amount).sum())
    days = pl.date_range(since, until, "1d", eager=True).alias("day").to_frame()
    every = steps.select(keys).unique().join(days, how="cross") if keys else days
    found = every.join(steps, on=[*keys, "day"], how="left").sort(*keys, "day")
    running = pl.col(amount).fill_null(0).cum_sum()
    return found.with_columns((running.over(keys) if keys else running).alias(amount))


def alive(instalments: pl.DataFrame, *, since: date) -> pl.DataFrame:
    """The instalments of loans that were not all paid before a day."""
    open_ones = (
        instalments.lazy()
        .filter(pl.col("paid_on").is_null() | (pl.col("paid_on") >= since))
        .select(LOAN)
        .unique()
    )
    return instalments.lazy().join(open_ones, on=LOAN, how="semi").collect()


def book_by_day(
    loans: pl.DataFrame,
    instalments: pl.DataFrame,
    *,
    segments: list[str],
    since: date,
    until: date,
) -> pl.DataFrame:
    """Columns day, the segments, outstanding, overdue_m1 ... overdue_m6_plus, loans, overdue_loans.

    `loans` also has the segments. Money is Int64 in minor units.
    """
    instalments = alive(instalments, since=since)
    stages = stage_stretches(unpaid_stretches(loans, instalments, until=until))
    stages = stages.join(loans.select(LOAN, *segments), on=LOAN).with_columns(
        pl.lit(1, pl.Int64).alias("one")
    )
    keys = [*segments, "stage"]
    money = daily_sums(stages, amount="balance", keys=keys, since=since, until=until)
    counts = daily_sums(stages, amount="one", keys=keys, since=since, until=until)
    both = money.join(counts, on=[*keys, "day"])
    stage = pl.col("stage")
    overdue = [
        pl.col("balance").filter(stage == at).sum().alias(f"overdue_{name}")
        for at, name in enumerate(STAGES, 1)
    ]
    return (
        both.group_by("day", *segments)
        .agg(
            pl.col("balance").sum().alias("outstanding"),
            *overdue,
            pl.col("one").sum().alias("loans"),
            pl.col("one").filter(stage > 0).sum().alias("overdue_loans"),
        )
        .sort("day", *segments)
    )
