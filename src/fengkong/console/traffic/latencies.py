"""Latencies as counts by upper bound, as the decision service's own histogram has them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

BOUNDS_S: Final = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Upper bounds in seconds; one more place counts what took longer."""
SLOW_S: Final = 0.1
"""An answer that takes longer is slow."""
ENOUGH: Final = 100
"""Of fewer requests the rest counts as fast: one slow answer of three says nothing."""
Counts = Sequence[float]


def none() -> list[float]:
    """Counts of nothing."""
    return [0.0] * (len(BOUNDS_S) + 1)


def place_of(seconds: float) -> int:
    """Which count a latency belongs to."""
    return bisect_left(BOUNDS_S, seconds)


def added(one: Counts, other: Counts) -> list[float]:
    """Counts of both; a shorter row is of nothing."""
    pairs = zip(one or none(), other or none(), strict=True)
    return [mine + theirs for mine, theirs in pairs]


def from_cumulative(buckets: Mapping[float, float]) -> list[float]:
    """Counts out of how many were at or below each bound, in seconds, the last infinite.

    Bounds that are not ours count at the next one of ours.
    """
    counts, below = none(), 0.0
    for bound in sorted(buckets):
        place = len(BOUNDS_S) if math.isinf(bound) else place_of(bound)
        counts[place] += buckets[bound] - below
        below = buckets[bound]
    return counts


def slow(counts: Counts) -> float:
    """How many took longer than `SLOW_S`."""
    return sum(counts[place_of(SLOW_S) + 1 :])


def p99_ms(counts: Counts) -> float:
    """The 99th percentile in milliseconds, straight between bounds; 0 of nothing.

    What took longer than the last bound took that long.
    """
    known = sum(counts)
    total = max(known, ENOUGH)
    wanted, below, lower = 0.99 * total, total - known, 0.0
    if below >= wanted:
        return 0.0
    for bound, count in zip((*BOUNDS_S, BOUNDS_S[-1]), counts, strict=True):
        if count and below + count >= wanted:
            return 1000 * (lower + (bound - lower) * (wanted - below) / count)
        below, lower = below + count, bound
    return 1000 * BOUNDS_S[-1]


def sum_of(rows: Iterable[Counts]) -> list[float]:
    """Counts of many rows together."""
    whole = none()
    for row in rows:
        whole = added(whole, row)
    return whole
