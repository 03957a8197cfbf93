"""Books of lending, all out of the same schedules: the loan book, borrowers, contagion, vintages.

They are made of the journal's loans and applications. Who they are about is hashed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import polars as pl

from fengkong.console.warnings.books.made_tables import with_older
from fengkong.console.warnings.books.schedules import schedules
from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import APPLICATIONS
from fengkong.credit.arrears import alive, stage_stretches, unpaid_stretches
from fengkong.credit.borrowers import APPLIED, balances, borrowers_by_day, contagion_by_day
from fengkong.credit.loan_book import BookRates, loan_book
from fengkong.credit.migration import vintages
from fengkong.credit.provisions import LossRates
from fengkong.indicators.columns import DAY

RATES: Final = BookRates(LossRates(0.03, 0.25, 0.6))
"""House default: 3 percent of current and a quarter of M1 to M3 balances default in a year, and
60 percent of what defaults is lost."""
SEGMENTS: Final = ["product", "region", "industry"]
BOOK_DAYS: Final = 400
EXPOSED_DAYS: Final = 8
"""So many days of borrowers are kept: this week, and the day a week before."""
AGES: Final = [3, 6, 12]
"""Months after drawing at which a vintage is looked at."""
VINTAGE_WEEKS: Final = 26
"""Vintages are looked at each day of this week, and once a week so far back."""


def lending(today: date) -> dict[str, pl.DataFrame]:
    """The books by name; none of them where the journal says nothing of loans."""
    loans, instalments = schedules()
    if loans is None or instalments is None:
        return {}
    first = loans["drawn_on"].min()
    assert isinstance(first, date), "loans have days"
    week = max(first, today - timedelta(days=EXPOSED_DAYS - 1))
    standing, applied = balances(loans, instalments, since=week, until=today), _applications()
    made = {
        "loan_book": loan_book(
            loans,
            instalments,
            segments=SEGMENTS,
            since=max(first, today - timedelta(days=BOOK_DAYS)),
            until=today,
            rates=RATES,
        ),
        "borrowers": borrowers_by_day(standing, applied),
        "vintages": _vintages(loans, instalments, first=first, today=today),
    }
    if not standing.is_empty():
        spread = contagion_by_day(standing, applied)
        made["contagion"] = with_older("contagion", spread, since=week)
    return made


def _vintages(
    loans: pl.DataFrame, instalments: pl.DataFrame, *, first: date, today: date
) -> pl.DataFrame:
    """What each month's loans had become at each age, day by day of a week and week by week."""
    stages = stage_stretches(
        unpaid_stretches(loans, alive(instalments, since=first), until=today), cuts=(30,)
    )
    days = {today - timedelta(days=back) for back in range(EXPOSED_DAYS)}
    monday = today - timedelta(days=today.weekday())
    days |= {monday - timedelta(weeks=back) for back in range(VINTAGE_WEEKS)}
    parts = [
        vintages(loans, stages, ages=AGES, as_of=day).select(
            pl.lit(day).alias(DAY), pl.col("cohort").dt.strftime("%Y-%m"), pl.exclude("cohort")
        )
        for day in sorted(days)
        if day >= first
    ]
    return pl.concat(parts)


def _applications() -> pl.DataFrame:
    """What borrowers said when they applied, as `credit.borrowers` takes it."""
    facts = journal_rows().facts(APPLICATIONS)
    if facts is None:
        return pl.DataFrame(schema=APPLIED)
    return facts.sort(DAY, "sequence").select(
        pl.col("customer").alias("borrower"),
        DAY,
        "lenders_elsewhere",
        pl.col("existing_debt").alias("owed_elsewhere"),
        pl.coalesce("verified_income", "stated_income").alias("monthly_income"),
    )
