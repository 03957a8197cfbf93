"""Do values at risk hold what they claim on real returns? Nothing was tuned: all is as shipped."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def figures(*, coverages: tuple[float, ...] = (0.99, 0.95)) -> dict[str, Any]:
    """Exceedances and the probabilities of the tests, by series, method and coverage."""
    found: dict[str, Any] = {}
    for name, table in shared_data.returns().items():
        series = table["portfolio_return"].to_numpy().astype(np.float64)
        garch = garch_volatility(series)
        for coverage in coverages:
            for method, risk in (
                ("filtered (EWMA)", filtered_history(series, coverage=coverage)),
                ("filtered (GARCH)", filtered_history(series, coverage=coverage, volatility=garch)),
                ("plain history", historical(series, coverage=coverage)),
            ):
                seen = exceedances(series, risk.value_at_risk)
                judged = seen[np.isfinite(seen)]
                hits = int(judged.sum())
                found[f"{name}, {method}, {coverage:.0%}"] = {
                    "days": judged.size,
                    "expected": round((1.0 - coverage) * judged.size, 1),
                    "exceeded": hits,
                    "kupiec": round(
                        kupiec(exceeded=hits, days=judged.size, coverage=coverage).probability, 3
                    ),
                    "christoffersen": round(christoffersen(judged).probability, 3),
                    "conditional": round(
                        conditional_coverage(judged, coverage=coverage).probability, 3
                    ),
                }
    return found
