"""What the contestants on models share: the rows, and time for each, alone or in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.workers.conditions import seconds_each
from benchmarks.workers.conversation import serve

Rows = NDArray[Any]


def take_part(
    *, package: str, rows: Rows, way: str, score: Callable[[Rows], object], out: Callable[[], Rows]
) -> None:
    """Answer with the probability of each row; in a round, score alone or all rows at once.

    `score` takes rows of two dimensions; `out` gives the probabilities of its latest call.
    """
    separate = [np.ascontiguousarray(rows[i : i + 1]) for i in range(len(rows))]

    def work() -> Rows:
        if way == "batch":
            score(rows)
            return np.array(out(), dtype=np.float64)
        found = []
        for row in separate:
            score(row)
            found.append(float(out()[0]))
        return np.array(found)

    def timed() -> None:
        if way == "batch":
            score(rows)
        else:
            for row in separate:
                score(row)

    serve(package=package, work=work, clock=lambda _work: seconds_each(timed, count=len(rows)))
