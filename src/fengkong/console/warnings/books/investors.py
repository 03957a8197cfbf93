"""The source ``investors``: what each investor holds, out of the journal's fund orders.

Who they are is hashed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import polars as pl

from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import INVESTMENTS, that_moved
from fengkong.indicators.columns import DAY
from fengkong.markets.holdings import holdings_by_day

HELD_DAYS: Final = 8
"""So many days are kept: this week, and the day a week before."""
AT_ONCE: Final = "money_market"
"""The kind of fund that pays out on the same day."""


def investors(today: date) -> pl.DataFrame | None:
    """What each investor holds, on each of the last days; None without any order."""
    facts = journal_rows().facts(INVESTMENTS)
    if facts is None:
        return None
    sign = pl.when(pl.col("event_type") == "fund.subscribed").then(1).otherwise(-1)
    flows = (
        that_moved(facts)
        .drop_nulls(["amount", "customer"])
        .select(
            pl.col("customer").alias("investor"),
            DAY,
            pl.col("amount") * sign,
            (pl.col("fund_kind") == AT_ONCE).fill_null(value=False).alias("at_once"),
        )
    )
    since = today - timedelta(days=HELD_DAYS - 1)
    return holdings_by_day(flows, since=since, until=today)
