"""Redemption forecasts, runs and ladders of maturity."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.indicators.library_file import shipped_library
from fengkong.markets.redemptions import (
    Forecaster,
    forecast,
    seasonal_naive,
    weekday_classes,
    weekday_means,
)
from fengkong.markets.runs import SCENARIOS, Position, maturity_ladder, run_through
from fengkong.markets.treasury import treasury_by_day

START = date(2026, 1, 5)
WEEK = np.array([120.0, 110, 105, 100, 95, 40, 45])
DAYS = [START + timedelta(days=at) for at in range(140)]


def flows(noise: float, seed: int = 1) -> list[float]:
    rng = np.random.default_rng(seed)
    return list(np.tile(WEEK, 20) * np.exp(noise * rng.standard_normal(140)))


def test_a_pure_season_is_forecast() -> None:
    found = forecast(DAYS, flows(0.0))
    assert [one.day for one in found] == [DAYS[-1] + timedelta(days=at) for at in range(1, 8)]
    assert [one.expected for one in found] == pytest.approx(list(WEEK), rel=0.08)


def test_intervals_cover_what_they_claim() -> None:
    inside = []
    for seed in range(3):
        every = flows(0.1, seed)
        for end in range(100, 133, 3):
            found = forecast(DAYS[:end], every[:end], coverage=0.8)
            inside += [one.lower <= every[end + at] <= one.upper for at, one in enumerate(found)]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.06)


def test_a_holiday_behaves_like_a_sunday() -> None:
    holiday = Forecaster(
        holidays={START + timedelta(days=140)}, make_up_days={START + timedelta(days=145)}
    )
    classes = weekday_classes(DAYS, ahead=7, forecaster=holiday)
    assert classes[-7:].tolist() == [6, 1, 2, 3, 4, 0, 6]
    found = forecast(DAYS, flows(0.0), forecaster=holiday)
    assert found[0].expected == pytest.approx(45.0, rel=0.08)


def test_a_forecast_knows_only_its_past_and_the_young_have_no_interval() -> None:
    assert forecast(DAYS[:21], flows(0.1)[:21])[0].lower is None


def test_the_forecasts_to_beat() -> None:
    assert seasonal_naive([*WEEK, *WEEK]) == list(WEEK)
    assert weekday_means(DAYS[:14], [*WEEK, *(WEEK + 2)]) == list(WEEK + 1)
    assert weekday_means(DAYS[:14], [*WEEK, *(WEEK + 2)], weeks=1) == list(WEEK + 2)


MONEY = st.integers(0, 10**9)


@given(MONEY, MONEY, MONEY, st.integers(1, 10**9), st.sampled_from(SCENARIOS))
def test_a_run_keeps_its_books(cash, assets, lines, balances, scenario) -> None:
    position = Position(cash, assets, lines, balances)
    found = run_through(position, scenario)
    start = cash + int(lines * scenario.lines_usable)
    sold = sum(one.sold_for for one in found.days)
    assert start + sold - (found.withdrawn - found.shortfall) == found.days[-1].cash
    assert sold <= assets
    assert found.withdrawn <= balances
    assert all(one.cash >= 0 for one in found.days)
    paid = [one.shortfall == 0 for one in found.days]
    assert found.survival_days == (paid.index(False) if False in paid else 30)


@given(MONEY, MONEY, st.integers(1, 10**9), st.integers(0, 10**8), st.sampled_from(SCENARIOS))
def test_more_money_never_lasts_shorter(cash, assets, balances, more, scenario) -> None:
    less = run_through(Position(cash, assets, 0, balances), scenario)
    richer = run_through(Position(cash + more, assets, 0, balances), scenario)
    assert richer.survival_days >= less.survival_days
    assert richer.shortfall <= less.shortfall


def test_scenarios_are_ordered() -> None:
    position = Position(10_000, 20_000, 5_000, 100_000)
    outcomes = [run_through(position, scenario) for scenario in SCENARIOS]
    assert [one.scenario for one in outcomes] == ["mild", "severe", "run"]
    assert outcomes[0].withdrawn < outcomes[1].withdrawn < outcomes[2].withdrawn
    assert outcomes[0].survival_days > outcomes[2].survival_days


def test_a_ladder_sums_up() -> None:
    found = maturity_ladder({0: 5, 7: 5, 20: 50, 400: 9}, {1: 20, 30: 10}, buckets=[7, 30, 90])
    assert [(one.gap, one.cumulative_gap) for one in found] == [(-10, -10), (40, 30), (0, 30)]


def test_the_table_of_the_treasury_knows_only_its_past() -> None:
    every = [round(flow * 100) for flow in flows(0.1)]
    table = pl.DataFrame({"day": DAYS, "redeemed": every})
    position = {"cash": 50_000, "liquid_assets": 90_000, "credit_lines": 0}
    positions = pl.DataFrame(
        [{"day": day, **position, "customer_balances": 400_000} for day in DAYS[98:104]]
    )
    whole = treasury_by_day(positions, table)
    cut = treasury_by_day(positions.head(3), table.head(101))
    assert whole.head(3).equals(cut)
    last = whole.row(-1, named=True)
    assert last["redeemed"] == every[103]
    told = forecast(DAYS[:103], every[:103], ahead=1)[0].expected
    assert last["forecast_redeemed"] == round(told)
    assert last["forecast_7d"] < last["forecast_7d_upper"]
    assert last["stress_mild"] < last["stress_severe"] < last["stress_run"] <= 400_000
    missing = treasury_by_day(positions, table.head(20))
    assert missing["forecast_7d"].null_count() == 6
    made = set(whole.columns) - {"day"}
    assert made <= set(shipped_library().source("treasury").columns)
