"""A score trained in time order against the Chinese lending platforms that failed.

Ratings of a month are taken as known at its end; a platform is positive if it failed in the 365
days after. Months after 2016-12 are left out, because what came of them is not all known. Names
are compared without blanks and case.

What must be said first: of 130 rated platforms only five are among the 3,664 failures, four of them
within a year of a rating, and all of these were rated in the first five months, before any of them
had failed. So at the months that decide the area under the curve no failure could have been learned
from. `fengkong.credit.peers` therefore begins with what the literature expects (one unit of weight
each) and moves as failures become known; every month is judged by the score fitted on what was
known at its end. Without those expectations (`no expectations`) training has nothing to go by.
The level of a month's odds is left out of all comparisons: it falls as months without failures
pass, which would flatter the score in months that came early.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.early_warning import shared_data
from fengkong.credit.peers import EXPECTED, YEAR_DAYS, PeerScore, fitted, inputs, places
from fengkong.indicators.assessment import Value, assess
from fengkong.indicators.backtest import Alarm, alarms_of
from fengkong.indicators.level import Level
from fengkong.indicators.thresholds import DatedRule, Direction, EwmaChart, Thresholds

Floats = NDArray[np.float64]
LAST_MONTH: Final = date(2016, 12, 31)


def failures() -> pl.DataFrame:
    """platform (its key), failed_on: the first failure of each."""
    failed = shared_data.failures().sort("failed_on").unique("key", keep="first")
    return failed.select(pl.col("key").alias("platform"), "failed_on")


def panel() -> pl.DataFrame:
    """A row for each rated platform and month: places, `failed`, `days_to_failure`."""
    rated = shared_data.ratings().rename({"key": "platform", "month_end": "day"})
    stood = places(rated).join(failures(), on="platform", how="left")
    after = (pl.col("failed_on") - pl.col("day")).dt.total_days()
    table = stood.with_columns(
        after.is_between(1, YEAR_DAYS).fill_null(value=False).alias("failed"),
        after.alias("days_to_failure"),
    )
    return table.filter(pl.col("day") <= LAST_MONTH).sort("day", "platform")


def in_time_order(table: pl.DataFrame, *, doubt: float = 1.0) -> Floats:
    """Each row's log odds without the level, by the score fitted at the end of its month."""
    failed, bare = failures(), table.select("platform", "day", *inputs())
    found: Floats = np.zeros(table.height)
    for month in bare["day"].unique().sort():
        score = fitted(bare, failed, known_until=month, doubt=doubt)
        now = (table["day"] == month).to_numpy()
        weights = np.array([score.weights[name] for name in inputs()])
        found[now] = bare.filter(now).select(inputs()).to_numpy() @ weights
    return found


def figures(*, draws: int = 500) -> dict[str, Any]:
    """Areas under the curve with intervals over platforms, and lead times."""
    table = panel()
    unfitted = sum(sign * table[f"place_{part}"].to_numpy() for part, sign in EXPECTED.items())
    contestants: dict[str, Floats] = {
        "published score": -table["score"].to_numpy(),
        "published score, place in its month": -table["place_score"].to_numpy(),
        "expectations alone, not fitted": np.asarray(unfitted),
        "fitted in time order": in_time_order(table),
    }
    ours = contestants["fitted in time order"]
    table = table.with_columns(
        pl.Series("ours", ours), pl.Series("theirs", contestants["published score"])
    )
    placed = table.with_columns((pl.col("ours").rank() / pl.len()).over("day").alias("place"))
    hits = placed.filter("failed")
    return {
        "rows": table.height,
        "platforms": table["platform"].n_unique(),
        "positive_rows": hits.height,
        "positive_platforms": hits["platform"].n_unique(),
        "auc": {name: _area(table, values) for name, values in contestants.items()},
        "auc_within_months": {
            name: round(within_months(table, values), 3) for name, values in contestants.items()
        },
        "auc_interval_95": _interval(table, draws=draws, of=lambda one: one["ours"]),
        "gain_on_published_interval_95": _gain(table, draws=draws),
        "lead_days_median": int(np.median(hits["days_to_failure"].to_numpy())),
        "warned_in_worst_third": f"{hits.filter(pl.col('place') > 2 / 3).height} of {hits.height}",
        "other_doubts": {
            str(doubt): _area(table, in_time_order(table, doubt=doubt)) for doubt in (0.5, 2.0)
        },
    }


def _area(table: pl.DataFrame, values: Floats) -> float:
    return round(float(roc_auc_score(table["failed"].to_numpy(), values)), 3)


def within_months(table: pl.DataFrame, values: Floats) -> float:
    """The share of pairs of the same month in which the one that failed stands worse."""
    failed, days = table["failed"].to_numpy(), table["day"].to_numpy()
    better = pairs = 0.0
    for at in np.flatnonzero(failed):
        others = values[(days == days[at]) & ~failed]
        better += float((others < values[at]).sum() + 0.5 * (others == values[at]).sum())
        pairs += others.size
    return better / pairs


def _draws(table: pl.DataFrame, *, draws: int) -> list[pl.DataFrame]:
    """Draws of whole platforms with replacement that hold a failure."""
    groups = table.partition_by("platform")
    rng = np.random.default_rng(20171231)
    found = [
        pl.concat([groups[at] for at in rng.integers(0, len(groups), len(groups))])
        for _ in range(draws)
    ]
    return [one for one in found if one["failed"].any()]


def _interval(
    table: pl.DataFrame, *, draws: int, of: Callable[[pl.DataFrame], pl.Series]
) -> list[float]:
    areas = [_area(one, of(one).to_numpy()) for one in _draws(table, draws=draws)]
    return [round(float(edge), 3) for edge in np.quantile(areas, (0.025, 0.975))]


def _gain(table: pl.DataFrame, *, draws: int) -> list[float]:
    gains = [
        _area(one, one["ours"].to_numpy()) - _area(one, one["theirs"].to_numpy())
        for one in _draws(table, draws=draws)
    ]
    return [round(float(edge), 3) for edge in np.quantile(gains, (0.025, 0.975))]


def shipped() -> PeerScore:
    """The score of packs/peers: fitted on all that the data says until its last day."""
    rated = shared_data.ratings().rename({"key": "platform", "month_end": "day"})
    return fitted(places(rated), failures(), known_until=date(2017, 12, 31))


def wave() -> dict[str, Any]:
    """Failures by month on a control chart, of the whole, of regions and of causes."""
    failed = shared_data.failures().with_columns(
        pl.col("failed_on").dt.truncate("1mo").alias("month")
    )
    span = pl.date_range(failed["month"].min(), failed["month"].max(), "1mo", eager=True)
    inside = failed.filter(pl.col("month").is_between(date(2015, 1, 1), date(2016, 12, 31)))
    values = _monthly(failed, span)
    peak = max(values, key=lambda one: one.value or 0.0)

    def largest(column: str, most: int) -> dict[str, int]:
        table = inside.drop_nulls(column)[column].value_counts(sort=True).head(most)
        return dict(table.iter_rows())

    found: dict[str, Any] = {
        "alarms": [_told(one) for one in _alarms(values)],
        "peak": f"{peak.day:%Y-%m}: {peak.value:.0f} failures",
        "failures_2015_16": inside.height,
        "failures_in_all": failed.height,
    }
    for column, name in (("region", "regions"), ("cause", "causes")):
        found[name] = {
            part: {
                "failures": count,
                "alarms_2015_16": [
                    _told(one)
                    for one in _alarms(_monthly(failed.filter(pl.col(column) == part), span))
                    if one.end >= date(2015, 1, 1) and one.start <= date(2016, 12, 31)
                ],
            }
            for part, count in largest(column, 5).items()
        }
    return found


def _monthly(failed: pl.DataFrame, span: pl.Series) -> list[Value]:
    counts = dict(failed.group_by("month").len().iter_rows())
    return [Value(month, float(counts.get(month, 0))) for month in span]


def _alarms(values: list[Value]) -> list[Alarm]:
    """Orange and worse, by the chart of ``credit.peer_failures_chart``."""
    chart = EwmaChart(weight=0.3, yellow=2.0, orange=3.0, red=5.0, baseline=12, guard=3, least=6)
    thresholds = Thresholds(
        Direction.ABOVE, (DatedRule(date(2000, 1, 1), chart, "as credit.peer_failures_chart"),)
    )
    assessed, _ = assess(values, thresholds=thresholds)
    return alarms_of(assessed, at_least=Level.ORANGE, gap_days=62)


def _told(one: Alarm) -> str:
    return f"{one.start:%Y-%m} to {one.end:%Y-%m} {one.level}"
