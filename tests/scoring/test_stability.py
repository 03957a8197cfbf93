"""Stability figures: by hand, at their limits, and nothing where nothing moved."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.scoring.stability import (
    Lamp,
    Limits,
    counts_in,
    missing_share,
    shape_of,
    stability_index,
)

COUNTS = st.lists(st.integers(0, 500), min_size=1, max_size=12)


def test_the_index_by_hand() -> None:
    then, now = np.array([50, 50]), np.array([80, 20])
    before, after = [50.5 / 101, 50.5 / 101], [80.5 / 101, 20.5 / 101]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(before, after, strict=True))
    assert stability_index(then, now) == pytest.approx(expected)


@given(COUNTS)
def test_what_has_not_moved_is_stable(counts: list[int]) -> None:
    then = np.array(counts)
    assert stability_index(then, then) == pytest.approx(0.0, abs=1e-12)
    assert stability_index(then, then[::-1].copy()) >= 0.0


def test_a_shift_is_seen_and_a_small_one_is_not() -> None:
    dice = np.random.default_rng(1)
    shape = shape_of(dice.normal(0, 1, 5000))
    same = counts_in(dice.normal(0, 1, 5000), edges=shape.edges)
    moved = counts_in(dice.normal(1, 1, 5000), edges=shape.edges)
    assert stability_index(shape.counts, same) < 0.1
    assert stability_index(shape.counts, moved) > 0.25


def test_missing_values_have_a_bin_of_their_own() -> None:
    values = np.array([1.0, 2.0, np.nan, np.nan])
    shape = shape_of(values, bins=2)
    assert shape.counts[-1] == 2
    assert shape.counts.sum() == 4
    assert missing_share(values) == 0.5
    assert missing_share(values[:0]) == 0.0
    assert shape_of(values[2:]).counts.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("value", "lamp"),
    [(0.0999, Lamp.GREEN), (0.1, Lamp.AMBER), (0.2499, Lamp.AMBER), (0.25, Lamp.RED)],
)
def test_lamps_at_their_limits(value: float, lamp: Lamp) -> None:
    assert Limits(amber=0.1, red=0.25).lamp(value) is lamp
