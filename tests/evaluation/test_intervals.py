"""Intervals against published figures, and against the slow way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.evaluation.intervals import (
    Estimate,
    estimate,
    in_major,
    major,
    mcnemar,
    proportion,
    resampled_totals,
)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # Newcombe 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_as_published(count: int, total: int, low: float, high: float) -> None:
    share = proportion(count, total)
    assert share.low == pytest.approx(low, abs=5e-5)
    assert share.high == pytest.approx(high, abs=5e-5)


def test_nothing_to_share() -> None:
    share = proportion(0, 0)
    assert (share.value, share.low, share.high) == (None, None, None)


@given(st.integers(1, 10_000), st.data())
def test_wilson_holds_the_share(total: int, data: st.DataObject) -> None:
    share = proportion(data.draw(st.integers(0, total)), total)
    assert share.value is not None
    assert 0.0 <= share.low <= share.value <= share.high <= 1.0


@pytest.mark.parametrize(
    ("first", "second", "p_value"),
    [
        (5, 15, 0.041389465),
        (15, 5, 0.041389465),
        (0, 5, 0.0625),
        (0, 6, 0.03125),
        (10, 10, 1.0),
        (1, 0, 1.0),
        (0, 0, None),
    ],
)
def test_mcnemar_is_the_binomial(first: int, second: int, p_value: float | None) -> None:
    assert mcnemar(only_first=first, only_second=second) == pytest.approx(p_value)


@given(st.integers(1, 400), st.integers(0, 400))
def test_mcnemar_against_whole_numbers(first: int, second: int) -> None:
    total = first + second
    ways = sum(math.comb(total, k) for k in range(min(first, second) + 1))
    expected = min(1.0, 2 * ways / 2**total)
    assert mcnemar(only_first=first, only_second=second) == pytest.approx(expected, rel=1e-9)


def test_draws_are_those_of_the_seed() -> None:
    sums = np.array([[1.0], [5.0], [10.0]])
    one = resampled_totals(sums, clusters=10, seed=3)
    assert np.array_equal(one, resampled_totals(sums, clusters=10, seed=3))
    assert not np.array_equal(one, resampled_totals(sums, clusters=10, seed=4))


def test_draws_are_about_the_total_and_as_wide_as_theory_says() -> None:
    amounts = np.array([[1.0], [5.0], [10.0], [4.0]])
    clusters = 40
    draws = resampled_totals(amounts, clusters=clusters, seed=1, rounds=20_000)[:, 0]
    everything = np.concatenate([amounts[:, 0], np.zeros(clusters - 4)])
    assert draws.mean() == pytest.approx(20.0, rel=0.02)
    assert draws.std() == pytest.approx(everything.std() * math.sqrt(clusters), rel=0.02)


def test_without_money_every_draw_is_zero() -> None:
    assert not resampled_totals(np.empty((0, 2)), clusters=9, seed=1).any()


def test_every_cluster_has_money() -> None:
    draws = resampled_totals(np.full((5, 1), 3.0), clusters=5, seed=1)
    assert (draws == 15.0).all()


def test_estimates() -> None:
    assert estimate(None, np.array([1.0])) == Estimate(value=None)
    assert estimate(2.0, np.array([np.nan])) == Estimate(value=2.0)
    one = estimate(50.0, np.arange(101.0))
    assert (one.low, one.high) == (2.5, 97.5)


def test_money_is_rounded_to_its_digits() -> None:
    assert major(1234.5, digits=2) == 12.35
    assert major(1234.4, digits=0) == 1234.0
    told = in_major(Estimate(value=100.0, low=None, high=333.0), digits=2)
    assert told == Estimate(value=1.0, low=None, high=3.33)
