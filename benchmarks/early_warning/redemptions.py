"""The redemption forecast against weekday means and the seasonal naive, and what it covers.

余额宝, 2013-07 to 2014-06. The settings of `Forecaster` were chosen among 30 on the origins up to
2014-02-28, and so was how many past errors an interval is made of: by the interval score, which
punishes width and misses alike (Gneiting and Raftery 2007). The figures are of the origins from
2014-03-01 on. Holidays are those that the State Council had announced before the year began.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.early_warning import shared_data
from fengkong.markets.redemptions import (
    Forecast,
    Forecaster,
    forecast,
    seasonal_naive,
    weekday_means,
)

TUNED_FROM: Final = date(2013, 10, 29)
TUNED_UNTIL: Final = date(2014, 3, 1)
AHEAD: Final = 7
COVERAGE: Final = 0.9
KEPT: Final = (28, 42, 60, 90, 180)
Floats = NDArray[np.float64]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


# 国务院办公厅 国办发明电〔2012〕33号 and 〔2013〕28号: holidays of 2013 and 2014.
HOLIDAYS: Final = frozenset(
    _days(date(2013, 9, 19), date(2013, 9, 21))
    + _days(date(2013, 10, 1), date(2013, 10, 7))
    + [date(2014, 1, 1)]
    + _days(date(2014, 1, 31), date(2014, 2, 6))
    + _days(date(2014, 4, 5), date(2014, 4, 7))
    + _days(date(2014, 5, 1), date(2014, 5, 3))
    + _days(date(2014, 5, 31), date(2014, 6, 2))
)
MAKE_UP_DAYS: Final = frozenset(
    (
        *(date(2013, 9, 22), date(2013, 9, 29), date(2013, 10, 12)),
        *(date(2014, 1, 26), date(2014, 2, 8), date(2014, 5, 4)),
    )
)


def _error(expected: Any, seen: Any) -> float:
    return float(np.mean(np.abs(np.asarray(expected) - seen) / seen))


def tune() -> dict[str, Any]:
    """The best of 30 settings on the earlier origins, by mean absolute percentage error."""
    table = shared_data.fund_flows()
    days, flows = table["day"].to_list(), table["redeemed"].to_list()
    origins = [at for at, day in enumerate(days) if TUNED_FROM <= day < TUNED_UNTIL]
    origins = [at for at in origins if at + AHEAD <= days.index(TUNED_UNTIL)]
    results = []
    for weeks, smoothing, shrinkage in product((6, 8, 12), (0.05, 0.1, 0.15, 0.2, 0.3), (1.0, 3.0)):
        settings = Forecaster(weeks, smoothing, shrinkage, HOLIDAYS, MAKE_UP_DAYS, errors_kept=0)
        errors = [
            _error(
                [one.expected for one in forecast(days[:at], flows[:at], forecaster=settings)],
                np.array(flows[at : at + AHEAD]),
            )
            for at in origins
        ]
        results.append((float(np.mean(errors)), weeks, smoothing, shrinkage))
    error, weeks, smoothing, shrinkage = min(results)
    return {"error": error, "weeks": weeks, "smoothing": smoothing, "shrinkage": shrinkage}


def tune_intervals() -> dict[str, Any]:
    """How many past errors make the best intervals on the earlier origins, by interval score."""
    table = shared_data.fund_flows()
    days, flows = table["day"].to_list(), table["redeemed"].to_list()
    origins = [at for at, day in enumerate(days) if TUNED_FROM <= day < TUNED_UNTIL]
    origins = [at for at in origins if at + AHEAD <= days.index(TUNED_UNTIL)]
    found = {}
    for kept in KEPT:
        settings = Forecaster(holidays=HOLIDAYS, make_up_days=MAKE_UP_DAYS, errors_kept=kept)
        judged = Intervals()
        for at in origins:
            told = forecast(days[:at], flows[:at], coverage=COVERAGE, forecaster=settings)
            judged.take(told, np.array(flows[at : at + AHEAD]))
        found[kept] = judged.figures()
    return {"kept": min(found, key=lambda kept: float(found[kept]["score"])), "by": found}


class Intervals:
    """What intervals claimed and what came: coverage, mean width and mean interval score."""

    def __init__(self) -> None:
        self.inside: list[list[bool]] = []
        self.widths: list[float] = []
        self.scores: list[float] = []

    def take(self, told: list[Forecast], seen: Floats) -> None:
        """Hold the intervals of one origin against the days that came."""
        origin = []
        for one, flow in zip(told, seen, strict=True):
            if one.lower is None or one.upper is None:
                continue
            missed = max(one.lower - flow, flow - one.upper, 0.0)
            self.widths.append(one.upper - one.lower)
            self.scores.append(self.widths[-1] + 2.0 / (1.0 - COVERAGE) * missed)
            origin.append(missed == 0.0)
        self.inside.append(origin)

    def figures(self) -> dict[str, Any]:
        """Coverage with its 95 % interval over weeks of origins; width and score in the unit."""
        return {
            "coverage": round(float(np.mean([one for every in self.inside for one in every])), 3),
            "coverage_interval_95": self._spread(),
            "width": round(float(np.mean(self.widths))),
            "score": round(float(np.mean(self.scores))),
        }

    def _spread(self, *, block: int = 14, draws: int = 500) -> list[float]:
        """Blocks of two weeks of origins drawn with replacement: neighbours share their days."""
        rng = np.random.default_rng(20140301)
        starts = max(len(self.inside) - block + 1, 1)
        found = []
        for _ in range(draws):
            firsts = rng.integers(0, starts, max(len(self.inside) // block, 1))
            drawn = [
                one for at in firsts for every in self.inside[at : at + block] for one in every
            ]
            found.append(float(np.mean(drawn)))
        return [round(float(edge), 3) for edge in np.quantile(found, (0.025, 0.975))]


def figures() -> dict[str, Any]:
    """Errors of the forecast and of those to beat, and the coverage of 90 % intervals."""
    table = shared_data.fund_flows()
    days, flows = table["day"].to_list(), table["redeemed"].to_list()
    settings = Forecaster(holidays=HOLIDAYS, make_up_days=MAKE_UP_DAYS)
    errors: dict[str, list[float]] = {}
    intervals = Intervals()
    first = days.index(TUNED_UNTIL)
    for at in range(first, len(days) - AHEAD + 1):
        known, past = days[:at], flows[:at]
        seen = np.array(flows[at : at + AHEAD])
        ours = forecast(known, past, coverage=COVERAGE, forecaster=settings)
        contestants = {
            "forecast": [one.expected for one in ours],
            "seasonal naive": seasonal_naive(past),
            "weekday means, 4 weeks": weekday_means(known, past, weeks=4),
            "weekday means, 8 weeks": weekday_means(known, past, weeks=8),
            "weekday means, all": weekday_means(known, past),
        }
        for name, expected in contestants.items():
            errors.setdefault(name, []).append(_error(expected, seen))
        intervals.take(ours, seen)
    return {
        "origins": len(errors["forecast"]),
        "error": {name: round(float(np.mean(every)), 4) for name, every in errors.items()},
        "coverage_claimed": COVERAGE,
        "coverage_seen": intervals.figures()["coverage"],
        "intervals": intervals.figures(),
    }
