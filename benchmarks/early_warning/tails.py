"""Whether values at risk hold what they claim on real returns.

One method is chosen for all, on the earlier half of the NASDAQ (1999 to 2008) alone: of those that
none of the three tests rejects there at either coverage, the one with the smallest quantile loss
(Koenker and Bassett 1978) over the days that all of them have. It is then judged on days of which
nothing was used for choosing: the later half of the NASDAQ, and the ten stocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.early_warning import shared_data
from fengkong.markets.value_at_risk import (
    christoffersen,
    conditional_coverage,
    exceedances,
    filtered_history,
    historical,
    kupiec,
)
from fengkong.markets.volatility import garch_volatility

Floats = NDArray[np.float64]
COVERAGES: Final = (0.99, 0.95)
DECAYS: Final = (0.92, 0.94, 0.97)
WINDOWS: Final = (250, 500, 1000)
REJECTED: Final = 0.05
CHOSEN_ON: Final = "NASDAQ"


@dataclass(frozen=True, slots=True)
class Method:
    """How a value at risk is made: the volatility it is filtered by, and how many returns."""

    volatility: str
    window: int

    def values(self, series: Floats, *, garch: Floats, coverage: float) -> Floats:
        """The value at risk known at the end of each day."""
        if self.volatility == "plain":
            return historical(series, coverage=coverage, window=self.window).value_at_risk
        if self.volatility == "GARCH":
            found = filtered_history(
                series, coverage=coverage, window=self.window, volatility=garch
            )
            return found.value_at_risk
        decay = float(self.volatility.removeprefix("EWMA "))
        return filtered_history(
            series, coverage=coverage, window=self.window, decay=decay
        ).value_at_risk


def methods() -> Iterator[Method]:
    """All that are tried."""
    for window in WINDOWS:
        for volatility in ("plain", "GARCH", *(f"EWMA {decay}" for decay in DECAYS)):
            yield Method(volatility, window)


def judged(series: Floats, risk: Floats, *, coverage: float, days: slice) -> dict[str, Any]:
    """Exceedances of a stretch and the probabilities of the tests."""
    seen = exceedances(series, risk)[days]
    seen = seen[np.isfinite(seen)]
    hits = int(seen.sum())
    return {
        "days": seen.size,
        "expected": round((1.0 - coverage) * seen.size, 1),
        "exceeded": hits,
        "kupiec": round(kupiec(exceeded=hits, days=seen.size, coverage=coverage).probability, 3),
        "christoffersen": round(christoffersen(seen).probability, 3),
        "conditional": round(conditional_coverage(seen, coverage=coverage).probability, 3),
    }


def quantile_losses(series: Floats, risk: Floats, *, coverage: float) -> Floats:
    """The loss of each day's forecast, made the day before; NaN where there was none."""
    losses = np.full(series.size, np.nan)
    over = series[1:] + risk[:-1]
    losses[1:] = over * ((1.0 - coverage) - (over < 0.0))
    return losses


def choose(series: Floats) -> Method:
    """The method of the earlier half: not rejected at any coverage, then the smallest loss."""
    garch = garch_volatility(series)
    losses: dict[Method, list[Floats]] = {}
    for method in methods():
        risks = {c: method.values(series, garch=garch, coverage=c) for c in COVERAGES}
        tests = [
            judged(series, risk, coverage=c, days=slice(None))[test]
            for c, risk in risks.items()
            for test in ("kupiec", "christoffersen", "conditional")
        ]
        if min(tests) > REJECTED:
            losses[method] = [
                quantile_losses(series, risk, coverage=c) for c, risk in risks.items()
            ]
    every = np.stack([np.stack(one) for one in losses.values()])
    common = np.isfinite(every).all(axis=(0, 1))
    means = every[:, :, common].mean(axis=2)
    relative = (means / means.min(axis=0)).sum(axis=1)
    return list(losses)[int(np.argmin(relative))]


def figures() -> dict[str, Any]:
    """The chosen method, and what it holds on days that were not used for choosing."""
    every = {
        name: table["portfolio_return"].to_numpy().astype(np.float64)
        for name, table in shared_data.returns().items()
    }
    half = every[CHOSEN_ON].size // 2
    method = choose(every[CHOSEN_ON][:half])
    found: dict[str, Any] = {
        "method": f"filtered history, {method.volatility}, {method.window} returns"
    }
    for name, series in every.items():
        garch = garch_volatility(series) if method.volatility == "GARCH" else series
        later = slice(half, None) if name == CHOSEN_ON else slice(None)
        for coverage in COVERAGES:
            risk = method.values(series, garch=garch, coverage=coverage)
            found[f"{name}, {coverage:.0%}"] = judged(series, risk, coverage=coverage, days=later)
    return found
