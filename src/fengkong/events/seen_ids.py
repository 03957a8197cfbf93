"""Which ids a stream has already had."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.hashing import hash_series

_Run = tuple[NDArray[np.uint64], NDArray[np.uint64]]


class SeenIds:
    """Remembers ids as 128-bit hashes: 16 bytes an id, so 1.6 GB for 100 million.

    The hashes stand in a few sorted runs of growing size, merged as they fill up: adding n ids
    costs n log n in all, with no table to rebuild.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        return sum(len(first) for first, _ in self._runs)

    def repeated(self, ids: pl.Series) -> NDArray[np.bool_]:
        """Which ids came before, in an earlier call or earlier in this one; remembers the rest."""
        hashes = hash_series(ids)
        order = np.lexsort((hashes[:, 1], hashes[:, 0]))
        first, second = hashes[order, 0], hashes[order, 1]
        known = np.zeros(len(order), dtype=np.bool_)
        known[1:] = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
        for run in self._runs:
            known |= _contained(first, second, run=run)
        self._add(first[~known], second[~known])
        repeated = np.zeros(len(order), dtype=np.bool_)
        repeated[order] = known
        return repeated

    def _add(self, first: NDArray[np.uint64], second: NDArray[np.uint64]) -> None:
        self._runs.append((first, second))
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) >= len(self._runs[-2][0]):
            parts = self._runs[-2:]
            merged = np.concatenate([part[0] for part in parts])
            order = np.argsort(merged, kind="stable")
            seconds = np.concatenate([part[1] for part in parts])
            self._runs[-2:] = [(merged[order], seconds[order])]


def _contained(
    first: NDArray[np.uint64], second: NDArray[np.uint64], *, run: _Run
) -> NDArray[np.bool_]:
    if not len(run[0]):
        return np.zeros(len(first), dtype=np.bool_)
    positions = np.searchsorted(run[0], first)
    held = np.minimum(positions, len(run[0]) - 1)
    found: NDArray[np.bool_] = run[0][held] == first
    # Equal first halves with other second halves are all but impossible, yet looked at.
    for index in np.flatnonzero(found & (run[1][held] != second)).tolist():
        end = np.searchsorted(run[0], first[index], side="right")
        found[index] = bool((run[1][positions[index] : end] == second[index]).any())
    return found
