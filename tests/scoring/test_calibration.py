"""Calibration is what scikit-learn's isotonic regression and Platt's formula say."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from boosters import Trained
from sklearn.isotonic import IsotonicRegression

from fengkong.scoring.calibration import Calibration, isotonic, platt
from fengkong.scoring.errors import InvalidModelError
from fengkong.scoring.model import About, Model


def test_a_curve_is_an_isotonic_regression(trained: Callable[[int], Trained], about: About) -> None:
    one = trained(2)
    plain = Model.of_lightgbm(one.booster, about=about, inputs=one.inputs)
    found = plain.probabilities(one.rows)
    truth = np.random.default_rng(1).random(len(found)) < found**2
    fitted = IsotonicRegression(out_of_bounds="clip").fit(found[::2], truth[::2])
    curve = isotonic(fitted.X_thresholds_, fitted.y_thresholds_)
    model = Model.of_lightgbm(one.booster, about=about, inputs=one.inputs, calibration=curve)
    np.testing.assert_allclose(
        model.probabilities(one.rows), fitted.predict(found), rtol=0, atol=1e-12
    )
    assert np.array_equal(model.raw_scores(one.rows), plain.raw_scores(one.rows))
    assert model.hash != plain.hash


def test_platts_scaling(trained: Callable[[int], Trained], about: About) -> None:
    one = trained(2)
    model = Model.of_lightgbm(
        one.booster, about=about, inputs=one.inputs, calibration=platt(slope=1.5, offset=-0.25)
    )
    expected = [1 / (1 + math.exp(-(1.5 * raw - 0.25))) for raw in model.raw_scores(one.rows)]
    np.testing.assert_allclose(model.probabilities(one.rows), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "facts",
    [
        {"knots": (0.1, 0.1), "heights": (0.0, 1.0)},
        {"knots": (0.2, 0.1), "heights": (0.0, 1.0)},
        {"knots": (0.1, 0.2), "heights": (0.5, 0.4)},
        {"knots": (0.1, 0.2), "heights": (0.5, 1.5)},
        {"knots": (0.1, 0.2), "heights": (0.5,)},
        {"knots": (math.nan, 0.2), "heights": (0.5, 0.6)},
        {"slope": -1.0},
        {},
    ],
    ids=str,
)
def test_what_is_no_calibration_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(InvalidModelError):
        Calibration(**facts)
