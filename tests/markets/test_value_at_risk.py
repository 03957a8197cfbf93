"""Value at risk against plain quantiles; the tests against published figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from fengkong.markets.value_at_risk import (
    basel_zone,
    christoffersen,
    conditional_coverage,
    exceedances,
    filtered_history,
    historical,
    kupiec,
)

RETURNS = np.random.default_rng(7).standard_t(4, 900)

# Jorion, Value at Risk (3rd ed.), table 6-2 after Kupiec 1995: a model is not rejected at 95 % with
# so many exceedances: coverage, days, the least and the most.
NOT_REJECTED = [
    (0.99, 255, 0, 6),
    (0.99, 510, 2, 10),
    (0.99, 1000, 5, 16),
    (0.975, 255, 3, 11),
    (0.975, 510, 7, 20),
    (0.975, 1000, 16, 35),
    (0.95, 255, 7, 20),
    (0.95, 510, 17, 35),
    (0.95, 1000, 38, 64),
    (0.925, 255, 12, 27),
    (0.925, 510, 28, 50),
    (0.925, 1000, 60, 91),
    (0.9, 255, 17, 35),
    (0.9, 510, 39, 64),
    (0.9, 1000, 82, 119),
]


@pytest.mark.parametrize(("coverage", "days", "least", "most"), NOT_REJECTED)
def test_kupiec_has_the_published_bounds(coverage, days, least, most) -> None:
    # the published table rounds the critical value; at 255 days and 99 % it leaves nought open
    accepted = [
        n for n in range(days) if kupiec(exceeded=n, days=days, coverage=coverage).ratio < 3.841
    ]
    assert accepted[-1] == most
    assert accepted[0] == (1 if (coverage, days) == (0.99, 255) else least)


def test_kupiec_of_a_bank_in_1998() -> None:
    """J.P. Morgan 1998: 20 losses beyond a 95 % value at risk in 252 days give 3.91 (Jorion)."""
    found = kupiec(exceeded=20, days=252, coverage=0.95)
    assert found.ratio == pytest.approx(3.91, abs=0.005)
    assert found.probability < 0.05


@given(st.integers(0, 250), st.sampled_from([0.9, 0.99]))
def test_kupiec_is_the_likelihood_ratio_of_binomials(exceeded, coverage) -> None:
    claimed = binom.logpmf(exceeded, 250, 1 - coverage)
    best = binom.logpmf(exceeded, 250, exceeded / 250)
    found = kupiec(exceeded=exceeded, days=250, coverage=coverage)
    assert found.ratio == pytest.approx(2 * (best - claimed), abs=1e-6)
    assert found.probability == pytest.approx(chi2.sf(found.ratio, 1), rel=1e-9)


def test_clusters_fail_the_test_of_independence() -> None:
    clustered = np.zeros(250)
    clustered[100:106] = 1.0
    scattered = np.zeros(250)
    scattered[20:250:40] = 1.0
    assert christoffersen(clustered).probability < 1e-6
    assert christoffersen(scattered).probability > 0.5
    assert conditional_coverage(clustered, coverage=0.99).probability < 1e-4


def test_independence_by_hand() -> None:
    series = np.array([0, 1, 1, 0, 1, 0, 0, 1.0])
    # from 0: to 0 once, to 1 three times; from 1: to 0 twice, to 1 once; 4 of 7 are 1
    dependent = np.log(1 / 4) + 3 * np.log(3 / 4) + 2 * np.log(2 / 3) + np.log(1 / 3)
    independent = 3 * np.log(3 / 7) + 4 * np.log(4 / 7)
    assert christoffersen(series).ratio == pytest.approx(-2 * (independent - dependent))


def test_historical_is_the_quantile_of_the_window() -> None:
    found = historical(RETURNS, coverage=0.95, window=200)
    past = RETURNS[700:900]
    limit = np.sort(past)[9] + 0.05 * (np.sort(past)[10] - np.sort(past)[9])  # rank 10.05
    assert found.value_at_risk[-1] == pytest.approx(-limit)
    assert found.expected_shortfall[-1] == pytest.approx(-past[past <= limit].mean())


def test_an_exceedance_is_judged_by_what_was_known_the_day_before() -> None:
    risk = np.array([1.0, 1.0, 5.0, np.nan, 1.0])
    returns = np.array([-9.0, -2.0, -1.0, -6.0, np.nan])
    assert exceedances(returns, risk).tolist() == pytest.approx(
        [np.nan, 1, 0, 1, np.nan], nan_ok=True
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(150, 880))
def test_it_does_not_know_the_future_and_shortfall_is_beyond(cut) -> None:
    whole, part = filtered_history(RETURNS), filtered_history(RETURNS[:cut])
    assert np.array_equal(whole.value_at_risk[:cut], part.value_at_risk, equal_nan=True)
    known = np.isfinite(part.value_at_risk)
    assert (part.expected_shortfall[known] >= part.value_at_risk[known]).all()


def test_coverage_is_near_what_is_claimed() -> None:
    returns = np.random.default_rng(11).standard_normal(3000)
    seen = exceedances(returns, filtered_history(returns, coverage=0.95).value_at_risk)
    judged = seen[np.isfinite(seen)]
    assert kupiec(exceeded=int(judged.sum()), days=judged.size, coverage=0.95).probability > 0.05


@pytest.mark.parametrize(
    ("exceeded", "zone"), [(4, "green"), (5, "yellow"), (9, "yellow"), (10, "red")]
)
def test_the_traffic_light(exceeded, zone) -> None:
    assert basel_zone(exceeded) == zone
