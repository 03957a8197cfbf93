"""Which streams of events count which events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.layout import Layout, Stream


class Membership(NamedTuple):
    """Which streams count an event of a type: surely, uint8[types, streams], or if asked."""

    sure: NDArray[np.uint8]
    asked: list[tuple[int, Stream]]

    @classmethod
    def of(cls, layout: Layout, streams: Sequence[Stream]) -> Membership:
        """The memberships of some streams."""
        sure = np.zeros((len(layout.counted), len(streams)), dtype=np.uint8)
        asked: list[tuple[int, Stream]] = []
        for index, stream in enumerate(streams):
            if stream.condition is None and stream.present is None:
                sure[:, index] = stream.types
            else:
                asked.append((index, stream))
        return cls(sure, asked)

    def write(
        self,
        members: NDArray[np.uint8],
        numbers: NDArray[np.integer[Any]],
        results: NDArray[np.float64],
        cells: NDArray[np.float64],
    ) -> None:
        """The memberships of some events, uint8[n, streams]."""
        members[:] = self.sure[numbers]
        for index, (types, condition, present) in self.asked:
            member = types[numbers]
            if condition is not None:
                member = member & (results[:, condition] == 1.0)
            if present is not None:
                column = cells[:, present]
                member = member & (column == column)  # noqa: PLR0124 - NaN
            members[:, index] = member
