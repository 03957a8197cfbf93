"""Value at risk and expected shortfall, and the tests that a series of them must pass."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.markets.volatility import DECAY, ewma_volatility

Floats = NDArray[np.float64]
WINDOW: Final = 500
LEAST: Final = 100
_GREEN_MAX, _YELLOW_MAX = 4, 9


class TailRisk(NamedTuple):
    """Losses of the next day as positive numbers in the unit of the returns, known at each day."""

    value_at_risk: Floats
    expected_shortfall: Floats


def filtered_history(
    returns: Floats,
    *,
    coverage: float = 0.99,
    window: int = WINDOW,
    volatility: Floats | None = None,
    decay: float = DECAY,
) -> TailRisk:
    """Filtered historical simulation (Barone-Adesi, Giannopoulos and Vosper 1999).

    Each return is divided by the volatility that was forecast for its day (EWMA unless given); the
    quantile of the last `window` of these times tomorrow's volatility is the value at risk, and
    the mean beyond it the expected shortfall. NaN before `LEAST` returns. The quantile is that of
    rank ``p * (n + 1)``: a new return of the same law lies beyond it with probability p, whereas
    the usual interpolation of 500 returns is exceeded by 1.2 instead of 1 percent.
    """
    known = np.flatnonzero(np.isfinite(returns))
    series = returns[known]
    ahead = ewma_volatility(series, decay=decay) if volatility is None else volatility[known]
    scaled = np.full(series.size, np.nan)
    usable = np.isfinite(ahead[:-1]) & (ahead[:-1] > 0.0)
    scaled[1:][usable] = series[1:][usable] / ahead[:-1][usable]
    risk, shortfall = np.full(returns.shape, np.nan), np.full(returns.shape, np.nan)
    for at in range(series.size):
        past = scaled[max(0, at + 1 - window) : at + 1]
        past = past[np.isfinite(past)]
        if past.size < LEAST or not np.isfinite(ahead[at]):
            continue
        limit = float(np.quantile(past, 1.0 - coverage, method="weibull"))
        risk[known[at]] = -limit * ahead[at]
        shortfall[known[at]] = -float(past[past <= limit].mean()) * ahead[at]
    return TailRisk(risk, shortfall)


def historical(returns: Floats, *, coverage: float = 0.99, window: int = WINDOW) -> TailRisk:
    """Plain historical simulation: the quantile of the last `window` returns as they are."""
    ones = np.where(np.isfinite(returns), 1.0, np.nan)
    return filtered_history(returns, coverage=coverage, window=window, volatility=ones)


def exceedances(returns: Floats, value_at_risk: Floats) -> Floats:
    """1 on a day whose loss was beyond what was forecast for it the day before, 0, or NaN."""
    out = np.full(returns.shape, np.nan)
    forecast = np.full(returns.shape, np.nan)
    latest = np.nan
    for at in range(returns.size):
        forecast[at] = latest
        if np.isfinite(value_at_risk[at]):
            latest = value_at_risk[at]
    judged = np.isfinite(returns) & np.isfinite(forecast)
    out[judged] = (-returns[judged] > forecast[judged]).astype(np.float64)
    return out


class Verdict(NamedTuple):
    """A likelihood ratio and the probability of one as large if the model is right."""

    ratio: float
    probability: float


def kupiec(*, exceeded: int, days: int, coverage: float) -> Verdict:
    """The proportion-of-failures test (Kupiec 1995): as many exceedances as were claimed."""
    assert 0 <= exceeded <= days, "no more exceedances than days"
    expected = 1.0 - coverage
    observed = exceeded / days if days else expected
    ratio = -2.0 * (
        _log_likelihood(exceeded, days - exceeded, expected)
        - _log_likelihood(exceeded, days - exceeded, observed)
    )
    return _verdict(ratio, freedom=1)


def christoffersen(exceeded: Floats) -> Verdict:
    """The independence test (Christoffersen 1998): exceedances do not come in clusters.

    `exceeded` is 0 or 1 by day; missing days are left out.
    """
    series = exceeded[np.isfinite(exceeded)].astype(np.int64)
    counts = np.zeros((2, 2))
    np.add.at(counts, (series[:-1], series[1:]), 1.0)
    after = [_share(counts[row, 1], counts[row].sum()) for row in (0, 1)]
    overall = _share(counts[:, 1].sum(), counts.sum())
    dependent = sum(_log_likelihood(counts[row, 1], counts[row, 0], after[row]) for row in (0, 1))
    independent = _log_likelihood(counts[:, 1].sum(), counts[:, 0].sum(), overall)
    return _verdict(-2.0 * (independent - dependent), freedom=1)


def conditional_coverage(exceeded: Floats, *, coverage: float) -> Verdict:
    """Both tests together (Christoffersen 1998), with two degrees of freedom."""
    series = exceeded[np.isfinite(exceeded)]
    unconditional = kupiec(exceeded=int(series.sum()), days=series.size, coverage=coverage)
    return _verdict(unconditional.ratio + christoffersen(series).ratio, freedom=2)


def basel_zone(exceeded: int) -> str:
    """green, yellow or red by exceedances of a 99 % value at risk in 250 days (Basel 1996)."""
    if exceeded <= _GREEN_MAX:
        return "green"
    return "yellow" if exceeded <= _YELLOW_MAX else "red"


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def _log_likelihood(hits: float, misses: float, probability: float) -> float:
    """``hits * log(p) + misses * log(1 - p)`` with ``0 * log(0) = 0``."""
    total = 0.0
    if hits:
        total += hits * math.log(probability) if probability > 0.0 else -math.inf
    if misses:
        total += misses * math.log1p(-probability) if probability < 1.0 else -math.inf
    return total


def _verdict(ratio: float, *, freedom: int) -> Verdict:
    positive = max(ratio, 0.0)
    if freedom == 1:
        return Verdict(positive, math.erfc(math.sqrt(positive / 2.0)))
    assert freedom == 2, "the tests have one or two degrees of freedom"
    return Verdict(positive, math.exp(-positive / 2.0))
