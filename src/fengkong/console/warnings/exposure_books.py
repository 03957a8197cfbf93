"""Books of whom the platform depends on: borrowers, contagion, vintages, investors, by day.

All are made of the journal's loans, applications and fund orders. Who they are about is hashed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import polars as pl

from fengkong.console.warnings.journal_rows import journal_rows
from fengkong.console.warnings.kept_events import APPLICATIONS, INVESTMENTS
from fengkong.console.warnings.schedules import schedules
from fengkong.credit.arrears import alive, stage_stretches, unpaid_stretches
from fengkong.credit.borrowers import APPLIED, balances, borrowers_by_day, contagion_by_day
from fengkong.credit.migration import vintages
from fengkong.indicators.columns import DAY
from fengkong.markets.holdings import holdings_by_day

EXPOSED_DAYS: Final = 8
"""So many days of borrowers and investors are kept: this week, and the day a week before."""
AGES: Final = [3, 6, 12]
"""Months after drawing at which a vintage is looked at."""
VINTAGE_WEEKS: Final = 26
"""Vintages are looked at each day of this week, and once a week so far back."""
AT_ONCE: Final = "money_market"
"""The kind of fund that pays out on the same day."""
_HELD: Final = ("deny", "delay", "review")


def borrowers(today: date) -> pl.DataFrame | None:
    """What each borrower owes here and elsewhere, on each of the last days."""
    standing = _standing(today)
    return None if standing is None else borrowers_by_day(standing, applications())


def contagion(today: date) -> pl.DataFrame | None:
    """How distress would spread over guarantees, on each of the last days."""
    standing = _standing(today)
    return None if standing is None else contagion_by_day(standing, applications())


def vintages_by_day(today: date) -> pl.DataFrame | None:
    """What each month's loans had become at each age, day by day of a week and week by week."""
    loans, instalments = schedules()
    if loans is None or instalments is None:
        return None
    first = loans["drawn_on"].min()
    assert isinstance(first, date), "loans have days"
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


def investors(today: date) -> pl.DataFrame | None:
    """What each investor holds, on each of the last days; orders that were held did not move."""
    facts = journal_rows().facts(INVESTMENTS)
    if facts is None:
        return None
    moved = facts.filter(~pl.col("outcome").is_in(_HELD).fill_null(value=False))
    sign = pl.when(pl.col("event_type") == "fund.subscribed").then(1).otherwise(-1)
    flows = moved.drop_nulls(["amount", "customer"]).select(
        pl.col("customer").alias("investor"),
        DAY,
        pl.col("amount") * sign,
        (pl.col("fund_kind") == AT_ONCE).fill_null(value=False).alias("at_once"),
    )
    since = today - timedelta(days=EXPOSED_DAYS - 1)
    return holdings_by_day(flows, since=since, until=today)


def applications() -> pl.DataFrame:
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


def _standing(today: date) -> pl.DataFrame | None:
    loans, instalments = schedules()
    if loans is None or instalments is None:
        return None
    first = loans["drawn_on"].min()
    assert isinstance(first, date), "loans have days"
    since = max(first, today - timedelta(days=EXPOSED_DAYS - 1))
    return balances(loans, instalments, since=since, until=today)
