"""LightGBM's own text of a model, read into trees.

The format is that of `Booster.model_to_string` (version v4, LightGBM 4): a head of ``key=value``
lines, then one block of them a tree. Numbers have 17 digits, so that they are read back exactly.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.errors import InvalidModelError, UnsupportedModelError
from fengkong.scoring.kernel import LARGEST
from fengkong.scoring.trees import CATEGORICAL, ZERO_MAX, Tree

_OBJECTIVE: Final = re.compile(r"binary sigmoid:([0-9.eE+-]+)")
_BOOSTED: Final = "tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightgbmModel:
    """What LightGBM wrote: its trees, and how their sum becomes a probability."""

    trees: tuple[Tree, ...]
    names: tuple[str, ...]
    sigmoid: float
    averaged: bool


def read_lightgbm(text: str) -> LightgbmModel:
    """The model in a text of LightGBM.

    Raises `UnsupportedModelError` for linear trees, several classes or another objective, and
    `InvalidModelError` for what is no such text.
    """
    head, *blocks = re.split(r"\n(?=Tree=\d+\n)", text.split("\nend of trees", maxsplit=1)[0])
    lines = head.splitlines()
    if not lines or lines[0].strip() != _BOOSTED:
        raise InvalidModelError("not a text of LightGBM")
    facts = _facts(head)
    if facts.get("version") != "v4":
        raise UnsupportedModelError(f"version {facts.get('version')} of LightGBM's format")
    if facts.get("num_class") != "1" or facts.get("num_tree_per_iteration") != "1":
        raise UnsupportedModelError("several classes")
    objective = _OBJECTIVE.fullmatch(facts.get("objective", ""))
    if objective is None:
        raise UnsupportedModelError(f"objective {facts.get('objective', 'none')[:80]}")
    return LightgbmModel(
        trees=tuple(_tree(_facts(block)) for block in blocks),
        names=tuple(facts.get("feature_names", "").split()),
        sigmoid=float(objective[1]),
        averaged="average_output" in lines,
    )


def _facts(block: str) -> dict[str, str]:
    pairs = (line.split("=", maxsplit=1) for line in block.splitlines() if "=" in line)
    return dict(pairs)


def _tree(facts: Mapping[str, str]) -> Tree:
    if facts.get("is_linear", "0") != "0":
        raise UnsupportedModelError("linear trees")
    if facts["num_leaves"] == "1":
        return _stump(facts)
    decisions = _wholes(facts, "decision_type")
    thresholds = _numbers(facts, "threshold")
    numeric = (decisions & CATEGORICAL) == 0
    # LightGBM takes numbers about zero for zero before it asks; here the threshold gives way.
    inside = numeric & (np.abs(thresholds) < ZERO_MAX)
    thresholds = thresholds.clip(-LARGEST, LARGEST)  # infinity parts missing values from others
    thresholds[inside & (thresholds >= 0.0)] = ZERO_MAX
    thresholds[inside & (thresholds < 0.0)] = np.nextafter(-ZERO_MAX, -1.0)
    return Tree(
        inputs=_wholes(facts, "split_feature"),
        thresholds=thresholds,
        decisions=decisions,
        left=_wholes(facts, "left_child"),
        right=_wholes(facts, "right_child"),
        values=_numbers(facts, "leaf_value"),
        covers=_numbers(facts, "internal_count"),
        leaf_covers=_numbers(facts, "leaf_count"),
        categories=_categories(facts),
    )


def _stump(facts: Mapping[str, str]) -> Tree:
    """A tree of one leaf, which asks nothing."""
    none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
    return Tree(
        inputs=none,
        thresholds=nothing,
        decisions=none,
        left=none,
        right=none,
        values=_numbers(facts, "leaf_value"),
        covers=nothing,
        leaf_covers=np.ones(1),
    )


def _wholes(facts: Mapping[str, str], key: str) -> NDArray[np.int64]:
    return np.array([int(one) for one in facts[key].split()], dtype=np.int64)


def _numbers(facts: Mapping[str, str], key: str) -> NDArray[np.float64]:
    return np.array([float(one) for one in facts[key].split()], dtype=np.float64)


def _categories(facts: Mapping[str, str]) -> tuple[tuple[int, ...], ...]:
    """The codes that go left, from 32 bits a word."""
    if facts.get("num_cat", "0") == "0":
        return ()
    words = [int(one) for one in facts["cat_threshold"].split()]
    bounds = [int(one) for one in facts["cat_boundaries"].split()]
    return tuple(
        tuple(
            32 * position + bit
            for position, word in enumerate(words[start:end])
            for bit in range(32)
            if word >> bit & 1
        )
        for start, end in itertools.pairwise(bounds)
    )
