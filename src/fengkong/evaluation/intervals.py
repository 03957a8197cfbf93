"""How sure a figure is: intervals of 95 %, and tests for pairs."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.evaluation.report import Report

Z_95: Final = 1.959963984540054
ROUNDS: Final = 1000
_CELLS_MAX: Final = 4_000_000
_TAIL: Final = 2.5

Floats = NDArray[np.float64]


class Proportion(Report, frozen=True, kw_only=True):
    """A share with Wilson's 95 % interval; all three are None where there is nothing to share."""

    count: int
    total: int
    value: float | None
    low: float | None
    high: float | None


class Estimate(Report, frozen=True, kw_only=True):
    """A figure with its 95 % bootstrap interval; the interval is None where it says nothing."""

    value: float | None
    low: float | None = None
    high: float | None = None


def proportion(count: int, total: int) -> Proportion:
    """A share of counts with Wilson's interval, which stays honest for few and for extreme ones."""
    assert 0 <= count <= total, "a part is not larger than the whole"
    if total == 0:
        return Proportion(count=0, total=0, value=None, low=None, high=None)
    share, square = count / total, Z_95 * Z_95
    middle = (share + square / (2 * total)) / (1 + square / total)
    spread = math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    half = Z_95 * spread / (1 + square / total)
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == total else min(1.0, middle + half)
    return Proportion(count=count, total=total, value=share, low=low, high=high)


def resampled_totals(sums: Floats, *, clusters: int, seed: int, rounds: int = ROUNDS) -> Floats:
    """Totals of clusters drawn with replacement: float64[rounds, figures].

    sums float64[k, figures] holds the clusters that are not all zero, of `clusters` in all; the
    others are drawn together, since they add nothing.
    """
    present, figures = sums.shape
    assert present <= clusters, "the clusters with money are some of all"
    totals = np.zeros((rounds, figures))
    if not present:
        return totals
    dice = np.random.default_rng(seed)
    shares = np.full(present + 1, 1.0 / clusters)
    shares[-1] = max(0.0, 1.0 - present / clusters)
    shares /= shares.sum()
    step = max(1, _CELLS_MAX // (present + 1))
    for start in range(0, rounds, step):
        count = min(step, rounds - start)
        drawn = dice.multinomial(clusters, shares, size=count)[:, :present]
        totals[start : start + count] = drawn @ sums
    return totals


def major(minor: float, *, digits: int) -> float:
    """An amount in major units, rounded to the digits that its currency has."""
    return float(round(minor / 10.0**digits, digits))


def in_major(one: Estimate, *, digits: int) -> Estimate:
    """An estimate of money in major units."""
    value, low, high = (
        None if part is None else major(part, digits=digits)
        for part in (one.value, one.low, one.high)
    )
    return Estimate(value=value, low=low, high=high)


def estimate(value: float | None, draws: Floats) -> Estimate:
    """A figure with the middle 95 % of its bootstrap draws; draws without a value are left out."""
    known = draws[np.isfinite(draws)]
    if value is None or not len(known):
        return Estimate(value=value)
    low, high = np.percentile(known, [_TAIL, 100 - _TAIL])
    return Estimate(value=value, low=float(low), high=float(high))


def mcnemar(*, only_first: int, only_second: int) -> float | None:
    """The exact two-sided p-value that two judges who disagree so often are equally good."""
    disagreeing = only_first + only_second
    if disagreeing == 0:
        return None
    steps = np.arange(min(only_first, only_second), dtype=np.float64)
    ratios = np.log((disagreeing - steps) / (steps + 1.0))
    terms = np.concatenate([[0.0], np.cumsum(ratios)]) - disagreeing * math.log(2.0)
    return min(1.0, 2.0 * float(np.exp(terms).sum()))
