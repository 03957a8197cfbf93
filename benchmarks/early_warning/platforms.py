"""A score out of published ratings against the Chinese lending platforms that failed.

Ratings of a month are taken as known at its end; a platform is positive if it failed in the 365
days after. Months after 2016-12 are left out, because what came of them is not all known. Names
are compared without blanks and case. What must be said first: of 130 rated platforms only five are
among the 3,664 failures, four of them within a year of a rating, all in the first five months. So
no model can be *trained* on failures that were known before those it is tested on. Two things are
done instead:

* a score without training: the mean of the ranks, within the month, of inflow, liquidity,
  term, rate and the published score, each with the sign it has in the literature (a
  high rate is bad, everything else good);
* a model trained in time order on the nearest label there is enough of: leaving the ratings within
  a year (renamed platforms excepted); it is fitted on months whose year had ended, and tested on
  later ones.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.early_warning import shared_data
from fengkong.indicators.assessment import Value, assess
from fengkong.indicators.backtest import alarms_of
from fengkong.indicators.level import Level
from fengkong.indicators.thresholds import DatedRule, Direction, EwmaChart, Thresholds

SIGNS: Final = {"score": -1.0, "inflow": -1.0, "liquidity": -1.0, "term": -1.0, "rate": 1.0}
YEAR: Final = timedelta(days=365)
LAST_MONTH: Final = date(2016, 12, 31)
RENAMED: Final = {"陆金所", "翼龙贷网"}


def panel() -> pl.DataFrame:
    """A row for each rated platform and month: ranks, `warning` (0 to 1), `failed`, `left`."""
    rated = shared_data.ratings()
    failed = shared_data.failures().sort("failed_on").unique("key", keep="first")
    last = rated.group_by("key").agg(pl.col("month_end").max().alias("last_rated"))
    table = rated.join(failed.select("key", "failed_on"), on="key", how="left").join(last, on="key")
    after = (pl.col("failed_on") - pl.col("month_end")).dt.total_days()
    gone = pl.col("last_rated") < pl.col("month_end") + pl.duration(days=YEAR.days)
    ranks = [
        (((pl.col(part) * sign).rank() - 0.5) / pl.col(part).count())
        .over("month_end")
        .fill_null(0.5)
        .alias(f"rank_{part}")
        for part, sign in SIGNS.items()
    ]
    table = table.with_columns(
        *ranks,
        after.is_between(1, YEAR.days).fill_null(value=False).alias("failed"),
        (gone & ~pl.col("name").is_in(list(RENAMED))).alias("left"),
        after.alias("days_to_failure"),
    )
    parts = [f"rank_{part}" for part in SIGNS]
    table = table.with_columns(pl.mean_horizontal(parts).alias("warning"))
    return table.filter(pl.col("month_end") <= LAST_MONTH).sort("month_end", "key")


def figures(*, draws: int = 500) -> dict[str, Any]:
    """Areas under the curve, with intervals over platforms; lead times; the model of exits."""
    table = panel()
    truth = table["failed"].to_numpy()
    warning, score = table["warning"].to_numpy(), -table["score"].to_numpy()
    hits = table.filter("failed")
    top = table.with_columns(
        (pl.col("warning").rank() / pl.len()).over("month_end").alias("place")
    ).filter("failed")
    warned = top.filter(pl.col("place") > 2 / 3)
    return {
        "rows": table.height,
        "platforms": table["key"].n_unique(),
        "positive_rows": int(truth.sum()),
        "positive_platforms": hits["key"].n_unique(),
        "auc_score_alone": round(float(roc_auc_score(truth, score)), 3),
        "auc_score_rank_in_month": round(
            float(roc_auc_score(truth, table["rank_score"].to_numpy())), 3
        ),
        "auc_warning": round(float(roc_auc_score(truth, warning)), 3),
        "auc_warning_interval_95": _interval(table, draws=draws),
        "lead_days_median": int(np.median(hits["days_to_failure"].to_numpy())),
        "warned_in_worst_third": f"{warned.height} of {top.height}",
        "exits": exits(table),
    }


def _interval(table: pl.DataFrame, *, draws: int) -> list[float]:
    """The middle 95 % of the area over draws of platforms with replacement."""
    groups = table.partition_by("key")
    rng = np.random.default_rng(20171231)
    found = []
    for _ in range(draws):
        drawn = pl.concat([groups[at] for at in rng.integers(0, len(groups), len(groups))])
        truth = drawn["failed"].to_numpy()
        if truth.any():
            found.append(roc_auc_score(truth, drawn["warning"].to_numpy()))
    return [round(float(edge), 3) for edge in np.quantile(found, (0.025, 0.975))]


def exits(table: pl.DataFrame) -> dict[str, Any]:
    """The model of leaving the ratings: fitted again each month on months whose year had ended."""
    parts = [f"rank_{part}" for part in SIGNS]
    truths, ours, theirs = [], [], []
    for (month,), now in table.group_by("month_end", maintain_order=True):
        assert isinstance(month, date)
        past = table.filter(pl.col("month_end") <= month - YEAR)
        if past["left"].sum() < 10:
            continue
        model = LogisticRegression(C=1.0).fit(past[parts].to_numpy(), past["left"].to_numpy())
        truths.append(now["left"].to_numpy())
        ours.append(model.predict_proba(now[parts].to_numpy())[:, 1])
        theirs.append(now["rank_score"].to_numpy())
    truth = np.concatenate(truths)
    return {
        "months_tested": len(truths),
        "positive_rows": int(truth.sum()),
        "auc_model": round(float(roc_auc_score(truth, np.concatenate(ours))), 3),
        "auc_score_alone": round(float(roc_auc_score(truth, np.concatenate(theirs))), 3),
    }


def wave() -> dict[str, Any]:
    """Failures by month on a control chart: when it turned orange, the peak, regions and causes."""
    failed = shared_data.failures().with_columns(
        pl.col("failed_on").dt.truncate("1mo").alias("month")
    )
    monthly = failed.group_by("month").len().sort("month")
    span = pl.date_range(monthly["month"][0], monthly["month"][-1], "1mo", eager=True)
    counts = dict(monthly.iter_rows())
    values = [Value(month, float(counts.get(month, 0))) for month in span]
    chart = EwmaChart(weight=0.3, yellow=2.0, orange=3.0, red=5.0, baseline=12, guard=3, least=6)
    thresholds = Thresholds(
        Direction.ABOVE, (DatedRule(date(2000, 1, 1), chart, "as credit.peer_failures_chart"),)
    )
    assessed, _ = assess(values, thresholds=thresholds)
    alarms = alarms_of(assessed, at_least=Level.ORANGE, gap_days=62)
    peak = max(values, key=lambda one: one.value or 0.0)
    inside = failed.filter(pl.col("month").is_between(date(2015, 1, 1), date(2016, 12, 31)))

    def shares(column: str, most: int) -> dict[str, int]:
        table = inside.drop_nulls(column)[column].value_counts(sort=True).head(most)
        return dict(table.iter_rows())

    return {
        "alarms": [f"{one.start:%Y-%m} to {one.end:%Y-%m} {one.level}" for one in alarms],
        "peak": f"{peak.day:%Y-%m}: {peak.value:.0f} failures",
        "failures_2015_16": inside.height,
        "failures_in_all": failed.height,
        "regions": shares("region", 5),
        "causes": shares("cause", 5),
    }
