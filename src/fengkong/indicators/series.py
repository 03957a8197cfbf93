"""Functions of a whole series that a measure may name: each looks back, none ahead.

A function takes the series (float64, NaN is missing), the length of its window in values (None:
all of the past) and one number; what it gives for a day depends on that day and those before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.bilingual import Bilingual
from fengkong.markets.value_at_risk import (
    christoffersen,
    exceedances,
    filtered_history,
    kupiec,
)
from fengkong.markets.volatility import ewma_volatility, garch_volatility, log_returns

Floats = NDArray[np.float64]
COVERAGE: Final = 0.99
WINDOW: Final = 250


@dataclass(frozen=True, slots=True)
class SeriesFunction:
    """How a function is written, what it means, and what it does."""

    usage: str
    meaning: Bilingual
    apply: Callable[[Floats, int | None, float | None], Floats]


def _rolling(name: str) -> Callable[[Floats, int | None, float | None], Floats]:
    def apply(values: Floats, window: int | None, _argument: float | None) -> Floats:
        series = pl.Series(values).fill_nan(None)
        size = 1 if window is None else window
        least = 2 if name == "std" else 1
        rolled: pl.Series = getattr(series, f"rolling_{name}")(size, min_samples=least)
        return _array(rolled)

    return apply


def _array(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _value(values: Floats, _window: int | None, _argument: float | None) -> Floats:
    return values


def _latest(values: Floats, window: int | None, _argument: float | None) -> Floats:
    return _array(pl.Series(values).fill_nan(None).fill_null(strategy="forward", limit=window))


def _quantile(values: Floats, window: int | None, argument: float | None) -> Floats:
    series = pl.Series(values).fill_nan(None)
    share = 0.5 if argument is None else argument
    size = WINDOW if window is None else window
    return _array(
        series.rolling_quantile(
            quantile=share, interpolation="linear", window_size=size, min_samples=1
        )
    )


def _z_score(values: Floats, window: int | None, _argument: float | None) -> Floats:
    """How many standard deviations a value is from the mean of those before it."""
    size = WINDOW if window is None else window
    series = pl.Series(values).fill_nan(None)
    least = min(10, size)
    before = series.shift(1)
    mean = _array(before.rolling_mean(size, min_samples=least))
    sigma = _array(before.rolling_std(size, min_samples=least))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((values - mean) / np.where(sigma > 0.0, sigma, np.nan))


def _streak(values: Floats, _window: int | None, _argument: float | None) -> Floats:
    """How many values in a row, up to this one, are above zero."""
    out = np.full(values.shape, np.nan)
    length = 0.0
    for at, seen in enumerate(values):
        if np.isfinite(seen):
            length = length + 1.0 if seen > 0.0 else 0.0
            out[at] = length
    return out


def _drawdown(values: Floats, window: int | None, _argument: float | None) -> Floats:
    """How far below its highest value of the window, as a share of that."""
    top = _rolling("max")(values, WINDOW if window is None else window, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 - values / np.where(top > 0.0, top, np.nan))


def _ewma(values: Floats, _window: int | None, argument: float | None) -> Floats:
    weight = 0.2 if argument is None else argument
    series = pl.Series(values).fill_nan(None)
    return _array(series.ewm_mean(alpha=weight, adjust=False, ignore_nulls=True))


def _returns(values: Floats, _window: int | None, _argument: float | None) -> Floats:
    return log_returns(values)


def _ewma_volatility(values: Floats, _window: int | None, argument: float | None) -> Floats:
    return ewma_volatility(values, decay=0.94 if argument is None else argument)


def _garch(values: Floats, _window: int | None, _argument: float | None) -> Floats:
    return garch_volatility(values)


def _value_at_risk(values: Floats, window: int | None, argument: float | None) -> Floats:
    coverage = COVERAGE if argument is None else argument
    return filtered_history(values, coverage=coverage, window=window or 2 * WINDOW).value_at_risk


def _shortfall(values: Floats, window: int | None, argument: float | None) -> Floats:
    coverage = COVERAGE if argument is None else argument
    return filtered_history(
        values, coverage=coverage, window=window or 2 * WINDOW
    ).expected_shortfall


def _exceeded(values: Floats, argument: float | None) -> Floats:
    coverage = COVERAGE if argument is None else argument
    return exceedances(values, filtered_history(values, coverage=coverage).value_at_risk)


def _exceedances(values: Floats, window: int | None, argument: float | None) -> Floats:
    size = WINDOW if window is None else window
    return _rolling("sum")(_exceeded(values, argument), size, None)


def _kupiec(values: Floats, window: int | None, argument: float | None) -> Floats:
    exceeded = _exceeded(values, argument)
    coverage = COVERAGE if argument is None else argument
    size = WINDOW if window is None else window

    def probability(stretch: Floats) -> float:
        hits = int(stretch.sum())
        return kupiec(exceeded=hits, days=stretch.size, coverage=coverage).probability

    return _over_known(exceeded, size, probability)


def _christoffersen(values: Floats, window: int | None, argument: float | None) -> Floats:
    size = WINDOW if window is None else window
    return _over_known(
        _exceeded(values, argument), size, lambda stretch: christoffersen(stretch).probability
    )


def _over_known(values: Floats, size: int, function: Callable[[Floats], float]) -> Floats:
    """A function of the last `size` known values, from the day when there are so many."""
    out = np.full(values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    for at in range(size - 1, known.size):
        out[known[at]] = function(values[known[at + 1 - size : at + 1]])
    return out


def _said(zh: str, en: str) -> Bilingual:
    return Bilingual(zh=zh, en=en)


FUNCTIONS: Final[dict[str, SeriesFunction]] = {
    "value": SeriesFunction(
        "value(x)",
        _said(
            "当日的值；与 delayed 连用即若干天前的值",
            "the day's value; with delayed, that of some days ago",
        ),
        _value,
    ),
    "latest": SeriesFunction(
        "latest(x) last 7d",
        _said("最近一个已知值，至多早 N 天", "the latest known value, at most N days old"),
        _latest,
    ),
    "sum": SeriesFunction(
        "sum(x) last 30d", _said("窗口内之和", "sum of the window"), _rolling("sum")
    ),
    "mean": SeriesFunction(
        "mean(x) last 30d", _said("窗口内均值", "mean of the window"), _rolling("mean")
    ),
    "min": SeriesFunction(
        "min(x) last 30d", _said("窗口内最小值", "least of the window"), _rolling("min")
    ),
    "max": SeriesFunction(
        "max(x) last 30d", _said("窗口内最大值", "greatest of the window"), _rolling("max")
    ),
    "std": SeriesFunction(
        "std(x) last 30d",
        _said("窗口内样本标准差", "sample standard deviation of the window"),
        _rolling("std"),
    ),
    "median": SeriesFunction(
        "median(x) last 30d", _said("窗口内中位数", "median of the window"), _rolling("median")
    ),
    "quantile": SeriesFunction(
        "quantile(x, 0.9) last 30d", _said("窗口内分位数", "quantile of the window"), _quantile
    ),
    "z_score": SeriesFunction(
        "z_score(x) last 90d",
        _said(
            "与此前窗口均值相差几个标准差", "standard deviations from the mean of the window before"
        ),
        _z_score,
    ),
    "streak": SeriesFunction(
        "streak(x)",
        _said("连续多少天大于零", "how many days in a row it has been above zero"),
        _streak,
    ),
    "drawdown": SeriesFunction(
        "drawdown(x) last 250d",
        _said("较窗口内最高值回落的比例", "share lost since the highest of the window"),
        _drawdown,
    ),
    "ewma": SeriesFunction(
        "ewma(x, 0.2)", _said("指数加权均值", "exponentially weighted mean"), _ewma
    ),
    "returns": SeriesFunction(
        "returns(x)", _said("百分比对数收益", "log returns in percent"), _returns
    ),
    "ewma_volatility": SeriesFunction(
        "ewma_volatility(x, 0.94)",
        _said("RiskMetrics 指数加权波动率（次日）", "RiskMetrics volatility of the next day"),
        _ewma_volatility,
    ),
    "garch_volatility": SeriesFunction(
        "garch_volatility(x)",
        _said(
            "GARCH(1,1) 次日波动率，约每季重估",
            "GARCH(1,1) volatility of the next day, fitted again every quarter",
        ),
        _garch,
    ),
    "value_at_risk": SeriesFunction(
        "value_at_risk(x, 0.99) last 500d",
        _said(
            "过滤历史模拟的次日在险价值",
            "value at risk of the next day by filtered historical simulation",
        ),
        _value_at_risk,
    ),
    "expected_shortfall": SeriesFunction(
        "expected_shortfall(x, 0.99) last 500d",
        _said("过滤历史模拟的次日预期损失", "expected shortfall of the next day, same method"),
        _shortfall,
    ),
    "var_exceedances": SeriesFunction(
        "var_exceedances(x, 0.99) last 250d",
        _said(
            "窗口内超出在险价值的天数", "days of the window with a loss beyond the value at risk"
        ),
        _exceedances,
    ),
    "kupiec": SeriesFunction(
        "kupiec(x, 0.99) last 250d",
        _said("Kupiec 覆盖率检验的 p 值", "p-value of Kupiec's test of coverage"),
        _kupiec,
    ),
    "christoffersen": SeriesFunction(
        "christoffersen(x, 0.99) last 250d",
        _said(
            "Christoffersen 独立性检验的 p 值", "p-value of Christoffersen's test of independence"
        ),
        _christoffersen,
    ),
}
