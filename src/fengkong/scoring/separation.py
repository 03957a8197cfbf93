"""How well numbers tell fraud from good business: figures of a ranking, weighed row by row.

The rows are sorted once; each figure is then a pass over them under any weights, so that a
bootstrap that draws entities is a change of weights and not another sort. Rows with the same
number stand together: no figure depends on the order in which they came.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Rows from the highest number to the lowest, in runs of equal numbers.

    `order` int64[n] are positions of rows; `ends` int64[runs] is where each run ends; `fraud`
    bool[n] is in the rows' own order.
    """

    order: NDArray[np.int64]
    ends: NDArray[np.int64]
    fraud: Truths
    numbers: Floats

    @classmethod
    def of(cls, numbers: Floats, *, fraud: Truths) -> Self:
        """The ranking of numbers float64[n], none of them missing, with their truth bool[n]."""
        assert len(numbers) == len(fraud), "a truth a number"
        assert not np.isnan(numbers).any(), "a missing number has no rank"
        order = np.argsort(-numbers, kind="stable")
        ranked = numbers[order]
        last = np.ones(len(ranked), dtype=np.bool_)
        last[:-1] = ranked[1:] != ranked[:-1]
        return cls(order=order, ends=np.flatnonzero(last), fraud=fraud, numbers=numbers)

    def counts(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Frauds and good rows at or above the number of each run, float64[runs] each."""
        fraud = self.fraud[self.order].astype(np.float64)
        good = 1.0 - fraud
        if weights is not None:
            drawn = weights[self.order]
            fraud, good = fraud * drawn, good * drawn
        return np.cumsum(fraud)[self.ends], np.cumsum(good)[self.ends]

    def thresholds(self) -> Floats:
        """The number of each run, falling."""
        return self.numbers[self.order[self.ends]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Figures of one ranking; None where a class is missing.

    `roc_auc` is the area under the receiver operating characteristic; `average_precision` the sum
    of precisions weighed by the recall each run adds; `ks` the largest distance between the two
    distributions (Kolmogorov and Smirnov).
    """

    roc_auc: float | None
    average_precision: float | None
    ks: float | None


def separation(ranking: Ranking, *, weights: Floats | None = None) -> Separation:
    """The figures under weights float64[n], or with each row counted once."""
    fraud, good = ranking.counts(weights)
    frauds, goods = _last(fraud), _last(good)
    if not frauds or not goods:
        return Separation(roc_auc=None, average_precision=None, ks=None)
    recall, false = fraud / frauds, good / goods
    alarms = fraud + good
    precision = np.divide(fraud, alarms, out=np.zeros_like(fraud), where=alarms > 0)
    steps = np.diff(recall, prepend=0.0)
    widths = np.diff(false, prepend=0.0)
    return Separation(
        roc_auc=float(np.sum(widths * (recall - steps / 2.0))),
        average_precision=float(np.sum(precision * steps)),
        ks=float(np.max(recall - false, initial=0.0)),
    )


def recall_at(
    ranking: Ranking, *, false_positive_rate: float, weights: Floats | None = None
) -> float | None:
    """The most fraud that a limit finds with at most this share of good rows above it."""
    fraud, good = ranking.counts(weights)
    frauds, goods = _last(fraud), _last(good)
    if not frauds or not goods:
        return None
    within = fraud[good <= false_positive_rate * goods]
    return float(within[-1] / frauds) if len(within) else 0.0


def limit_at(ranking: Ranking, *, false_positive_rate: float) -> float:
    """The lowest number whose share of good rows at or above it is at most this rate.

    Infinite where even the highest number has too many.
    """
    _, good = ranking.counts()
    within = np.flatnonzero(good <= false_positive_rate * _last(good))
    return float(ranking.thresholds()[within[-1]]) if len(within) else np.inf


def curve(ranking: Ranking, *, points: int) -> tuple[Floats, Floats, Floats]:
    """False positive rate, recall and precision at some of the limits, at most `points` of each.

    Runs are chosen evenly by recall and by false positive rate, so that both ends are fine.
    """
    fraud, good = ranking.counts()
    frauds, goods = max(_last(fraud), 1.0), max(_last(good), 1.0)
    recall, false = fraud / frauds, good / goods
    wanted = np.linspace(0.0, 1.0, max(2, points // 2))
    chosen = np.unique(
        np.concatenate([np.searchsorted(recall, wanted), np.searchsorted(false, wanted)])
    )
    chosen = chosen[chosen < len(recall)]
    return false[chosen], recall[chosen], (fraud / (fraud + good))[chosen]


def _last(totals: Floats) -> float:
    return float(totals[-1]) if len(totals) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityDays:
    """Entities day by day, each with the highest number that it had on the day.

    `entities` int64[m] are positions of entities; `fraud` bool[m] whether any of its rows of the
    day was fraud; `days` lists a slice of them a day, the highest number first.
    """

    entities: NDArray[np.int64]
    fraud: Truths
    days: tuple[slice, ...]
    count: int

    @classmethod
    def of(
        cls,
        numbers: Floats,
        *,
        fraud: Truths,
        entities: NDArray[Any],
        days: NDArray[np.int64],
    ) -> Self:
        """Rows gathered: numbers float64[n], fraud bool[n], entities and days [n] of any codes.

        Among equal numbers the entity whose row came first stands first.
        """
        names, codes = np.unique(entities, return_inverse=True)
        order = np.lexsort((np.arange(len(numbers)), -numbers, codes, days))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (codes[order][1:] != codes[order][:-1]) | (days[order][1:] != days[order][:-1])
        starts = np.flatnonzero(first)
        bad = np.add.reduceat(fraud[order].astype(np.int64), starts) > 0 if len(starts) else first
        best = order[starts]
        again = np.lexsort((best, -numbers[best], days[best]))
        best, bad = best[again], bad[again]
        bounds = np.flatnonzero(np.diff(days[best])) + 1
        edges = [0, *bounds.tolist(), len(best)]
        return cls(
            entities=codes[best],
            fraud=bad,
            days=tuple(slice(a, b) for a, b in itertools.pairwise(edges) if b > a),
            count=len(names),
        )


def entity_precision(table: EntityDays, *, top: int, weights: Floats | None = None) -> float | None:
    """Of the `top` entities with the highest numbers of a day, the share that is compromised.

    An entity found on one day is taken out of those after it; the figure is the mean over the
    days. It is the card precision of the handbook *Reproducible Machine Learning for Credit Card
    Fraud Detection*, chapter 4. weights float64[entities] draw entities several times.
    """
    if not table.days:
        return None
    drawn = np.ones(table.count) if weights is None else weights
    found = np.zeros(table.count, dtype=np.bool_)
    shares = []
    for day in table.days:
        entities, fraud = table.entities[day], table.fraud[day]
        copies = np.where(found[entities], 0.0, drawn[entities])
        before = np.cumsum(copies) - copies
        taken = np.clip(top - before, 0.0, copies)
        shares.append(float(np.sum(taken[fraud])) / top)
        found[entities[fraud & (taken > 0)]] = True
    return float(np.mean(shares))
