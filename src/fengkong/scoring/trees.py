"""Trees as arrays: checked, compared, and turned to plain data and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.content import Content
from fengkong.scoring.errors import InvalidModelError, ModelTooLargeError
from fengkong.scoring.inputs import CATEGORIES_MAX

TREES_MAX: Final = 20_000
NODES_MAX: Final = 1_000_000
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 4, 8
"""Bits of a node's decision, as LightGBM has them: a missing type is one of three."""
_MISSING: Final = 12
ZERO_MAX: Final = float(np.float32(1e-35))
"""Numbers up to this size are zero to LightGBM."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """One tree: `nodes` decisions and one leaf more.

    `inputs` int64[nodes] is the input a node asks for; `thresholds` float64[nodes]: a value up to
    it goes left; `decisions` int64[nodes] are bits; `left` and `right` int64[nodes] are the next
    node, or ``~leaf``; `values` float64[leaves]; `covers` float64[nodes] and `leaf_covers`
    float64[leaves] are how many rows of the training came by; `categories` holds for each
    categorical node, whose threshold is its index there, the codes that go left.
    """

    inputs: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    decisions: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    values: NDArray[np.float64]
    covers: NDArray[np.float64]
    leaf_covers: NDArray[np.float64]
    categories: tuple[tuple[int, ...], ...] = ()

    def content(self) -> dict[str, Any]:
        """The tree as plain data."""
        return {
            "inputs": self.inputs.tolist(),
            "thresholds": self.thresholds.tolist(),
            "decisions": self.decisions.tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "values": self.values.tolist(),
            "covers": self.covers.tolist(),
            "leaf_covers": self.leaf_covers.tolist(),
            "categories": [list(codes) for codes in self.categories],
        }

    def expected(self) -> float:
        """The mean of the leaves, weighed by how many rows of the training they took."""
        if len(self.inputs) == 0:
            return float(self.values[0])
        total = float(self.covers[0])
        expected = 0.0
        for cover, value in zip(self.leaf_covers.tolist(), self.values.tolist(), strict=True):
            expected += cover / total * value
        return expected


def read_tree(content: Content) -> Tree:
    """A tree from plain data; `check_trees` looks at what it says."""
    codes = content.part("categories")
    if not isinstance(codes, list) or not all(isinstance(one, list) for one in codes):
        raise content.fault("expected lists of codes", key="categories")
    if not all(type(code) is int for one in codes for code in one):
        raise content.fault("a code is a whole number", key="categories")
    tree = Tree(
        inputs=content.wholes("inputs"),
        thresholds=content.numbers("thresholds"),
        decisions=content.wholes("decisions"),
        left=content.wholes("left"),
        right=content.wholes("right"),
        values=content.numbers("values"),
        covers=content.numbers("covers"),
        leaf_covers=content.numbers("leaf_covers"),
        categories=tuple(tuple(one) for one in codes),
    )
    content.nothing_else()
    return tree


def check_trees(trees: Sequence[Tree], *, inputs: int) -> None:
    """Raises an error for the first tree that is none, or that asks for what does not exist."""
    if not 0 < len(trees) <= TREES_MAX:
        raise ModelTooLargeError(f"expected 1 to {TREES_MAX} trees, were {len(trees)}")
    if sum(len(tree.values) for tree in trees) > NODES_MAX:
        raise ModelTooLargeError(f"more than {NODES_MAX} leaves")
    for number, tree in enumerate(trees):
        path = f"$.trees[{number}]"
        for fault in _faults(tree, inputs=inputs):
            raise InvalidModelError(fault, path=path)


def _faults(tree: Tree, *, inputs: int) -> Iterable[str]:
    nodes, leaves = len(tree.inputs), len(tree.values)
    each_node = (tree.thresholds, tree.decisions, tree.left, tree.right, tree.covers)
    if any(len(one) != nodes for one in each_node) or len(tree.leaf_covers) != leaves:
        yield "its lists differ in length"
        return
    if leaves != nodes + 1:
        yield f"{nodes} nodes have {nodes + 1} leaves, not {leaves}"
        return
    for numbers in (tree.thresholds, tree.values, tree.covers, tree.leaf_covers):
        if not np.isfinite(numbers).all():
            yield "a threshold, value or cover is not a finite number"
            return
    if nodes and not (tree.inputs.min() >= 0 and tree.inputs.max() < inputs):
        yield f"a node asks for an input beyond the {inputs} there are"
    if not np.isin(tree.decisions & ~3, (MISSING_NONE, MISSING_ZERO, MISSING_NAN)).all():
        yield "a decision has bits that mean nothing"
    if (tree.covers <= 0).any() or (tree.leaf_covers < 0).any():
        yield "a node that no row of the training reached"
    yield from _category_faults(tree)
    yield from _shape_faults(tree)


def _category_faults(tree: Tree) -> Iterable[str]:
    indexes = tree.thresholds[(tree.decisions & CATEGORICAL) != 0]
    if not np.array_equal(np.sort(indexes), np.arange(len(tree.categories))):
        yield "its categorical nodes and its lists of categories differ"
    for codes in tree.categories:
        if any(not 0 <= code < CATEGORIES_MAX for code in codes):
            yield f"a code of a category is not from 0 to {CATEGORIES_MAX - 1}"


def _shape_faults(tree: Tree) -> Iterable[str]:
    nodes, leaves = len(tree.inputs), len(tree.values)
    children = np.concatenate([tree.left, tree.right])
    if len(children) and not (-leaves <= children.min() and children.max() < nodes):
        yield "a child is neither a node nor a leaf of the tree"
        return
    once = np.sort(children)
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, nodes)])
    if nodes and not np.array_equal(once, expected):
        yield "a node or leaf has no parent, or several"
        return
    left, right = tree.left.tolist(), tree.right.tolist()
    pending, reached = [0] if nodes else [], 0
    while pending:
        node = pending.pop()
        reached += 1
        pending += [child for child in (left[node], right[node]) if child >= 0]
    if reached != nodes:
        yield "its nodes go round in a circle"


def depth_of(tree: Tree) -> int:
    """How many decisions the longest way to a leaf takes."""
    if len(tree.inputs) == 0:
        return 0
    left, right = tree.left.tolist(), tree.right.tolist()
    pending, deepest = [(0, 1)], 0
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        pending += [(child, depth + 1) for child in (left[node], right[node]) if child >= 0]
    return deepest


def goes_left_when_missing(decision: int, threshold: float) -> bool:
    """Where a node of numbers sends a missing value."""
    if decision & _MISSING == MISSING_NONE:
        return threshold >= 0.0  # a missing value is taken for zero
    return bool(decision & DEFAULT_LEFT)
