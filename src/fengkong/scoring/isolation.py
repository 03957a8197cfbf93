"""Isolation forests of scikit-learn, read into trees.

A tree's leaf has minus the length of its way, so that a higher sum is a stranger row; the
similarity to an outlier is ``2 ** (sum / divisor)`` (Liu, Ting and Zhou, 2008), bit for bit
scikit-learn's ``-score_samples``. Like there, inputs are rounded to single precision first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.calibration import Calibration
from fengkong.scoring.errors import InvalidModelError
from fengkong.scoring.trees import DEFAULT_LEFT, MISSING_NAN, Tree

QUANTILES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """The trees of an isolation forest and what their sum is divided by."""

    trees: tuple[Tree, ...]
    divisor: float


def read_isolation_forest(forest: Any) -> Isolation:
    """The trees of a fitted ``sklearn.ensemble.IsolationForest``."""
    trees = tuple(
        _tree(one.tree_, np.asarray(asked))
        for one, asked in zip(forest.estimators_, forest.estimators_features_, strict=True)
    )
    divisor = len(trees) * float(_way_length(np.array([forest.max_samples_]))[0])
    if divisor <= 0.0:
        raise InvalidModelError("an isolation forest needs more than one row of training")
    return Isolation(trees=trees, divisor=divisor)


def quantiles(similarities: NDArray[np.float64]) -> Calibration:
    """A calibration that maps a similarity to the share of given ones that are at most it.

    Up to 1,001 knots at even quantiles; `similarities` are those of rows of normal business,
    float64[n], n at least 2 and not all the same.
    """
    count = min(QUANTILES, max(1, len(similarities) - 1))
    shares = np.arange(count + 1) / count
    knots = np.quantile(similarities, shares, method="lower")
    last = np.flatnonzero(np.append(knots[1:] > knots[:-1], True))
    if len(last) < 2:
        raise InvalidModelError("all similarities are the same: nothing tells rows apart")
    return Calibration(knots=tuple(knots[last].tolist()), heights=tuple(shares[last].tolist()))


def _way_length(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean length of a way in a tree of so many rows, by scikit-learn's formula."""
    lengths = np.zeros(rows.shape)
    lengths[rows == 2] = 1.0
    many = rows > 2
    lengths[many] = (
        2.0 * (np.log(rows[many] - 1.0) + np.euler_gamma) - 2.0 * (rows[many] - 1.0) / rows[many]
    )
    return lengths


def _tree(tree: Any, asked: NDArray[np.int64]) -> Tree:
    """A tree of scikit-learn, whose leaves are nodes with no children."""
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    leaf = left < 0
    place = np.where(leaf, ~(np.cumsum(leaf) - 1), np.cumsum(~leaf) - 1)
    lengths = _depths(left, right) + _way_length(np.asarray(tree.n_node_samples)) - 1.0
    samples = np.asarray(tree.n_node_samples, dtype=np.float64)
    to_left = np.asarray(tree.missing_go_to_left)[~leaf].astype(np.int64)
    return Tree(
        inputs=asked[tree.feature[~leaf]].astype(np.int64),
        thresholds=np.asarray(tree.threshold[~leaf], dtype=np.float64),
        decisions=MISSING_NAN | to_left * DEFAULT_LEFT,
        left=place[left[~leaf]].astype(np.int64),
        right=place[right[~leaf]].astype(np.int64),
        values=-lengths[leaf],
        covers=samples[~leaf],
        leaf_covers=samples[leaf],
    )


def _depths(left: Sequence[int] | NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """How many nodes the way to a node has, itself included; parents stand before children."""
    depths = np.ones(len(right))
    for node, (a, b) in enumerate(zip(left, right, strict=True)):
        if a >= 0:
            depths[a] = depths[b] = depths[node] + 1.0
    return depths
