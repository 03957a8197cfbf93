"""What each investor holds by day, out of what was subscribed and redeemed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

DAY: Final = "day"
_DAY_BITS: Final = 22
"""Days since 1970 up to the year 9999 fit into so many bits."""
_EPOCH: Final = date(1970, 1, 1)
Whole = NDArray[np.int64]


def holdings_by_day(flows: pl.DataFrame, *, since: date, until: date) -> pl.DataFrame:
    """The source ``investors``: day, investor, held, redeemable_at_once (minor units).

    `flows`: investor, day, amount (minor units, redemptions negative), at_once (whether what moved
    can be redeemed on the same day). Flows begin some day; who redeems more than was subscribed
    since then must have held it before, so that much is taken as held from the start. It is the
    least that agrees with the flows: what was held before and never redeemed is not known.
    """
    named = flows.select("investor").unique().sort("investor").with_row_index("number")
    names = named["investor"]
    numbers = flows.select("investor").join(named, on="investor", maintain_order="left")["number"]
    ways = numbers.to_numpy().astype(np.int64) * 2 + flows["at_once"].to_numpy()
    days = flows[DAY].cast(pl.Int32).to_numpy().astype(np.int64)
    accounts = _accounts(ways, days, flows["amount"].to_numpy(), count=2 * names.len())
    span = [since + timedelta(days=at) for at in range((until - since).days + 1)]
    return pl.concat([_on(accounts, names, day) for day in span])


@dataclass(frozen=True, slots=True)
class _Accounts:
    """Orders in order of account (investor and way) and day, with the balance after each.

    `at` has account and day of each order in one number, `before` what each account held at first;
    accounts without an order hold nothing.
    """

    at: Whole
    balances: Whole
    before: Whole


def _accounts(ways: Whole, days: Whole, amounts: Whole, *, count: int) -> _Accounts:
    at = (ways << _DAY_BITS) | days
    order = np.argsort(at, kind="stable")
    at = at[order]
    running = np.cumsum(amounts[order])
    account = at >> _DAY_BITS
    begins = np.flatnonzero(np.r_[True, account[1:] != account[:-1]]) if at.size else at
    earlier = np.r_[0, running][begins]
    balances = running - np.repeat(earlier, np.diff(np.r_[begins, at.size]))
    closing = np.where(np.r_[at[1:] != at[:-1], True], balances, np.iinfo(np.int64).max)
    before = np.zeros(count, dtype=np.int64)
    if at.size:
        before[account[begins]] = np.maximum(0, -np.minimum.reduceat(closing, begins))
    return _Accounts(at, balances, before)


def _on(accounts: _Accounts, names: pl.Series, day: date) -> pl.DataFrame:
    """Who holds something at the end of a day."""
    every = np.arange(accounts.before.size, dtype=np.int64)
    key = (every << _DAY_BITS) | (day - _EPOCH).days
    newest = np.searchsorted(accounts.at, key, side="right") - 1
    is_own = newest >= 0
    is_own[is_own] = accounts.at[newest[is_own]] >> _DAY_BITS == every[is_own]
    held = accounts.before.copy()
    held[is_own] += accounts.balances[newest[is_own]]
    table = pl.DataFrame({"held": held[0::2] + held[1::2], "redeemable_at_once": held[1::2]})
    return table.select(pl.lit(day).alias(DAY), names.alias("investor"), pl.all()).filter(
        pl.col("held") > 0
    )
