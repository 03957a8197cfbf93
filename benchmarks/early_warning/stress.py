"""Known episodes of stress, seen by a rule chosen on earlier days only.

The rule is a quantile of the last 250 trading days (a year was fixed beforehand: a longer window
stays blind for years after a crisis). Its quantile was chosen on the VIX of 1990 to 2007-09 alone:
the highest with which each of six episodes of those years is seen within ten days of its start.
The same rule, unchanged, is then run on the VIX of 2008 to 2016 and on the SHIBOR of 2007-10 to
2012.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from benchmarks.early_warning import shared_data
from fengkong.indicators.assessment import Value
from fengkong.indicators.backtest import Backtest, Episode, backtest
from fengkong.indicators.level import Level
from fengkong.indicators.thresholds import DatedRule, Direction, Quantile, Thresholds

QUANTILES: Final = (0.9, 0.95, 0.97, 0.98, 0.99, 0.995)
LATEST_DAYS: Final = 10
CHOSEN_UNTIL: Final = date(2007, 9, 30)


def _from(year: int, month: int, day: int, *, days: int, title: str) -> Episode:
    start = date(year, month, day)
    return Episode(start, start + timedelta(days=days), title)


EARLY: Final = (
    _from(1990, 8, 2, days=40, title="invasion of Kuwait"),
    _from(1997, 10, 20, days=40, title="Asian crisis"),
    _from(1998, 8, 3, days=90, title="Russia, LTCM"),
    _from(2001, 9, 10, days=40, title="attacks of 2001"),
    _from(2002, 7, 8, days=60, title="WorldCom"),
    _from(2007, 8, 1, days=40, title="quantitative funds"),
)
VIX: Final = (
    _from(2008, 9, 10, days=90, title="2008-09"),
    _from(2010, 5, 3, days=40, title="2010-05"),
    _from(2011, 8, 1, days=90, title="2011-08"),
)
SHIBOR: Final = (
    _from(2007, 10, 15, days=30, title="2007-10"),
    _from(2011, 1, 17, days=25, title="2011-01"),
    _from(2011, 6, 14, days=30, title="2011-06"),
)


def rule(quantile: float) -> Thresholds:
    """Orange at a quantile of the last 250 values, red at twice its distance from the median."""
    held = Quantile(yellow=None, orange=quantile, red_times=2.0, last=250, least=60)
    return Thresholds(Direction.ABOVE, (DatedRule(date(1980, 1, 1), held, "back-test"),))


def run(
    table: pl.DataFrame, column: str, *, quantile: float, episodes: Any, since: date, until: date
) -> Backtest:
    """The rule over a column up to a day, counted from another."""
    rows = table.filter(pl.col("day") <= until).select("day", column).iter_rows()
    return backtest(
        [Value(day, value) for day, value in rows],
        thresholds=rule(quantile),
        episodes=episodes,
        at_least=Level.ORANGE,
        lead_max_days=30,
        gap_days=20,
        since=since,
    )


def choose(table: pl.DataFrame) -> float:
    """The highest quantile with which each early episode is seen within ten days."""
    fitting = []
    for quantile in QUANTILES:
        found = run(
            table,
            "implied_volatility",
            quantile=quantile,
            episodes=EARLY,
            since=date(1990, 7, 1),
            until=CHOSEN_UNTIL,
        )
        leads = [one.lead_days for one in found.caught]
        if all(lead is not None and lead >= -LATEST_DAYS for lead in leads):
            fitting.append(quantile)
    return max(fitting)


def figures() -> dict[str, Any]:
    """The chosen quantile; lead days and false alarms a year afterwards."""
    vix, shibor = shared_data.vix(), shared_data.shibor()
    quantile = choose(vix)
    later = date(2007, 10, 1)
    runs = {
        "VIX": run(
            vix,
            "implied_volatility",
            quantile=quantile,
            episodes=VIX,
            since=date(2008, 1, 1),
            until=date(2016, 12, 31),
        )
    }
    for name, column in (("SHIBOR one week", "week_1"), ("SHIBOR overnight", "overnight")):
        runs[name] = run(
            shibor,
            column,
            quantile=quantile,
            episodes=SHIBOR,
            since=later,
            until=date(2012, 12, 31),
        )
    return {
        "quantile": quantile,
        **{
            name: {
                "lead_days": {one.episode.title: one.lead_days for one in found.caught},
                "levels": {
                    one.episode.title: None if one.alarm is None else str(one.alarm.level)
                    for one in found.caught
                },
                "false_alarms_a_year": round(found.false_alarms_a_year or 0.0, 2),
                "years": round(found.years, 1),
            }
            for name, found in runs.items()
        },
    }
