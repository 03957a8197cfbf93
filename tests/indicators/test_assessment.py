"""Levels: bounds, hysteresis, pending time, missing values; no bound knows its own future."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.indicators.assessment import Value, assess
from fengkong.indicators.level import Level
from fengkong.indicators.thresholds import (
    CusumChart,
    DatedRule,
    Direction,
    EwmaChart,
    Fixed,
    ForecastBand,
    Quantile,
    Thresholds,
)

G, Y, OR, R, N = Level.GREEN, Level.YELLOW, Level.ORANGE, Level.RED, Level.NO_DATA
START = date(2026, 1, 1)
RULES = [
    Fixed(1.0, 2.0, 3.0),
    Quantile(last=30, least=5, red_times=2.0),
    EwmaChart(baseline=20, guard=3, least=5),
    CusumChart(baseline=20, guard=5, least=5),
    ForecastBand(weeks=4),
]


def values(numbers):
    return [Value(START + timedelta(days=at), number) for at, number in enumerate(numbers)]


def thresholds(rule=RULES[0], direction=Direction.ABOVE, **more):
    return Thresholds(direction, (DatedRule(date(2020, 1, 1), rule, "a test"),), **more)


def levels(numbers, held):
    return [one.level for one in assess(values(numbers), thresholds=held)[0]]


@pytest.mark.parametrize(
    ("direction", "numbers", "expected"),
    [
        (Direction.ABOVE, [0.99, 1, 1.99, 2, 2.99, 3], [G, Y, Y, OR, OR, R]),
        (Direction.BOTH, [0, -1, 2, -3], [G, Y, OR, R]),
    ],
)
def test_a_level_begins_at_its_bound(direction, numbers, expected) -> None:
    assert levels(numbers, thresholds(direction=direction)) == expected


def test_below_begins_at_its_bound() -> None:
    held = thresholds(Fixed(3.0, 2.0, 1.0), Direction.BELOW)
    assert levels([3.01, 3, 2, 1], held) == [G, Y, OR, R]


def test_a_level_falls_only_when_the_value_is_well_inside() -> None:
    held = thresholds(hysteresis=0.1)
    assert levels([2.0, 1.9, 1.81, 1.79, 0.95, 0.89], held) == [OR, OR, OR, Y, Y, G]


def test_a_level_is_shown_after_it_was_seen_often_enough() -> None:
    held = thresholds(pending=3)
    assert levels([1, 2, 3, 3, 3, 0, 3, 3, 0], held) == [G, G, Y, OR, R, G, G, G, G]


def test_missing_values_are_no_data_and_never_green() -> None:
    held = thresholds(pending=2)
    assert levels([2, 2, None, float("nan"), 2, 0], held) == [G, OR, N, N, OR, G]


def test_rules_hold_from_their_dates() -> None:
    held = Thresholds(
        Direction.ABOVE,
        (
            DatedRule(START + timedelta(days=1), Fixed(5.0), "first"),
            DatedRule(START + timedelta(days=2), Fixed(None, 5.0), "second"),
        ),
    )
    found, _ = assess(values([9, 9, 9]), thresholds=held)
    assert [(one.level, one.reference) for one in found] == [(G, ""), (Y, "first"), (OR, "second")]


def test_a_quantile_is_of_the_past_alone() -> None:
    held = thresholds(Quantile(yellow=0.5, orange=1.0, last=4, least=4))
    found, _ = assess(values([1, 2, 3, 4, 100]), thresholds=held)
    assert [one.level for one in found] == [G, G, G, G, OR]
    assert found[-1].bounds.yellow == pytest.approx(2.5)
    assert found[-1].bounds.orange == pytest.approx(4.0)


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("always", [0.0, 3.0, -2.5])
def test_what_never_changes_is_beyond_no_bound_of_its_own(always, direction) -> None:
    held = thresholds(Quantile(red=0.999, last=30, least=5, red_times=2.0), direction)
    assert set(levels([always] * 20, held)) == {G}


@pytest.mark.parametrize(
    ("strict", "least"),
    [
        (Quantile(last=30, least=5, red_times=2.0), {"floor": 2.0}),
        (EwmaChart(baseline=20, guard=0, least=5, weight=1.0), {"sigma_least": 1.0}),
        (ForecastBand(weeks=4), {"spread_least": 1.0}),
    ],
)
def test_after_nothing_but_zeros_one_is_little(strict, least) -> None:
    lenient = thresholds(replace(strict, **least))
    assert levels([0.0] * 40 + [1.0], thresholds(strict))[-1] is R
    assert levels([0.0] * 40 + [1.0], lenient)[-1] is G
    assert levels([0.0] * 40 + [9.0], lenient)[-1] is R


def test_floors_rise_with_the_level() -> None:
    held = thresholds(Quantile(last=30, least=5, red_times=2.0, floor=2.0))
    quiet = [0.0] * 10
    assert [levels([*quiet, last], held)[-1] for last in (1.9, 2, 3.9, 4, 5.9, 6)] == [
        *(G, Y, Y),
        *(OR, OR, R),
    ]


def test_a_young_chart_holds_the_value_against_its_first_bounds() -> None:
    chart = EwmaChart(baseline=20, guard=3, least=5, first_yellow=5, first_orange=8, first_red=10)
    assert levels([4, 5, 8, 10], thresholds(chart)) == [G, Y, OR, R]
    assert levels([4, 5, 8, 10], thresholds(replace(chart, first_red=None)))[-1] is OR
    old = [10.0, 11.0, 9.0] * 10
    assert levels([*old, 10.0], thresholds(chart))[-1] is G, "ten is its usual day"


def test_the_average_of_a_chart_is_that_of_its_definition() -> None:
    past, recent = [1.0, 3.0, 1.0, 3.0], [2.0, 6.0]
    held = thresholds(EwmaChart(weight=0.5, baseline=4, guard=1, least=4))
    found, _ = assess(values(past + recent), thresholds=held)
    average = 0.5 * 6 + 0.5 * (0.5 * 2 + 0.5 * 2.0)
    sigma = (4 / 3) ** 0.5
    assert found[-1].statistic == pytest.approx(average)
    # 1, 3, 1, 3 do not go on as they were: four values are worth four.
    spread = (0.5 / 1.5 + 1 / 4) / (1 - 1 / 4)
    assert found[-1].bounds.orange == pytest.approx(2.0 + 3 * sigma * spread**0.5)


def test_a_chart_of_values_that_go_on_as_they_were_has_wider_bounds() -> None:
    past, recent = [1.0, 1.0, 2.0, 3.0, 3.0], [2.0]
    held = thresholds(EwmaChart(weight=0.25, baseline=5, guard=0, least=4))
    found, _ = assess(values(past + recent), thresholds=held)
    r = (1 + 0 + 0 + 1) / (1 + 1 + 0 + 1 + 1)  # of deviations -1, -1, 0, 1, 1
    worth = 5 * (1 - r) / (1 + r)
    kept = r * 0.75
    spread = (0.25 / 1.75 * (1 + kept) / (1 - kept) + 1 / worth) / (1 - 1 / max(worth, 2))
    assert found[-1].bounds.orange == pytest.approx(2.0 + 3 * (spread) ** 0.5)


def test_sums_over_thirty_days_raise_few_false_alarms_and_a_shift_is_seen() -> None:
    rng = np.random.default_rng(5)
    held = thresholds(EwmaChart(weight=0.3, yellow=3.0, orange=4.0, red=6.0))
    alarms, years, delays = 0, 0.0, []
    for _ in range(4):
        days = rng.poisson(10, 1_000).astype(float)
        shifted = np.concatenate([days[:400], rng.poisson(20, 90)])
        quiet = levels(list(np.convolve(days, np.ones(30), "valid")), held)
        alarms += sum(before not in (OR, R) and now in (OR, R) for before, now in pairwise(quiet))
        years += len(quiet) / 365
        seen = levels(list(np.convolve(shifted, np.ones(30), "valid")), held)[400 - 29 :]
        delays.append(next(day for day, level in enumerate(seen) if level in (OR, R)))
    assert alarms / years < 1  # five times as many with bounds of values that know no past
    assert max(delays) <= 30


def test_a_cumulative_sum_sees_a_small_shift_that_lasts() -> None:
    quiet, shifted = [0.0, 1.0] * 45, [1.2] * 20
    chart = thresholds(CusumChart())
    assert set(levels(quiet, chart)) == {G}
    assert levels(quiet + shifted, chart)[-1] in (OR, R)
    assert set(levels(quiet + shifted, thresholds(Fixed(1.5, 2.0, 3.0)))) == {G}


def test_a_band_knows_the_weekday() -> None:
    week = [100.0, 101.0, 99.0, 100.0, 100.0, 10.0, 10.0]
    noisy = [x * (1 + 0.01 * ((at * 7) % 5 - 2)) for at, x in enumerate(week * 8)]
    held = thresholds(ForecastBand(), Direction.BOTH)
    assert levels([*noisy, *week], held)[-7:] == [G] * 7
    assert levels([*noisy, *week[:5], 100.0], held)[-1] is R


NUMBERS = st.lists(st.one_of(st.none(), st.floats(-10, 10, width=16)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.integers(0, 60), st.sampled_from(RULES), st.sampled_from(list(Direction)))
def test_what_comes_later_changes_nothing_and_parts_make_the_whole(
    numbers, cut, rule, direction
) -> None:
    held = thresholds(rule, direction, hysteresis=0.1, pending=2)
    whole, memory = assess(values(numbers), thresholds=held)
    first, kept = assess(values(numbers)[:cut], thresholds=held)
    assert whole[:cut] == first
    second, last = assess(values(numbers)[cut:], thresholds=held, memory=kept)
    assert first + second == whole
    assert last == memory
