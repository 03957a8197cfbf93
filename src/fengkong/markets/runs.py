"""Liquidity under stress: outflows by scenario, gaps of maturity, how long the money lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.core.bilingual import Bilingual


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run: what share of balances leaves a day, how that grows and fades, what can be sold.

    On day d (from 1) the share ``daily_share * growth^(d-1)``, at most `daily_max`, of what is
    still there leaves; after `peak_day` it fades by `fade` a day. Assets are sold at a haircut, at
    most `sale_share` of them a day.
    """

    id: str
    title: Bilingual
    daily_share: float
    growth: float
    daily_max: float
    peak_day: int
    fade: float
    haircut: float
    sale_share: float
    lines_usable: float
    """The share of committed credit lines that can still be drawn."""


SCENARIOS: Final = (
    Scenario(
        "mild",
        Bilingual(zh="轻度压力", en="mild stress"),
        0.01,
        1.05,
        0.03,
        10,
        0.8,
        0.02,
        0.5,
        1.0,
    ),
    Scenario(
        "severe",
        Bilingual(zh="严重压力", en="severe stress"),
        0.02,
        1.15,
        0.08,
        10,
        0.85,
        0.08,
        0.25,
        0.5,
    ),
    Scenario("run", Bilingual(zh="挤兑", en="a run"), 0.05, 1.4, 0.2, 7, 0.9, 0.2, 0.1, 0.0),
)
"""House defaults; the run is as steep as that on a money fund in a week in which trust is lost."""


@dataclass(frozen=True, slots=True)
class Position:
    """What a firm has and owes, in minor units."""

    cash: int
    liquid_assets: int
    credit_lines: int
    customer_balances: int


@dataclass(frozen=True, slots=True)
class RunDay:
    """One day of a run, in minor units; `shortfall` is what could not be paid."""

    day: int
    withdrawn: int
    sold_for: int
    cash: int
    shortfall: int


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a position fares in a scenario."""

    scenario: str
    days: tuple[RunDay, ...]
    survival_days: int
    """Whole days on which everybody was paid, at most the horizon."""
    withdrawn: int
    shortfall: int


def run_through(position: Position, scenario: Scenario, *, horizon: int = 30) -> RunOutcome:
    """The scenario day by day; money is whole minor units, shares are rounded down."""
    cash = position.cash + int(position.credit_lines * scenario.lines_usable)
    assets, balances = position.liquid_assets, position.customer_balances
    share, days = scenario.daily_share, []
    survival, withdrawn, short = horizon, 0, 0
    for day in range(1, horizon + 1):
        leaving = int(balances * min(share, scenario.daily_max))
        need = max(leaving - cash, 0)
        sellable = min(int(position.liquid_assets * scenario.sale_share), assets)
        sold = min(sellable, int(need / (1.0 - scenario.haircut)) + 1) if need else 0
        proceeds = int(sold * (1.0 - scenario.haircut))
        assets, cash = assets - sold, cash + proceeds
        paid = min(cash, leaving)
        cash, balances = cash - paid, balances - leaving
        withdrawn, short = withdrawn + leaving, short + leaving - paid
        if leaving > paid and survival == horizon:
            survival = day - 1
        days.append(RunDay(day, leaving, proceeds, cash, leaving - paid))
        share *= scenario.growth if day < scenario.peak_day else scenario.fade
    return RunOutcome(scenario.id, tuple(days), survival, withdrawn, short)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What falls due up to a day from now, both sides, and the difference so far."""

    until_day: int
    assets: int
    liabilities: int
    gap: int
    cumulative_gap: int


def maturity_ladder(
    assets: Mapping[int, int], liabilities: Mapping[int, int], *, buckets: Sequence[int]
) -> list[Bucket]:
    """Amounts by days to maturity, put into buckets that end at the days given (in order).

    What matures after the last bucket is left out; days are at least 0.
    """
    assert list(buckets) == sorted(set(buckets)), "buckets are in order"
    found, begin, total = [], -1, 0
    for end in buckets:
        inside = sum(amount for day, amount in assets.items() if begin < day <= end)
        owed = sum(amount for day, amount in liabilities.items() if begin < day <= end)
        total += inside - owed
        found.append(Bucket(end, inside, owed, inside - owed, total))
        begin = end
    return found
