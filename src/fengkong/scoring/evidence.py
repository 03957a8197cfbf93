"""Scorecards by weight of evidence: bins, points, base odds; scored through trees.

A characteristic's bins cover every value once: ranges of numbers or groups of categories, one for
what is missing. What a bin adds to the log odds of bad is its weight of evidence times the
coefficient of the regression; the points of a bin are the same on the scale of base points, base
odds (good to bad) and points to double the odds (Siddiqi, 2006). `rules.scorecards` are the
additive scorecards that a policy's author writes by hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fengkong.scoring.content import Content
from fengkong.scoring.errors import InvalidModelError
from fengkong.scoring.kernel import LARGEST
from fengkong.scoring.trees import CATEGORICAL, MISSING_NAN, Tree

BINS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """What a bin adds to the log odds of bad, and how many rows of the training fell into it."""

    log_odds: float
    count: float

    def content(self) -> list[float]:
        """The bin as plain data."""
        return [float(self.log_odds), float(self.count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """One input, by its position, in bins.

    Of numbers: `edges` rise, bin i takes what is above edge i-1 up to edge i, the last what is
    above the last edge. Of categories: bin i takes the codes of `groups[i]`, the last, one more,
    all other codes. `missing` is the bin of what is missing (or an unseen word).
    """

    input: int
    bins: tuple[Bin, ...]
    missing: Bin
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()

    def content(self) -> dict[str, Any]:
        """The characteristic as plain data."""
        return {
            "input": self.input,
            "bins": [one.content() for one in self.bins],
            "missing": self.missing.content(),
            "edges": list(map(float, self.edges)),
            "groups": [list(group) for group in self.groups],
        }

    def tree(self) -> Tree:
        """The characteristic as a tree: first whether it is missing, then bin by bin."""
        splits = max(len(self.edges), len(self.groups))
        leaves = [self.missing, *self.bins]
        rest = [sum(one.count for one in leaves[k:]) for k in range(1, splits + 1)]
        total = self.missing.count + sum(one.count for one in self.bins)
        kinds = MISSING_NAN | (CATEGORICAL if self.groups else 0)
        thresholds = list(range(splits)) if self.groups else list(self.edges)
        # node 0: known goes left to node 1 or to the only bin, missing right to leaf 0
        left = [1 if splits else ~1, *[~leaf for leaf in range(1, splits + 1)]]
        right = [~0, *[node + 1 for node in range(1, splits)]]
        if splits:
            right.append(~(splits + 1))
        return Tree(
            inputs=np.full(splits + 1, self.input, dtype=np.int64),
            thresholds=np.array([LARGEST, *thresholds], dtype=np.float64),
            decisions=np.array([MISSING_NAN, *[kinds] * splits], dtype=np.int64),
            left=np.array(left, dtype=np.int64),
            right=np.array(right, dtype=np.int64),
            values=np.array([one.log_odds for one in leaves], dtype=np.float64),
            covers=np.array([total, *rest], dtype=np.float64),
            leaf_covers=np.array([one.count for one in leaves], dtype=np.float64),
            categories=self.groups,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCard:
    """A scorecard: `intercept` is in log odds of bad.

    A customer with odds of good to bad of `base_odds` has `base_points`; twice the odds are
    `pdo` points more.
    """

    intercept: float
    characteristics: tuple[Characteristic, ...]
    base_points: float = 600.0
    base_odds: float = 50.0
    pdo: float = 20.0

    def content(self) -> dict[str, Any]:
        """The card as plain data."""
        return {
            "intercept": float(self.intercept),
            "characteristics": [one.content() for one in self.characteristics],
            "base_points": float(self.base_points),
            "base_odds": float(self.base_odds),
            "pdo": float(self.pdo),
        }

    def trees(self) -> tuple[Tree, ...]:
        """The same card as trees: the intercept, then a tree a characteristic."""
        none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        base = Tree(
            inputs=none,
            thresholds=nothing,
            decisions=none,
            left=none,
            right=none,
            values=np.array([self.intercept]),
            covers=nothing,
            leaf_covers=np.ones(1),
        )
        return (base, *(one.tree() for one in self.characteristics))

    @property
    def factor(self) -> float:
        """Points for one unit of log odds."""
        return self.pdo / math.log(2.0)

    def base(self) -> float:
        """The points that everybody has: those of the intercept."""
        return self.base_points - self.factor * (self.intercept + math.log(self.base_odds))

    def points(self, log_odds: float) -> float:
        """The points that a bin gives; more points are better odds."""
        return -self.factor * log_odds


def check_card(card: EvidenceCard) -> None:
    """Raises `InvalidModelError` for the first thing that a card cannot have."""
    scale = (card.intercept, card.base_points, card.base_odds, card.pdo)
    if not all(map(math.isfinite, scale)) or card.base_odds <= 0.0 or card.pdo <= 0.0:
        raise InvalidModelError("a card's odds and points to double them are above 0")
    if not card.characteristics:
        raise InvalidModelError("a card has characteristics")
    asked = [one.input for one in card.characteristics]
    if len(set(asked)) != len(asked):
        raise InvalidModelError("two characteristics of one input")
    for number, one in enumerate(card.characteristics):
        for fault in _faults(one):
            raise InvalidModelError(fault, path=f"$.characteristics[{number}]")


def _faults(one: Characteristic) -> Iterable[str]:
    numbers = [value for part in (*one.bins, one.missing) for value in (part.log_odds, part.count)]
    if not all(map(math.isfinite, [*numbers, *one.edges])):
        yield "its numbers are finite"
    splits = len(one.groups) or len(one.edges)
    if (one.edges and one.groups) or len(one.bins) != splits + 1 or splits >= BINS_MAX:
        yield f"one bin more than edges or groups, at most {BINS_MAX}"
    if any(a >= b for a, b in zip(one.edges, one.edges[1:], strict=False)):
        yield "its edges rise"
    codes = [code for group in one.groups for code in group]
    if len(set(codes)) != len(codes) or not all(one.groups):
        yield "a category is in one group, and no group is empty"
    filled = one.bins[:-1] if one.groups else one.bins
    if any(part.count <= 0 for part in filled) or one.bins[-1].count < 0 or one.missing.count < 0:
        yield "every bin of known values has rows of the training"


def read_card(content: Content) -> EvidenceCard:
    """A card from plain data."""
    card = EvidenceCard(
        intercept=content.number("intercept"),
        characteristics=tuple(map(_characteristic, content.each("characteristics"))),
        base_points=content.number("base_points"),
        base_odds=content.number("base_odds"),
        pdo=content.number("pdo"),
    )
    content.nothing_else()
    return card


def _characteristic(content: Content) -> Characteristic:
    bins, groups = content.part("bins"), content.part("groups")
    if not isinstance(bins, list) or not isinstance(groups, list):
        raise content.fault("expected lists of bins and groups")
    if not all(isinstance(group, list) and all(type(c) is int for c in group) for group in groups):
        raise content.fault("a group is a list of codes", key="groups")
    read = Characteristic(
        input=content.whole("input"),
        bins=tuple(_bin(one, content) for one in bins),
        missing=_bin(content.part("missing"), content),
        edges=tuple(content.numbers("edges").tolist()),
        groups=tuple(tuple(group) for group in groups),
    )
    content.nothing_else()
    return read


def _bin(data: object, content: Content) -> Bin:
    if not isinstance(data, Sequence) or len(data) != 2:
        raise content.fault("a bin is [log odds, count]", key="bins")
    if not all(type(one) in (int, float) for one in data):
        raise content.fault("a bin is two numbers", key="bins")
    return Bin(log_odds=float(data[0]), count=float(data[1]))
