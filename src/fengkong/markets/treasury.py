"""The treasury's table by day: positions as given, forecasts and stress out of the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from fengkong.markets.redemptions import Forecaster, forecast
from fengkong.markets.runs import SCENARIOS, Position, run_through

FLOWS_LEAST: Final = 28
"""Days of redemptions before a forecast is made."""
_WEEK: Final = 7
_NEEDED: Final = ("cash", "liquid_assets", "credit_lines", "customer_balances")


def treasury_by_day(
    positions: pl.DataFrame,
    flows: pl.DataFrame,
    *,
    forecaster: Forecaster | None = None,
    since: date | None = None,
) -> pl.DataFrame:
    """The source ``treasury``: `positions` and what follows from them and from redemptions.

    `positions`: day, cash, liquid_assets, credit_lines, customer_balances (Int64, minor units; a
    day that lacks one of them has no stress), and any other columns, which stay. `flows`: day,
    redeemed (Int64, above 0), each day once and none left out. What is added to a day uses flows up
    to that day alone: forecast_7d and its upper end (the sum of the days' upper ends, so rather too
    high), what had been forecast for the day itself, the outflows of 30 days in each scenario, and
    how long a run is survived.
    """
    every = flows.sort("day")
    days, redeemed = every["day"].to_list(), every["redeemed"].to_list()
    place = {day: at for at, day in enumerate(days)}
    rows = []
    for row in positions.sort("day").iter_rows(named=True):
        day = row["day"]
        if since is not None and day < since:
            continue
        at = place.get(day)
        ahead = _ahead(days, redeemed, until=at, forecaster=forecaster)
        rows.append({**row, **_stressed(row), **ahead})
    return pl.DataFrame(rows, infer_schema_length=None)


def _ahead(
    days: Sequence[date],
    redeemed: Sequence[int],
    *,
    until: int | None,
    forecaster: Forecaster | None,
) -> dict[str, int | None]:
    """What was redeemed on a day, had been forecast for it, and is forecast for the week after."""
    found: dict[str, int | None] = dict.fromkeys(
        ("forecast_7d", "forecast_7d_upper", "redeemed", "forecast_redeemed")
    )
    if until is None:
        return found
    found["redeemed"] = redeemed[until]
    if until < FLOWS_LEAST:
        return found
    before = forecast(days[:until], redeemed[:until], ahead=1, forecaster=forecaster)
    found["forecast_redeemed"] = round(before[0].expected)
    week = forecast(days[: until + 1], redeemed[: until + 1], ahead=_WEEK, forecaster=forecaster)
    found["forecast_7d"] = round(sum(one.expected for one in week))
    uppers = [one.upper for one in week if one.upper is not None]
    if len(uppers) == len(week):
        found["forecast_7d_upper"] = round(sum(uppers))
    return found


def _stressed(row: dict[str, int]) -> dict[str, int | float]:
    """The outflows of the scenarios, and the days that a run is survived."""
    if any(row.get(name) is None for name in _NEEDED):
        return {}
    position = Position(
        cash=row["cash"],
        liquid_assets=row["liquid_assets"],
        credit_lines=row["credit_lines"],
        customer_balances=row["customer_balances"],
    )
    found: dict[str, int | float] = {}
    for scenario in SCENARIOS:
        outcome = run_through(position, scenario)
        found[f"stress_{scenario.id}"] = outcome.withdrawn
        if scenario.id == "run":
            found["survival_days_run"] = float(outcome.survival_days)
    return found
