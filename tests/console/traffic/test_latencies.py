"""Latencies in counts: nothing is lost between bounds, and the percentile lies where it must."""

import math
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.traffic.latencies import (
    BOUNDS_S,
    ENOUGH,
    added,
    from_cumulative,
    none,
    p99_ms,
    place_of,
    slow,
    sum_of,
)

SECONDS = st.lists(st.floats(0.0001, 4.9), max_size=400)


def counts_of(seconds: list[float]) -> list[float]:
    counts = none()
    for one in seconds:
        counts[place_of(one)] += 1
    return counts


@given(SECONDS)
def test_the_percentile_is_between_the_bounds_of_the_request_that_has_it(
    seconds: list[float],
) -> None:
    padded = sorted([0.0] * max(0, ENOUGH - len(seconds)) + seconds)
    wanted = padded[math.ceil(0.99 * len(padded)) - 1]
    found = p99_ms(counts_of(seconds)) / 1000
    if wanted == 0:
        assert found == 0
        return
    place = bisect_left(BOUNDS_S, wanted)
    assert (0 if place == 0 else BOUNDS_S[place - 1]) <= found <= BOUNDS_S[place]


@given(SECONDS, SECONDS)
def test_counts_of_parts_are_those_of_the_whole(one: list[float], other: list[float]) -> None:
    assert added(counts_of(one), counts_of(other)) == counts_of(one + other)
    assert sum_of([counts_of(one), [], counts_of(other)]) == counts_of(one + other)
    assert slow(counts_of(one)) == sum(second > 0.1 for second in one)


@given(SECONDS)
def test_a_histogram_by_upper_bound_is_read_back(seconds: list[float]) -> None:
    buckets = {bound: float(sum(one <= bound for one in seconds)) for bound in BOUNDS_S}
    assert from_cumulative(buckets | {math.inf: float(len(seconds))}) == counts_of(seconds)


def test_bounds_that_are_not_ours_count_at_the_next_one() -> None:
    found = from_cumulative({0.03: 4.0, 0.07: 5.0, math.inf: 7.0})
    assert found[place_of(0.05)] == 4
    assert found[place_of(0.1)] == 1
    assert found[-1] == 2


@pytest.mark.parametrize(
    ("seconds", "found"),
    [([], 0.0), ([3.0], 0.0), ([0.9] * 2, 500.0), ([60.0] * 300, 5000.0)],
    ids=["none", "one says nothing", "two of a hundred", "above all bounds"],
)
def test_the_percentile_of_few_and_of_the_slowest(seconds: list[float], found: float) -> None:
    assert p99_ms(counts_of(seconds)) >= found
    assert p99_ms(counts_of(seconds)) <= max(found * 2, 0.0)
