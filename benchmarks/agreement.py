"""Showing that two contestants computed the same thing, before anybody looks at a clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Agreement


def compare(
    ours: NDArray[Any],
    theirs: NDArray[Any],
    *,
    contestant: str,
    names: Sequence[str],
    tolerance: float,
) -> Agreement:
    """Ours against theirs, both float64[n, names], NaN where there is no value.

    Two values agree when they differ by at most `tolerance`, absolutely below one and relative to
    ours above it. A result of another shape agrees nowhere.
    """
    if ours.shape != theirs.shape:
        return Agreement(
            contestant=contestant,
            compared=ours.size,
            differing=ours.size,
            largest_difference=float("inf"),
            tolerance=tolerance,
            example=f"results of shape {theirs.shape}, expected {ours.shape}",
        )
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    missing = np.isnan(ours)
    difference = np.abs(theirs - ours) / np.maximum(np.abs(ours), 1.0)
    difference[missing & np.isnan(theirs)] = 0.0
    difference[missing != np.isnan(theirs)] = np.inf
    wrong = ~(difference <= tolerance)
    return Agreement(
        contestant=contestant,
        compared=ours.size,
        differing=int(wrong.sum()),
        largest_difference=float(difference.max(initial=0.0)),
        tolerance=tolerance,
        example=_example(ours, theirs, wrong, names=names, contestant=contestant),
    )


def _example(
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    *,
    names: Sequence[str],
    contestant: str,
) -> str:
    if not wrong.any():
        return ""
    row, column = np.argwhere(wrong)[0].tolist()
    seen = f"fengkong {ours[row, column]:.17g}, {contestant} {theirs[row, column]:.17g}"
    return f"row {row}, {names[column]}: {seen}"
