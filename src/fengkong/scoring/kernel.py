"""The compiled scorer: one row, many rows and explanations, over one array of words.

A model is an *image*, uint64[n], read as words and, through a view of the same memory, as numbers.
Every node of every tree is a word and a number that stand side by side: ``slot | yes`` and a
threshold, where `yes` is the place of the node that follows if the value of the slot is at most the
threshold; the other stands beside it. Every kind of split has been turned into this one question
beforehand (see `image`), so that a step has no branch that could be mispredicted: a leaf leads back
to itself, and eight trees of about the same depth walk side by side. The sum is then taken in the
order of the trees, as LightGBM takes it.

This stays one module: compiled code of a second inlined module would go stale in numba's cache.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import-untyped"

from __future__ import annotations

import math
import sys
from typing import Final

import numpy as np
from numba import njit

# words of the head
(H_INPUTS, H_TREES, H_GROUPS, H_GROUP_COUNT, H_SETS, H_SET_COUNT, H_ZERO_APART, H_SINGLE,
 H_SLOTS, H_LINK, H_FACTS, H_KNOTS, H_KNOT_COUNT, H_CALIBRATION, H_VALUES) = range(15)  # fmt: skip
HEAD: Final = 16
LINK_LOGISTIC, LINK_ISOLATION = 0, 1
UNCALIBRATED, PLATT, KNOTS = 0, 1, 2
# numbers of the facts
F_FACTOR, F_DIVISOR, F_SLOPE, F_OFFSET = range(4)
# words of a set of categories, and of a group of trees
S_INPUT, S_SLOT, S_COUNT, S_ROWS, S_BITS, S_WIDTH = range(6)
SET_WIDTH: Final = 6
LANES: Final = 8
GROUP_WIDTH: Final = 1 + 2 * LANES
SLOT_BITS: Final = 20
NODE_WIDTH: Final = 2
ZERO_MAX: Final = float(np.float32(1e-35))
LARGEST: Final = sys.float_info.max
"""What stands for infinity, in rows and in thresholds."""

_SLOT: Final = np.uint64((1 << SLOT_BITS) - 1)
_YES: Final = np.uint64(SLOT_BITS)
_ONE: Final = np.uint64(1)
_NEXT: Final = np.uint64(NODE_WIDTH)
_HERE: Final = np.uint64(0)
_compiled = njit(cache=True, nogil=True, error_model="numpy")


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _next(image, numbers, values, node):
    """The node that follows: `yes` if the value of the slot is at most the threshold."""
    word = image[node]
    holds = values[word & _SLOT] <= numbers[node + _ONE]
    return (word >> _YES) + (_HERE if holds else _NEXT)


@_compiled
def _fill_slots(row, image, values):
    """Write what the nodes ask for: the inputs, their negatives, and which sets they are in."""
    inputs = np.int64(image[H_INPUTS])
    single = image[H_SINGLE] != 0
    for i in range(inputs):
        value = row[i]
        if value > LARGEST:
            value = LARGEST
        elif value < -LARGEST:
            value = -LARGEST
        if single:
            value = np.float64(np.float32(value))
        values[i] = value
        values[inputs + i] = -value
    if image[H_ZERO_APART] != 0:
        for i in range(inputs):
            value = values[i]
            if abs(value) <= ZERO_MAX:
                value = np.nan
            values[2 * inputs + i] = value
            values[3 * inputs + i] = -value
    values[4 * inputs] = 0.0
    at = np.int64(image[H_SETS])
    for _ in range(image[H_SET_COUNT]):
        value = row[np.int64(image[at + S_INPUT])]
        slot, count = np.int64(image[at + S_SLOT]), np.int64(image[at + S_COUNT])
        if value > -1.0 and value < np.float64(image[at + S_ROWS]):
            bits = np.int64(image[at + S_BITS]) + np.int64(value) * np.int64(image[at + S_WIDTH])
            for j in range(count):
                bit = (image[bits + (j >> 6)] >> np.uint64(j & 63)) & _ONE
                values[slot + j] = 1.0 - np.float64(bit)
        else:
            for j in range(count):
                values[slot + j] = 1.0
        at += SET_WIDTH


@_compiled
def _walk(image, numbers, values, leaves):
    """The leaf of every tree, in the order of the trees."""
    at, first = np.int64(image[H_GROUPS]), image[H_VALUES]
    for _ in range(image[H_GROUP_COUNT]):
        a, b, c, d = image[at + 1], image[at + 2], image[at + 3], image[at + 4]
        e, f, g, h = image[at + 5], image[at + 6], image[at + 7], image[at + 8]
        for _ in range(image[at]):
            a = _next(image, numbers, values, a)
            b = _next(image, numbers, values, b)
            c = _next(image, numbers, values, c)
            d = _next(image, numbers, values, d)
            e = _next(image, numbers, values, e)
            f = _next(image, numbers, values, f)
            g = _next(image, numbers, values, g)
            h = _next(image, numbers, values, h)
        leaves[image[at + 9]] = numbers[first + (a >> _ONE)]
        leaves[image[at + 10]] = numbers[first + (b >> _ONE)]
        leaves[image[at + 11]] = numbers[first + (c >> _ONE)]
        leaves[image[at + 12]] = numbers[first + (d >> _ONE)]
        leaves[image[at + 13]] = numbers[first + (e >> _ONE)]
        leaves[image[at + 14]] = numbers[first + (f >> _ONE)]
        leaves[image[at + 15]] = numbers[first + (g >> _ONE)]
        leaves[image[at + 16]] = numbers[first + (h >> _ONE)]
        at += GROUP_WIDTH


@_compiled
def _between_knots(image, numbers, value):
    """The piecewise linear curve through the knots, flat beyond the first and the last."""
    first, count = np.int64(image[H_KNOTS]), np.int64(image[H_KNOT_COUNT])
    low, high = np.int64(0), count - 1
    if value <= numbers[first]:
        return numbers[first + count]
    if value >= numbers[first + high]:
        return numbers[first + count + high]
    while high - low > 1:
        middle = (low + high) >> 1
        if numbers[first + middle] <= value:
            low = middle
        else:
            high = middle
    x0, x1 = numbers[first + low], numbers[first + high]
    y0, y1 = numbers[first + count + low], numbers[first + count + high]
    return y0 + (value - x0) * ((y1 - y0) / (x1 - x0))


@_compiled
def _probability(image, numbers, raw):
    """The probability that the sum of the leaves stands for, calibrated."""
    facts = np.int64(image[H_FACTS])
    sum_ = raw / numbers[facts + F_DIVISOR]
    if image[H_LINK] == LINK_LOGISTIC:
        value = 1.0 / (1.0 + math.exp(-numbers[facts + F_FACTOR] * sum_))
    else:
        value = 2.0**sum_
    if image[H_CALIBRATION] == PLATT:
        return 1.0 / (
            1.0 + math.exp(-(numbers[facts + F_SLOPE] * sum_ + numbers[facts + F_OFFSET]))
        )
    if image[H_CALIBRATION] == KNOTS:
        return _between_knots(image, numbers, value)
    return value


@_compiled
def score_rows(rows, image, numbers, scratch, out):
    """Raw sums and probabilities of rows float64[n, inputs] into out float64[n, 2]."""
    slots, trees = np.int64(image[H_SLOTS]), np.int64(image[H_TREES])
    values, leaves = scratch[:slots], scratch[slots:]
    for i in range(rows.shape[0]):
        _fill_slots(rows[i], image, values)
        _walk(image, numbers, values, leaves)
        raw = 0.0
        for t in range(trees):
            raw += leaves[t]
        out[i, 0] = raw
        out[i, 1] = _probability(image, numbers, raw)


@_compiled
def explain_row(row, image, numbers, scratch, steps, ways, shares, points, out):
    """Shapley values of one row, path-dependent, added to out float64[inputs].

    `steps` int64 are how many places there are, then those of all nodes; see `shapley` for the
    other arrays and for the formula.
    """
    values = scratch[: np.int64(image[H_SLOTS])]
    _fill_slots(row, image, values)
    taken = np.zeros(steps[0], dtype=np.bool_)
    for s in range(1, steps.shape[0]):
        taken[np.int64(_next(image, numbers, values, np.uint64(steps[s])))] = True
    _add_ways(taken, ways, shares, points, out)


@_compiled
def _add_ways(taken, ways, shares, points, out):
    """Every leaf's part of the Shapley values.

    ways int64: leaves, then per leaf the count of inputs on its way and the row of its points,
    then per input its number, how many nodes it is asked at, and those nodes' followers. shares
    float64: per leaf its value, then per input the product of cover ratios.
    """
    open_ = np.empty(points.shape[1])
    met = np.empty(points.shape[1], dtype=np.bool_)
    names = np.empty(points.shape[1], dtype=np.int64)
    before = np.empty(points.shape[1] + 1)
    at, share = 1, 0
    for _ in range(ways[0]):
        count, rule, value = ways[at], ways[at + 1], shares[share]
        at += 2
        for i in range(count):
            names[i] = ways[at]
            met[i] = True
            open_[i] = shares[share + 1 + i]
            for j in range(ways[at + 1]):
                met[i] &= taken[ways[at + 2 + j]]
            at += 2 + ways[at + 1]
        share += 1 + count
        nodes = (count + 1) >> 1
        for q in range(nodes):
            t, weight = points[rule, q], points[rule + 1, q]
            before[0] = 1.0
            for i in range(count):
                before[i + 1] = before[i] * (open_[i] * (1.0 - t) + (t if met[i] else 0.0))
            after = 1.0
            for i in range(count - 1, -1, -1):
                one = 1.0 if met[i] else 0.0
                out[names[i]] += value * (one - open_[i]) * weight * before[i] * after
                after *= open_[i] * (1.0 - t) + one * t
