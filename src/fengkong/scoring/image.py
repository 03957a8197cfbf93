"""From trees to the words that the kernel walks over.

Every split becomes the question ``value of slot <= threshold``. A missing value compares as false
and goes to `no`. Where the tree sends it left, the slot of the input's negative is asked whether
``-x <= -next(t)``, which is ``x > t``, with the children exchanged. Inputs for which zero is
missing have slots in which zero is replaced by a missing value. A set of categories has a slot
that is 0 if the row's category is in it and 1 if not, filled from a table of bits by category. A
leaf asks whether zero is at most infinity, which it is, and so leads back to itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring import kernel
from fengkong.scoring.calibration import Calibration
from fengkong.scoring.trees import (
    CATEGORICAL,
    DEFAULT_LEFT,
    MISSING_ZERO,
    Tree,
    depth_of,
    goes_left_when_missing,
)

Words = NDArray[np.uint64]
SLOTS_MAX: Final = (1 << kernel.SLOT_BITS) - 1
_WORD: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How the sum of the leaves becomes a probability.

    `factor` is LightGBM's sigmoid; the sum is divided by `divisor` first; an isolation forest's is
    ``2 ** x`` instead of the logistic function.
    """

    factor: float = 1.0
    divisor: float = 1.0
    isolation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The words of a model, and where in them the nodes and leaves of its trees stand.

    `places` int64[nodes + leaves] a tree: first its nodes, then its leaves; all are below `end`.
    `scratch` is how many numbers of room the kernel needs.
    """

    words: Words
    places: tuple[NDArray[np.int64], ...]
    end: int
    scratch: int

    @property
    def numbers(self) -> NDArray[np.float64]:
        """The same memory, read as numbers."""
        return self.words.view(np.float64)


def image_of(
    trees: Sequence[Tree],
    *,
    inputs: int,
    link: Link,
    calibration: Calibration | None,
    single: bool = False,
) -> Image:
    """The image of checked trees; `single` rounds inputs to single precision first."""
    sets = _Sets(trees, inputs=inputs)
    head = np.zeros(kernel.HEAD, dtype=np.uint64)
    still = kernel.HEAD  # a leaf for the lanes that lack a tree
    places: list[NDArray[np.int64]] = []
    end = still + kernel.NODE_WIDTH
    for tree in trees:
        places.append(_places(tree, start=end))
        end += kernel.NODE_WIDTH * len(places[-1])
    values = np.zeros(end // kernel.NODE_WIDTH)
    nodes = np.zeros(end, dtype=np.uint64)
    _write_leaf(nodes, still, slot=4 * inputs)
    for number, tree in enumerate(trees):
        _write(tree, number, places[number], nodes, inputs=inputs, sets=sets)
        values[places[number][len(tree.inputs) :] // kernel.NODE_WIDTH] = tree.values
    nodes[: kernel.HEAD] = 0
    parts: list[Words] = [head, nodes[kernel.HEAD :], values.view(np.uint64)]
    head[kernel.H_VALUES] = end
    nodes_end, end = end, end + len(values)
    roots = [int(place[0]) for place in places]
    groups = list(_groups(trees, roots, padding=still))
    parts.append(np.array(groups, dtype=np.uint64).ravel())
    head[kernel.H_GROUPS], head[kernel.H_GROUP_COUNT] = end, len(groups)
    end += len(parts[-1])
    parts.append(sets.words(start=end))
    head[kernel.H_SETS], head[kernel.H_SET_COUNT] = end, len(sets.by_input)
    end += len(parts[-1])
    facts = _facts(link, calibration)
    parts.append(facts.view(np.uint64))
    head[kernel.H_FACTS], head[kernel.H_KNOTS] = end, end + 4
    head[kernel.H_KNOT_COUNT] = (len(facts) - 4) // 2
    head[kernel.H_INPUTS], head[kernel.H_TREES] = inputs, len(trees)
    head[kernel.H_SLOTS], head[kernel.H_SINGLE] = sets.slots, single
    head[kernel.H_ZERO_APART] = any(_zero_apart(tree) for tree in trees)
    head[kernel.H_LINK] = kernel.LINK_ISOLATION if link.isolation else kernel.LINK_LOGISTIC
    if calibration is not None:
        head[kernel.H_CALIBRATION] = kernel.KNOTS if calibration.knots else kernel.PLATT
    return Image(
        words=np.concatenate(parts),
        places=tuple(places),
        end=nodes_end,
        scratch=sets.slots + len(trees) + 1,
    )


def _zero_apart(tree: Tree) -> bool:
    """Whether a node of numbers takes zero for missing."""
    return bool(np.isin(tree.decisions & ~DEFAULT_LEFT, MISSING_ZERO).any())


def _facts(link: Link, calibration: Calibration | None) -> NDArray[np.float64]:
    facts = [link.factor, link.divisor, 0.0, 0.0]
    if calibration is not None:
        facts[2:] = [calibration.slope, calibration.offset]
        facts += [*calibration.knots, *calibration.heights]
    return np.array(facts, dtype=np.float64)


def _groups(trees: Sequence[Tree], starts: Sequence[int], *, padding: int) -> Iterator[list[int]]:
    """Eight trees at a time, those of a depth together; what is lacking stands still."""
    depths = [depth_of(tree) for tree in trees]
    order = sorted(range(len(trees)), key=lambda t: (depths[t], t))
    for first in range(0, len(order), kernel.LANES):
        group = order[first : first + kernel.LANES]
        lacking = kernel.LANES - len(group)
        roots = [starts[t] for t in group] + [padding] * lacking
        yield [max(depths[t] for t in group), *roots, *group, *[len(trees)] * lacking]


def _places(tree: Tree, *, start: int) -> NDArray[np.int64]:
    """Where nodes and leaves stand: the root, then the pairs of children, level by level."""
    nodes = len(tree.inputs)
    left, right = tree.left.tolist(), tree.right.tolist()
    places = np.empty(nodes + len(tree.values), dtype=np.int64)
    places[0] = start
    at, level = start + kernel.NODE_WIDTH, [0] if nodes else []
    while level:
        below: list[int] = []
        for node in level:
            for child in _in_order(tree, node, left[node], right[node]):
                places[child if child >= 0 else nodes + ~child] = at
                at += kernel.NODE_WIDTH
                if child >= 0:
                    below.append(child)
        level = below
    return places


def _in_order(tree: Tree, node: int, left: int, right: int) -> tuple[int, int]:
    """The child that `yes` leads to, then the other."""
    decision = int(tree.decisions[node])
    if decision & CATEGORICAL:
        return left, right
    swapped = goes_left_when_missing(decision, float(tree.thresholds[node]))
    return (right, left) if swapped else (left, right)


def _write(
    tree: Tree,
    number: int,
    places: NDArray[np.int64],
    words: Words,
    *,
    inputs: int,
    sets: _Sets,
) -> None:
    """Write the nodes of a tree and its leaves to their places."""
    nodes, numbers = len(tree.inputs), words.view(np.float64)
    left, right = tree.left.tolist(), tree.right.tolist()
    for k, at in enumerate(places.tolist()):
        if k >= nodes:
            _write_leaf(words, at, slot=4 * inputs)
            continue
        decision, threshold = int(tree.decisions[k]), float(tree.thresholds[k])
        yes, _ = _in_order(tree, k, left[k], right[k])
        slot = int(tree.inputs[k]) + (2 * inputs if decision & 12 == MISSING_ZERO else 0)
        if decision & CATEGORICAL:
            slot, bound = sets.slot(number, int(threshold)), 0.5
        elif goes_left_when_missing(decision, threshold):
            slot, bound = slot + inputs, -math.nextafter(threshold, math.inf)
        else:
            bound = threshold
        follower = int(places[yes if yes >= 0 else nodes + ~yes])
        words[at], numbers[at + 1] = slot | follower << kernel.SLOT_BITS, bound


def _write_leaf(words: Words, at: int, *, slot: int) -> None:
    words[at], words.view(np.float64)[at + 1] = slot | at << kernel.SLOT_BITS, math.inf


class _Sets:
    """The sets of categories that nodes ask for, by input, each with a slot of its own."""

    def __init__(self, trees: Sequence[Tree], *, inputs: int) -> None:
        self.by_input: dict[int, list[tuple[int, ...]]] = {}
        self._first = 4 * inputs + 1
        asked = [
            (int(tree.inputs[k]), number, int(tree.thresholds[k]))
            for number, tree in enumerate(trees)
            for k in np.flatnonzero(tree.decisions & CATEGORICAL).tolist()
        ]
        self._slots: dict[tuple[int, int], int] = {}
        for slot, (one, number, index) in enumerate(sorted(asked), self._first):
            self._slots[number, index] = slot
            self.by_input.setdefault(one, []).append(trees[number].categories[index])
        self.slots = self._first + len(asked)

    def slot(self, number: int, index: int) -> int:
        """The slot of a tree's set."""
        return self._slots[number, index]

    def words(self, *, start: int) -> Words:
        """What the kernel reads of the sets, as it stands from `start`."""
        heads: list[list[int]] = []
        tables: list[Words] = []
        slot, at = self._first, start + kernel.SET_WIDTH * len(self.by_input)
        for one, sets in self.by_input.items():
            table = _bits(sets)
            heads.append([one, slot, len(sets), len(table), at, table.shape[1]])
            slot += len(sets)
            at += table.size
            tables.append(table.ravel())
        head = np.array(heads, dtype=np.uint64).ravel()
        return np.concatenate([head, *tables]) if heads else np.empty(0, dtype=np.uint64)


def _bits(sets: Sequence[tuple[int, ...]]) -> Words:
    """uint64[codes, words]: bit j of a code's row says whether it is in set j."""
    rows = 1 + max((code for codes in sets for code in codes), default=-1)
    table = np.zeros((rows, -(-len(sets) // _WORD)), dtype=np.uint64)
    for j, codes in enumerate(sets):
        at = np.array(sorted(set(codes)), dtype=np.int64)
        table[at, j // _WORD] |= np.uint64(1 << (j % _WORD))
    return table
