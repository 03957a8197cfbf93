"""The redemption forecast against weekday means and the seasonal naive, and what it covers.

余额宝, 2013-07 to 2014-06. The settings of `Forecaster` were chosen among 30 on the origins up to
2014-02-28; the figures are of the origins from 2014-03-01 on. Holidays are those that the State
Council had announced before the year began.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any, Final

import numpy as np

from benchmarks.early_warning import shared_data
from fengkong.markets.redemptions import (
    Forecaster,
    forecast,
    seasonal_naive,
    weekday_means,
)

TUNED_FROM: Final = date(2013, 10, 29)
TUNED_UNTIL: Final = date(2014, 3, 1)
AHEAD: Final = 7
COVERAGE: Final = 0.9


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


def figures() -> dict[str, Any]:
    """Errors of the forecast and of those to beat, and the coverage of 90 % intervals."""
    table = shared_data.fund_flows()
    days, flows = table["day"].to_list(), table["redeemed"].to_list()
    settings = Forecaster(holidays=HOLIDAYS, make_up_days=MAKE_UP_DAYS)
    errors: dict[str, list[float]] = {}
    inside: list[bool] = []
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
        inside += [
            one.lower <= flow <= one.upper
            for one, flow in zip(ours, seen, strict=True)
            if one.lower is not None and one.upper is not None
        ]
    return {
        "origins": len(errors["forecast"]),
        "error": {name: round(float(np.mean(every)), 4) for name, every in errors.items()},
        "coverage_claimed": COVERAGE,
        "coverage_seen": round(float(np.mean(inside)), 3),
    }
