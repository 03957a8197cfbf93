"""How good a model is on rows it never saw: each figure with the interval that says how sure it is.

Intervals are the middle 95 % of a bootstrap that draws entities, since the rows of one customer
depend on each other; the seed is stated, so that the same rows give the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.evaluation.intervals import Estimate, estimate
from fengkong.evaluation.report import Report
from fengkong.evaluation.training_plan import JudgePart
from fengkong.evaluation.training_table import TrainingTable
from fengkong.scoring.reliability import cost_curve, reliability
from fengkong.scoring.separation import (
    EntityDays,
    Ranking,
    curve,
    entity_precision,
    limit_at,
    recall_at,
    separation,
)

HEADLINE: Final = ("average_precision", "roc_auc", "entity_precision")
"""The figures that the field compares models by."""
ROUNDS: Final = 200
BANDS: Final = 4
_GROUPS_MOST: Final = 20
_POINTS: Final = 200
Floats = NDArray[np.float64]


class SegmentFigures(Report, frozen=True, kw_only=True):
    """One part of the rows under the limit that is the same for all: who is challenged, who hurt.

    `flagged_good` is the share of good rows at or above the limit, `recall` that of frauds.
    """

    segment: str
    group: str
    rows: int
    frauds: int
    roc_auc: float | None
    average_precision: float | None
    flagged_good: float | None
    recall: float | None
    mean_probability: float | None


class ScenarioFigures(Report, frozen=True, kw_only=True):
    """How much of one kind of attack is found at the limit."""

    scenario: str
    frauds: int
    found: int
    recall: float


class CostFigures(Report, frozen=True, kw_only=True):
    """The limit with the lowest cost: money missed and money spent on alerts, in major units."""

    alert_cost: float
    without: float
    lowest: float
    limit: float | None
    share_flagged: float
    saved: float


class Curves(Report, frozen=True, kw_only=True):
    """Points for plots."""

    false_positive_rate: tuple[float, ...]
    recall: tuple[float, ...]
    precision: tuple[float, ...]
    share_flagged: tuple[float, ...]
    cost: tuple[float, ...]
    predicted: tuple[float, ...]
    observed: tuple[float, ...]


class ModelFigures(Report, frozen=True, kw_only=True):
    """Everything that was found on one set of rows.

    `entity_precision` is of the `top` entities a day, `perfect_entity_precision` what knowing the
    truth would reach; `recall` is at `false_positive_rate`, reached at the probability `limit`.
    """

    rows: int
    frauds: int
    entities: int
    first_day: str
    days: int
    seed: int
    rounds: int
    top: int
    false_positive_rate: float
    limit: float | None
    roc_auc: Estimate
    average_precision: Estimate
    entity_precision: Estimate
    perfect_entity_precision: float | None
    ks: Estimate
    recall: Estimate
    brier: float
    log_loss: float
    calibration_error: float
    cost: CostFigures
    scenarios: tuple[ScenarioFigures, ...]
    segments: tuple[SegmentFigures, ...]
    curves: Curves


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Judged rows: probabilities float64[n] beside the truth, in the table's order."""

    table: TrainingTable
    at: NDArray[np.int64]
    probabilities: Floats

    @property
    def fraud(self) -> NDArray[np.bool_]:
        """The truth of each row."""
        return self.table.fraud[self.at]

    @property
    def clusters(self) -> NDArray[np.int64]:
        """What is drawn as a whole: an entity, or a row that has none."""
        entities = self.table.entities[self.at]
        _, codes = np.unique(entities, return_inverse=True)
        alone = np.flatnonzero(entities == 0)
        codes[alone] = codes.max(initial=0) + 1 + np.arange(len(alone))
        _, codes = np.unique(codes, return_inverse=True)
        return codes.astype(np.int64)


def drawn_figures(
    sample: Sample, *, settings: JudgePart, seed: int, rounds: int = ROUNDS
) -> tuple[dict[str, float | None], Floats]:
    """The figures that have intervals, and their bootstrap draws, float64[rounds, figures]."""
    ranking = Ranking.of(sample.probabilities, fraud=sample.fraud)
    view = _EntityView.of(sample, sample.table.days[sample.at])
    values = _figures(ranking, view, settings=settings, weights=None)
    return values, _bootstrap(ranking, view, settings=settings, seed=seed, rounds=rounds)


def judge(sample: Sample, *, settings: JudgePart, seed: int, rounds: int = ROUNDS) -> ModelFigures:
    """All figures of some rows; those that need both classes are None where one is missing."""
    fraud, numbers = sample.fraud, sample.probabilities
    ranking = Ranking.of(numbers, fraud=fraud)
    days = sample.table.days[sample.at]
    values, draws = drawn_figures(sample, settings=settings, seed=seed, rounds=rounds)
    limit = limit_at(ranking, false_positive_rate=settings.false_positive_rate)
    right = reliability(numbers, fraud=fraud)
    perfect = EntityDays.of(
        fraud.astype(np.float64), fraud=fraud, entities=sample.clusters, days=days
    )
    cost, costs = _costs(sample, settings=settings)
    false, recall, precision = curve(ranking, points=_POINTS)
    return ModelFigures(
        rows=len(numbers),
        frauds=int(fraud.sum()),
        entities=int(sample.clusters.max(initial=-1)) + 1,
        first_day=str(np.datetime64(int(days.min()), "D")),
        days=int(days.max() - days.min()) + 1,
        seed=seed,
        rounds=rounds,
        top=settings.top,
        false_positive_rate=settings.false_positive_rate,
        limit=float(limit) if np.isfinite(limit) else None,
        **{
            name: estimate(value, draws[:, index])
            for index, (name, value) in enumerate(values.items())
        },
        perfect_entity_precision=entity_precision(perfect, top=settings.top),
        brier=right.brier,
        log_loss=right.log_loss,
        calibration_error=right.error,
        cost=cost,
        scenarios=_scenarios(sample, limit=limit),
        segments=_segments(sample, settings=settings, limit=limit),
        curves=Curves(
            false_positive_rate=_told(false),
            recall=_told(recall),
            precision=_told(precision),
            share_flagged=_told(costs[0]),
            cost=_told(costs[1]),
            predicted=_told(right.predicted),
            observed=_told(right.observed),
        ),
    )


def _told(numbers: Floats) -> tuple[float, ...]:
    return tuple(float(f"{number:.6g}") for number in numbers.tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntityView:
    """Entities by day, and for each cluster of rows which entity it is."""

    table: EntityDays
    clusters: NDArray[np.int64]

    @classmethod
    def of(cls, sample: Sample, days: NDArray[np.int64]) -> _EntityView:
        clusters = sample.clusters
        table = EntityDays.of(
            sample.probabilities, fraud=sample.fraud, entities=clusters, days=days
        )
        return cls(table=table, clusters=clusters)


def _figures(
    ranking: Ranking, view: _EntityView, *, settings: JudgePart, weights: Floats | None
) -> dict[str, float | None]:
    """The figures that have intervals; weights float64[clusters] say how often each was drawn."""
    rows = None if weights is None else weights[view.clusters]
    found = separation(ranking, weights=rows)
    return {
        "roc_auc": found.roc_auc,
        "average_precision": found.average_precision,
        "entity_precision": entity_precision(view.table, top=settings.top, weights=weights),
        "ks": found.ks,
        "recall": recall_at(
            ranking, false_positive_rate=settings.false_positive_rate, weights=rows
        ),
    }


def _bootstrap(
    ranking: Ranking,
    view: _EntityView,
    *,
    settings: JudgePart,
    seed: int,
    rounds: int,
) -> Floats:
    """Figures of drawn entities, float64[rounds, figures]; NaN where a class was not drawn."""
    dice = np.random.default_rng(seed)
    clusters = view.table.count
    draws = np.full((rounds, 5), np.nan)
    for number in range(rounds):
        drawn = np.bincount(dice.integers(0, clusters, clusters), minlength=clusters)
        values = _figures(ranking, view, settings=settings, weights=drawn.astype(np.float64))
        draws[number] = [np.nan if value is None else value for value in values.values()]
    return draws


def _costs(sample: Sample, *, settings: JudgePart) -> tuple[CostFigures, tuple[Floats, Floats]]:
    found = cost_curve(
        sample.probabilities,
        fraud=sample.fraud,
        amounts=sample.table.amounts[sample.at],
        per_alert=settings.alert_cost,
    )
    best = found.best
    limit = float(found.limits[best])
    figures = CostFigures(
        alert_cost=settings.alert_cost,
        without=float(found.cost[0]),
        lowest=float(found.cost[best]),
        limit=limit if np.isfinite(limit) else None,
        share_flagged=float(found.shares[best]),
        saved=float(found.saved[best]),
    )
    return figures, (found.shares, found.cost)


def _scenarios(sample: Sample, *, limit: float) -> tuple[ScenarioFigures, ...]:
    """Recall by the scenario that the truth names, in the order of names."""
    names, scenarios = sample.table.scenario_names, sample.table.scenarios[sample.at]
    found = []
    for name in sorted(names):
        mine = sample.fraud & (scenarios == names.index(name))
        frauds = int(mine.sum())
        if frauds:
            caught = int((sample.probabilities[mine] >= limit).sum())
            found.append(
                ScenarioFigures(scenario=name, frauds=frauds, found=caught, recall=caught / frauds)
            )
    return tuple(found)


def _segments(sample: Sample, *, settings: JudgePart, limit: float) -> tuple[SegmentFigures, ...]:
    found = []
    for name in settings.segments:
        series = sample.table.segments[name].gather(sample.at.astype(np.uint32))
        for group, mask in _groups(series):
            found.append(_segment(sample, name, group, mask, limit=limit))
    return tuple(found)


def _groups(series: pl.Series) -> list[tuple[str, NDArray[np.bool_]]]:
    """Words as they are (the most frequent ones), numbers in bands of equal counts."""
    missing = series.is_null().to_numpy()
    if series.dtype in (pl.String, pl.Boolean):
        counts = series.drop_nulls().value_counts(sort=True).head(_GROUPS_MOST)
        words: list[Any] = sorted(counts.to_series(0).to_list())
        groups = [
            (str(word).lower(), (series == word).fill_null(False).to_numpy()) for word in words
        ]
    else:
        values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = values[~missing]
        shares = np.linspace(0.0, 1.0, BANDS + 1)[1:-1]
        cuts = np.unique(np.quantile(known, shares)) if len(known) else np.empty(0)
        codes = np.searchsorted(cuts, values, side="left")
        bounds = [None, *cuts.tolist(), None]
        groups = [
            (_band(bounds[code], bounds[code + 1]), ~missing & (codes == code))
            for code in range(len(cuts) + 1)
        ]
    if missing.any():
        groups.append(("missing", missing))
    return groups


def _band(low: float | None, high: float | None) -> str:
    if low is None:
        return "all" if high is None else f"<= {high:.4g}"
    return f"> {low:.4g}" if high is None else f"{low:.4g} .. {high:.4g}"


def _segment(
    sample: Sample, name: str, group: str, mask: NDArray[np.bool_], *, limit: float
) -> SegmentFigures:
    fraud, numbers = sample.fraud[mask], sample.probabilities[mask]
    found = separation(Ranking.of(numbers, fraud=fraud))
    flagged = numbers >= limit
    return SegmentFigures(
        segment=name,
        group=group,
        rows=len(numbers),
        frauds=int(fraud.sum()),
        roc_auc=found.roc_auc,
        average_precision=found.average_precision,
        flagged_good=float(flagged[~fraud].mean()) if (~fraud).any() else None,
        recall=float(flagged[fraud].mean()) if fraud.any() else None,
        mean_probability=float(numbers.mean()) if len(numbers) else None,
    )
