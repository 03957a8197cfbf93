"""Fitting the curve from a model's score to a probability that is right on average."""

from __future__ import annotations

from typing import Final

import numpy as np

from fengkong.scoring.calibration import Calibration, isotonic, platt
from fengkong.scoring.separation import Floats, Truths

_STEPS: Final = 100
_ENOUGH: Final = 1e-10
_LEAST: Final = 1e-12


def fit_platt(raw: Floats, *, fraud: Truths) -> Calibration:
    """Platt's slope and offset for raw scores float64[n], with his targets (Platt, 1999).

    Newton's method, each step halved until it helps (Lin, Lin and Weng, 2007). It keeps the order
    of rows, so it changes no ranking.
    """
    bad = float(np.count_nonzero(fraud))
    good = len(raw) - bad
    target = np.where(fraud, (bad + 1.0) / (bad + 2.0), 1.0 / (good + 2.0))
    slope, offset = 1.0, 0.0
    loss = _loss(raw, target, slope, offset)
    for _ in range(_STEPS):
        step = _newton(raw, target, slope, offset)
        size = 1.0
        while size > _ENOUGH:
            nearer = slope - size * step[0], offset - size * step[1]
            found = _loss(raw, target, *nearer)
            if found < loss:
                break
            size /= 2.0
        else:
            break
        slope, offset = nearer
        done, loss = loss - found < _ENOUGH * max(1.0, loss), found
        if done:
            break
    return platt(slope=slope, offset=offset)


def _loss(raw: Floats, target: Floats, slope: float, offset: float) -> float:
    """The log loss of targets between 0 and 1."""
    scores = slope * raw + offset
    return float(np.sum(np.logaddexp(0.0, scores) - target * scores))


def _newton(raw: Floats, target: Floats, slope: float, offset: float) -> tuple[float, float]:
    """Newton's step of the two numbers."""
    chance = 1.0 / (1.0 + np.exp(-np.clip(slope * raw + offset, -500.0, 500.0)))
    miss, spread = chance - target, np.maximum(chance * (1.0 - chance), _LEAST)
    cross = np.sum(spread * raw)
    curvature = np.array([[np.sum(spread * raw * raw), cross], [cross, np.sum(spread)]])
    gradient = np.array([np.sum(miss * raw), np.sum(miss)])
    step = np.linalg.solve(curvature + _LEAST * np.eye(2), gradient)
    return float(step[0]), float(step[1])


def fit_isotonic(probabilities: Floats, *, fraud: Truths) -> Calibration:
    """The rising curve that fits best, by pooling adjacent violators (scikit-learn's).

    Rows on a flat piece become equal: it can lower a ranking's figures by its ties.
    """
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - only training pays

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    fitted.fit(probabilities, fraud.astype(np.float64))
    return isotonic(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist())
