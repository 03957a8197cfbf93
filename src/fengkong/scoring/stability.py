"""Whether what a model sees today is what it learned from: pure figures with thresholds.

Population stability index: the sum over bins of ``(now - then) * ln(now / then)`` of the shares of
rows. By custom below 0.1 is stable, above 0.25 has shifted (Siddiqi, 2006). Of the score it is PSI,
of one input CSI.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.separation import Floats

_HALF: Final = 0.5


class Lamp(StrEnum):
    """How far a figure is from where it should be."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a figure is amber, and from where on red."""

    amber: float
    red: float

    def lamp(self, value: float) -> Lamp:
        """The lamp of a value; exactly at a limit counts as beyond it."""
        if value >= self.red:
            return Lamp.RED
        return Lamp.AMBER if value >= self.amber else Lamp.GREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How values spread: bins of a reference and the counts in them, the missing ones last.

    `edges` float64[k] rise; bin i takes values above edge i-1 up to edge i; `counts` int64[k + 2].
    """

    edges: Floats
    counts: NDArray[np.int64]


def shape_of(values: Floats, *, bins: int = 10) -> Shape:
    """The shape of values float64[n], in about as many bins of equal counts; NaN is missing."""
    known = values[np.isfinite(values)]
    shares = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    edges = np.unique(np.quantile(known, shares, method="lower")) if len(known) else np.empty(0)
    return Shape(edges=edges, counts=counts_in(values, edges=edges))


def counts_in(values: Floats, *, edges: Floats) -> NDArray[np.int64]:
    """How many values fall into each bin, int64[edges + 2], the missing ones last."""
    known = np.isfinite(values)
    codes = np.full(len(values), len(edges) + 1, dtype=np.int64)
    codes[known] = np.searchsorted(edges, values[known], side="left")
    return np.bincount(codes, minlength=len(edges) + 2)


def stability_index(then: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """The index of two counts of the same bins; half a row is added to each bin of both.

    Zero when the shares are the same; nothing to compare is nothing moved.
    """
    assert then.shape == now.shape, "the same bins on both sides"
    used = (then + now) > 0
    if not then.sum() or not now.sum():
        return 0.0
    before, after = then[used] + _HALF, now[used] + _HALF
    before, after = before / before.sum(), after / after.sum()
    return float(np.sum((after - before) * np.log(after / before)))


def missing_share(values: Floats) -> float:
    """The share of values float64[n] that are missing; none of none."""
    return float(np.mean(~np.isfinite(values))) if len(values) else 0.0
