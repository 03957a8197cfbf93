"""How much a series moves: exponentially weighted (RiskMetrics 1996) and GARCH(1,1) volatility.

All of it is causal: what stands at a day was known at the end of that day and speaks of the next.
"""

from __future__ import annotations

import warnings
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DECAY: Final = 0.94
"""The daily decay of RiskMetrics."""
GARCH_LEAST: Final = 250
"""Fewer returns than this and no GARCH model is fitted."""
GARCH_WINDOW: Final = 1500
REFIT: Final = 63
"""A model is fitted again every so many returns, and filtered in between."""


class Garch(NamedTuple):
    """Parameters of ``v(t+1) = omega + alpha * r(t)^2 + beta * v(t)``."""

    omega: float
    alpha: float
    beta: float


def log_returns(prices: Floats) -> Floats:
    """Percent log returns of prices; the first is NaN, and so is one without both prices."""
    clean = np.where(prices > 0.0, prices, np.nan)
    returns = np.full(clean.shape, np.nan)
    returns[1:] = 100.0 * np.diff(np.log(clean))
    return returns


def ewma_volatility(returns: Floats, *, decay: float = DECAY) -> Floats:
    """The volatility of the next day, in the unit of the returns; a missing return changes nothing.

    ``v(t+1) = decay * v(t) + (1 - decay) * r(t)^2`` begins with the first squared return. Source:
    J.P. Morgan/Reuters, RiskMetrics Technical Document, 4th edition (1996), section 5.2.
    """
    out = np.full(returns.shape, np.nan)
    variance = np.nan
    for at, seen in enumerate(returns):
        if np.isfinite(seen):
            square = float(seen) ** 2
            fresh = not np.isfinite(variance)
            variance = square if fresh else decay * variance + (1.0 - decay) * square
        out[at] = variance
    roots: Floats = np.sqrt(out)
    return roots


def fit_garch(returns: Floats) -> Garch:
    """GARCH(1,1) with a mean of zero and normal innovations, by maximum likelihood (`arch`)."""
    from arch import arch_model  # noqa: PLC0415 - pandas and statsmodels take a second to load

    model = arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that does not converge is judged by its parameters
        fitted = model.fit(disp="off", show_warning=False)
    omega, alpha, beta = (float(one) for one in fitted.params)
    return Garch(omega, alpha, beta)


def garch_variances(returns: Floats, model: Garch, *, first: float) -> Floats:
    """The variance of the day after each return, filtered with fixed parameters."""
    out = np.empty(returns.size)
    variance = first
    for at, seen in enumerate(returns):
        variance = model.omega + model.alpha * float(seen) ** 2 + model.beta * variance
        out[at] = variance
    return out


def garch_volatility(returns: Floats, *, refit: int = REFIT, window: int = GARCH_WINDOW) -> Floats:
    """The volatility of the next day by GARCH(1,1); NaN before `GARCH_LEAST` returns.

    Every `refit` returns the model is fitted to the last `window` of them, the newest included;
    each fit speaks of the days until the next one.
    """
    known = np.flatnonzero(np.isfinite(returns))
    series = returns[known]
    found = np.full(series.size, np.nan)
    for start in range(GARCH_LEAST - 1, series.size, refit):
        past = series[max(0, start + 1 - window) : start + 1]
        end = min(start + refit, series.size)
        model = fit_garch(past)
        stretch = np.concatenate((past, series[start + 1 : end]))
        variances = garch_variances(stretch, model, first=float(np.mean(past**2)))
        found[start:end] = np.sqrt(variances[past.size - 1 :])
    out = np.full(returns.shape, np.nan)
    out[known] = found
    return _carried(out)


def _carried(values: Floats) -> Floats:
    """The last known value where there is none."""
    known = np.where(np.isfinite(values), np.arange(values.size), -1)
    latest = np.maximum.accumulate(known) if known.size else known
    return np.where(latest >= 0, values[latest], np.nan)
