"""Where balances go: roll rates, the matrix of migration, vintages, first payments."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.credit.arrears import LOAN, STAGES

Floats = NDArray[np.float64]
STATES: Final = ("current", *STAGES)
_SIZE: Final = len(STATES)


def stages_on(stages: pl.DataFrame, *, day: date) -> pl.DataFrame:
    """loan, stage, balance of every loan with a balance on a day, from stretches by stage."""
    return stages.filter((pl.col("from_day") <= day) & (pl.col("to_day") >= day)).select(
        LOAN, "stage", "balance"
    )


def migration(stages: pl.DataFrame, *, before: date, after: date) -> Floats:
    """float64[8, 9]: of the balance in each stage on one day, the shares by stage on a later one.

    The last column is what was repaid since; rows without a balance are NaN. A row's shares sum to
    1.
    """
    first = stages_on(stages, day=before)
    second = stages_on(stages, day=after).rename({"stage": "to", "balance": "left"})
    both = first.join(second, on=LOAN, how="left").with_columns(
        pl.col("left").fill_null(0), pl.col("to").fill_null(0)
    )
    both = both.with_columns(pl.min_horizontal("left", "balance").alias("left"))
    moved = np.zeros((_SIZE, _SIZE + 1))
    sums = both.group_by("stage", "to").agg(pl.col("left").sum(), pl.col("balance").sum())
    for stage, to, left, balance in sums.iter_rows():
        moved[stage, to] += left
        moved[stage, _SIZE] += balance - left
    totals = moved.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(moved, totals, out=np.full_like(moved, np.nan), where=totals > 0)
    return shares


def roll_rates(matrix: Floats) -> list[float | None]:
    """The share of each stage's balance that went on to the next: current to M1, M1 to M2, ..."""
    rates = [float(matrix[stage, stage + 1]) for stage in range(_SIZE - 1)]
    return [None if np.isnan(rate) else rate for rate in rates]


def vintages(
    loans: pl.DataFrame, stages: pl.DataFrame, *, ages: list[int], as_of: date, worse_than: int = 1
) -> pl.DataFrame:
    """By month of drawing: what was drawn, and what had ever been beyond a stage at each age in
    months.

    `loans`: loan, drawn_on, principal. Columns cohort (first of the month), then drawn_at_N and
    bad_at_N (Int64, minor units) for each age; only loans that had reached the age on `as_of`
    count.
    """
    bad = (
        stages.filter(pl.col("stage") > worse_than)
        .group_by(LOAN)
        .agg(pl.col("from_day").min().alias("bad_on"))
    )
    book = loans.join(bad, on=LOAN, how="left").with_columns(
        pl.col("drawn_on").dt.truncate("1mo").alias("cohort")
    )
    parts: list[pl.Expr] = []
    for age in ages:
        reached = pl.col("drawn_on").dt.offset_by(f"{age}mo")
        old = reached <= as_of
        was_bad = old & (pl.col("bad_on") <= reached)
        principal = pl.col("principal")
        parts += [
            principal.filter(old).sum().alias(f"drawn_at_{age}"),
            principal.filter(was_bad).sum().alias(f"bad_at_{age}"),
        ]
    return book.group_by("cohort").agg(parts).sort("cohort")


def first_payment_defaults(
    instalments: pl.DataFrame, *, since: date, until: date, grace_days: int = 0
) -> pl.DataFrame:
    """day, first_due_loans, first_missed_loans: first instalments by the day they fell due.

    One is missed when it was not paid within `grace_days` after it was due; days whose grace has
    not run out by `until` are left out.
    """
    due = pl.col("due_on")
    limit = due + pl.duration(days=grace_days)
    firsts = instalments.filter((pl.col("number") == 1) & (due >= since) & (limit < pl.lit(until)))
    missed = pl.col("paid_on").is_null() | (pl.col("paid_on") > limit)
    return (
        firsts.group_by(due.alias("day"))
        .agg(
            pl.len().cast(pl.Int64).alias("first_due_loans"),
            missed.sum().cast(pl.Int64).alias("first_missed_loans"),
        )
        .sort("day")
    )
