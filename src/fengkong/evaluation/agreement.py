"""How far two people who judged the same things agree beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fengkong.evaluation.intervals import Z_95, Proportion, proportion
from fengkong.evaluation.report import Report


class Agreement(Report, frozen=True, kw_only=True):
    """Two judges over the same things.

    `same` is the share that both judged alike. `kappa` (J. Cohen, 1960) is 0 for agreement by
    chance and 1 for full agreement, with its 95 % interval by the large-sample variance of Fleiss,
    Cohen and Everitt (1969); all three are None where both judges know one answer only.
    """

    same: Proportion
    kappa: float | None
    low: float | None
    high: float | None


def agreement(table: Sequence[Sequence[int]]) -> Agreement:
    """The agreement of a square table: rows are the first judge's answers, columns the second's."""
    counts = np.asarray(table, dtype=np.float64)
    assert counts.ndim == 2, "rows and columns"
    assert counts.shape[0] == counts.shape[1], "both judges have the same answers"
    total = int(counts.sum())
    same = proportion(round(float(np.trace(counts))), total)
    if total == 0:
        return Agreement(same=same, kappa=None, low=None, high=None)
    shares = counts / total
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    seen, chance = float(np.trace(shares)), float(rows @ columns)
    if math.isclose(chance, 1.0):
        return Agreement(same=same, kappa=None, low=None, high=None)
    kappa = (seen - chance) / (1.0 - chance)
    marginal = columns[:, None] + rows[None, :]  # of row i and column j: column i and row j
    on = float((np.diag(shares) * (1.0 - np.diag(marginal) * (1.0 - kappa)) ** 2).sum())
    apart = shares * marginal**2
    off = (1.0 - kappa) ** 2 * float(apart.sum() - np.trace(apart))
    middle = (kappa - chance * (1.0 - kappa)) ** 2
    variance = max(0.0, on + off - middle) / (total * (1.0 - chance) ** 2)
    half = Z_95 * math.sqrt(variance)
    return Agreement(
        same=same, kappa=kappa, low=max(-1.0, kappa - half), high=min(1.0, kappa + half)
    )
