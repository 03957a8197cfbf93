"""Exact Shapley values of trees, path-dependent, as LightGBM's ``pred_contrib`` has them.

A leaf of value v is reached by the inputs on its way. Let z_i be the share of training rows that
went on along the way at the nodes of input i (a product of cover ratios), and o_i be 1 if the row
goes on at all of them. With the others weighed over all orders (Lundberg et al., 2020), input i
gets from this leaf

    v (o_i - z_i) sum over S of |S|! (d - |S| - 1)! / d! prod_{j in S} o_j prod_{j not in S} z_j

Since k! (d-k-1)! / d! is the integral of t^k (1-t)^(d-1-k) over [0, 1], the sum is the integral of
prod_{j != i} ((1-t) z_j + t o_j), a polynomial of degree d - 1, which Gauss' quadrature with
ceil(d/2) points gives exactly. No term is negative, so nothing cancels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.errors import UnsupportedModelError
from fengkong.scoring.image import Image
from fengkong.scoring.trees import Tree

WAY_MAX: Final = 128
"""Different inputs on the way to one leaf."""
_DIGITS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The arrays of `kernel.explain_row`."""

    steps: NDArray[np.int64]
    ways: NDArray[np.int64]
    shares: NDArray[np.float64]
    points: NDArray[np.float64]


def ways_of(trees: Sequence[Tree], image: Image) -> Ways:
    """The ways to all leaves of all trees."""
    steps: list[int] = [image.end]
    ways: list[int] = [0]
    shares: list[float] = []
    longest = 1
    for tree, places in zip(trees, image.places, strict=True):
        steps += places[: len(tree.inputs)].tolist()
        for leaf, way in _leaves(tree, places.tolist()):
            if len(way) > WAY_MAX:
                raise UnsupportedModelError(f"more than {WAY_MAX} inputs on the way to a leaf")
            longest = max(longest, len(way))
            ways[0] += 1
            ways += [len(way), 2 * ((len(way) + 1) // 2 - 1)]
            shares.append(float(tree.values[leaf]))
            for one, (share, followers) in way.items():
                ways += [one, len(followers), *followers]
                shares.append(share)
    return Ways(
        steps=np.array(steps, dtype=np.int64),
        ways=np.array(ways, dtype=np.int64),
        shares=np.array(shares, dtype=np.float64),
        points=_points(longest),
    )


_Way = dict[int, tuple[float, tuple[int, ...]]]


def _leaves(tree: Tree, places: Sequence[int]) -> Iterator[tuple[int, _Way]]:
    """Every leaf with the inputs on its way: their shares, and the followers of their nodes."""
    nodes = len(tree.inputs)
    asked = tree.inputs.tolist()
    covers, leaf_covers = tree.covers.tolist(), tree.leaf_covers.tolist()
    children = (tree.left.tolist(), tree.right.tolist())
    pending: list[tuple[int, _Way]] = [(0, {})] if nodes else []
    while pending:
        node, way = pending.pop()
        for side in children:
            child = side[node]
            cover = covers[child] if child >= 0 else leaf_covers[~child]
            share, followers = way.get(asked[node], (1.0, ()))
            place = places[child if child >= 0 else nodes + ~child]
            longer = {**way, asked[node]: (share * (cover / covers[node]), (*followers, place))}
            if child >= 0:
                pending.append((child, longer))
            else:
                yield ~child, longer


def _points(longest: int) -> NDArray[np.float64]:
    """Points and weights for all ways: rows 2(m-1) and 2(m-1)+1 are those of m points."""
    most = (longest + 1) // 2
    points = np.zeros((2 * most, max(longest, most)))
    for m in range(1, most + 1):
        places, weights = gauss(m)
        points[2 * m - 2, :m] = places
        points[2 * m - 1, :m] = weights
    return points


@cache
def gauss(m: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Places and weights of Gauss-Legendre quadrature on [0, 1], rounded from 40 digits.

    Computed in decimals so that every machine has the same bits.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        places: list[float] = []
        weights: list[float] = []
        for i in range(m):
            x = Decimal(-math.cos(math.pi * (i + 0.75) / (m + 0.5)))
            for _ in range(8):
                value, slope = _legendre(m, x)
                x -= value / slope
            _, slope = _legendre(m, x)
            places.append(float((x + 1) / 2))
            weights.append(float(1 / ((1 - x * x) * slope * slope)))
    return tuple(places), tuple(weights)


def _legendre(m: int, x: Decimal) -> tuple[Decimal, Decimal]:
    """Legendre's polynomial of degree m and its derivative."""
    before, value = Decimal(1), x
    for k in range(2, m + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, m * (x * value - before) / (x * x - 1)
