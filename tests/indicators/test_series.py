"""Every function of a series: causal, bearing holes, and right against plain sums."""

import numpy as np
import pytest

from fengkong.indicators.series import FUNCTIONS

RNG = np.random.default_rng(23)
LENGTH, CUT = 460, 410
SERIES = RNG.standard_t(4, LENGTH)
SERIES[RNG.random(LENGTH) < 0.03] = np.nan
ARGUMENTS = {"quantile": 0.9, "ewma": 0.3, "ewma_volatility": 0.9}


CAUSAL = [name for name in FUNCTIONS if name != "garch_volatility"]
"""GARCH has its own in tests/markets: fits take seconds."""


@pytest.mark.parametrize("name", CAUSAL)
def test_a_value_depends_on_its_past_alone(name) -> None:
    apply = FUNCTIONS[name].apply
    window = None if name in ("latest", "returns") else 120
    values = np.exp(SERIES) if name in ("returns", "drawdown") else SERIES
    whole = apply(values, window, ARGUMENTS.get(name))
    part = apply(values[:CUT], window, ARGUMENTS.get(name))
    assert whole.shape == values.shape
    assert np.isfinite(whole).any(), "a function that never says anything proves nothing"
    np.testing.assert_allclose(whole[:CUT], part, rtol=1e-9, atol=1e-12)


def test_plain_ones_by_hand() -> None:
    values = np.array([1.0, np.nan, 3.0, 2.0, -1.0, 5.0])

    def said(name, window=None, number=None):
        return FUNCTIONS[name].apply(values, window, number).tolist()

    nan = np.nan
    assert said("sum", 2) == [1, 1, 3, 5, 1, 4]
    assert said("mean", 2) == [1, 1, 3, 2.5, 0.5, 2]
    assert said("max", 3) == [1, 1, 3, 3, 3, 5]
    assert said("median", 3) == [1, 1, 2, 2.5, 2, 2]
    assert said("latest") == [1, 1, 3, 2, -1, 5]
    assert said("streak") == pytest.approx([1, nan, 2, 3, 0, 1], nan_ok=True)
    assert said("ewma", None, 0.5) == pytest.approx([1, nan, 2, 2, 0.5, 2.75], nan_ok=True)
    assert said("drawdown", 10) == pytest.approx([0, nan, 0, 1 / 3, 4 / 3, 0], nan_ok=True)
    assert said("quantile", 10, 0.5)[-1] == 2.0
    assert said("std", 2)[3] == pytest.approx(np.std([3, 2], ddof=1))
