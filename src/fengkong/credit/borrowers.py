"""What each borrower owes by day, who guarantees it, and what that spreads when somebody fails."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import polars as pl

from fengkong.credit.arrears import LOAN, STAGE_DAYS, UNTOLD, alive, on_the_book, unpaid_stretches
from fengkong.credit.contagion import contagion_row

DAY: Final = "day"
DEFAULT_DAYS: Final = 3 * STAGE_DAYS
"""Past due for longer than that, a loan is in default (IFRS 9 B5.5.37, Basel)."""
YEAR_MONTHS: Final = 12
APPLIED: Final = {
    "borrower": pl.String,
    DAY: pl.Date,
    "lenders_elsewhere": pl.Float64,
    "owed_elsewhere": pl.Int64,
    "monthly_income": pl.Int64,
}
"""What an application said of a borrower: columns of `applications`; nulls where it did not say."""
_KEYS: Final = ["borrower", "guarantor", "region", "industry"]


def balances(
    loans: pl.DataFrame, instalments: pl.DataFrame, *, since: date, until: date
) -> pl.DataFrame:
    """day, loan, balance, days_past_due, borrower, guarantor, region, industry by day and loan.

    `loans` comes from `loan_events.loans_of` and `instalments` from `instalments_of`; loans that
    are repaid on a day are not there. Money in minor units.
    """
    stretches = on_the_book(
        unpaid_stretches(loans, alive(instalments, since=since), until=until), loans
    )
    parts = [_on(stretches, day) for day in _days(since, until)]
    of_loans = loans.select(LOAN, *_KEYS)
    return pl.concat(parts).join(of_loans, on=LOAN).sort(DAY, LOAN)


def borrowers_by_day(standing: pl.DataFrame, applications: pl.DataFrame) -> pl.DataFrame:
    """The source ``borrowers``: day, borrower, guarantor, region, industry, exposure, platforms,
    owed_elsewhere.

    `standing` comes from `balances`, `applications` has the columns of `APPLIED`; the newest until
    a day counts. `platforms` counts this one too. What no application says is unknown (null), so
    is whether a borrower is connected.
    """
    found = standing.group_by(DAY, *_KEYS).agg(pl.col("balance").sum().alias("exposure"))
    told = _as_told(found, applications)
    first = pl.int_range(pl.len()).over(DAY, "borrower") == 0
    return told.sort(DAY, *_KEYS).select(
        DAY,
        *_KEYS,
        "exposure",
        (pl.col("lenders_elsewhere") + 1.0).alias("platforms"),
        pl.when(first).then("owed_elsewhere").otherwise(0).alias("owed_elsewhere"),
        pl.lit(None, pl.Float64).alias("is_connected"),
    )


def contagion_by_day(standing: pl.DataFrame, applications: pl.DataFrame) -> pl.DataFrame:
    """The source ``contagion`` by day: distress that spreads over the guarantees of the book.

    What a guarantor can bear is a year's income as an application said it; who never said one is
    lost by any loss. Days without a guarantee have no distress to spread.
    """
    rows = [
        {DAY: day, **_contagion(of_day, applications.filter(pl.col(DAY) <= day))}
        for (day,), of_day in standing.group_by(DAY, maintain_order=True)
    ]
    return pl.DataFrame(rows)


def _contagion(of_day: pl.DataFrame, applications: pl.DataFrame) -> dict[str, float]:
    guaranteed = (
        of_day.filter(pl.col("guarantor") != UNTOLD)
        .group_by("guarantor", "borrower")
        .agg(pl.col("balance").sum())
        .sort("guarantor", "borrower")
    )
    incomes = applications.drop_nulls("monthly_income").sort(DAY).group_by("borrower").last()
    owed = of_day.group_by("borrower").agg(pl.col("balance").sum())
    late = of_day.filter(pl.col("days_past_due") > DEFAULT_DAYS)["borrower"]
    return contagion_row(
        list(guaranteed.iter_rows()),
        buffers={
            name: income * YEAR_MONTHS
            for name, income in incomes.select("borrower", "monthly_income").iter_rows()
        },
        values=dict(owed.iter_rows()),
        defaulted=frozenset(late.to_list()),
    )


def _on(stretches: pl.DataFrame, day: date) -> pl.DataFrame:
    inside = stretches.filter((pl.col("from_day") <= day) & (pl.col("to_day") >= day))
    late = (pl.lit(day) - pl.col("due_on")).dt.total_days().clip(0)
    return inside.select(
        pl.lit(day).alias(DAY), LOAN, "balance", late.cast(pl.Int64).alias("days_past_due")
    )


def _as_told(found: pl.DataFrame, applications: pl.DataFrame) -> pl.DataFrame:
    """With what the newest application of a borrower until each day said."""
    told = applications.sort(DAY).with_columns(
        pl.col("lenders_elsewhere", "owed_elsewhere").forward_fill().over("borrower")
    )
    return found.sort(DAY).join_asof(told, on=DAY, by="borrower", check_sortedness=False)


def _days(since: date, until: date) -> Iterable[date]:
    return (since + timedelta(days=at) for at in range((until - since).days + 1))
