"""Volatility against plain sums, and nothing from the future."""

import numpy as np
import pytest

from fengkong.markets.volatility import (
    Garch,
    ewma_volatility,
    fit_garch,
    garch_variances,
    garch_volatility,
    log_returns,
)

RETURNS = np.random.default_rng(5).standard_t(5, 600)


def test_log_returns_of_prices() -> None:
    found = log_returns(np.array([100.0, 110.0, np.nan, 121.0, -1.0]))
    assert np.isnan(found[[0, 2, 3, 4]]).all()
    assert found[1] == pytest.approx(100 * np.log(1.1))


def test_exponential_weights_are_those_of_the_definition() -> None:
    found = ewma_volatility(RETURNS[:50], decay=0.9)
    weights = 0.1 * 0.9 ** np.arange(49)[::-1]
    plain = (weights * RETURNS[1:50] ** 2).sum() + 0.9**49 * RETURNS[0] ** 2
    assert found[-1] == pytest.approx(np.sqrt(plain))


def test_a_missing_return_changes_nothing() -> None:
    with_gap = np.insert(RETURNS[:50], 20, np.nan)
    assert ewma_volatility(with_gap)[-1] == ewma_volatility(RETURNS[:50])[-1]


def test_garch_finds_what_made_the_series() -> None:
    rng = np.random.default_rng(3)
    made, variance = np.empty(2500), 1.0
    for at in range(made.size):
        made[at] = np.sqrt(variance) * rng.standard_normal()
        variance = 0.05 + 0.08 * made[at] ** 2 + 0.87 * variance
    found = fit_garch(made)
    assert found == pytest.approx(Garch(0.05, 0.08, 0.87), abs=0.06)


def test_variances_follow_the_recursion() -> None:
    found = garch_variances(np.array([1.0, 2.0]), Garch(0.1, 0.2, 0.5), first=1.0)
    assert found.tolist() == pytest.approx([0.1 + 0.2 + 0.5, 0.1 + 0.8 + 0.4])


def test_garch_does_not_know_the_future() -> None:
    whole = garch_volatility(RETURNS, refit=100)
    part = garch_volatility(RETURNS[:420], refit=100)
    assert np.isnan(whole[:249]).all()
    assert np.array_equal(whole[249:420], part[249:])
