"""What each investor holds by day, out of what was subscribed and redeemed."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

DAY: Final = "day"
_KEYS: Final = ["investor", "at_once"]


def holdings_by_day(flows: pl.DataFrame, *, since: date, until: date) -> pl.DataFrame:
    """The source ``investors``: day, investor, held, redeemable_at_once (minor units).

    `flows`: investor, day, amount (minor units, redemptions negative), at_once (whether what moved
    can be redeemed on the same day). Flows begin some day; who redeems more than was subscribed
    since then must have held it before, so that much is taken as held from the start. It is the
    least that agrees with the flows: what was held before and never redeemed is not known.
    """
    moved = (
        flows.group_by(*_KEYS, DAY)
        .agg(pl.col("amount").sum())
        .sort(*_KEYS, DAY)
        .with_columns(pl.col("amount").cum_sum().over(_KEYS).alias("balance"))
        .with_columns((-pl.col("balance").min().over(_KEYS)).clip(0).alias("before"))
    )
    before = moved.group_by(_KEYS).agg(pl.col("before").first())
    days = pl.date_range(since, until, "1d", eager=True).alias(DAY).to_frame()
    every = before.join(days, how="cross").sort(DAY)
    held = every.join_asof(
        moved.sort(DAY).select(*_KEYS, DAY, "balance"), on=DAY, by=_KEYS, check_sortedness=False
    ).with_columns((pl.col("balance").fill_null(0) + pl.col("before")).alias("held"))
    at_once = pl.when("at_once").then("held").otherwise(0)
    return (
        held.group_by(DAY, "investor")
        .agg(pl.col("held").sum(), at_once.sum().alias("redeemable_at_once"))
        .filter(pl.col("held") > 0)
        .sort(DAY, "investor")
    )
