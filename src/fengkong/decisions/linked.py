"""The links of one event: filled in the shortest way, prepared before anything is counted."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from fengkong.decisions.layout import Layout
from fengkong.events.event import Event
from fengkong.links.state import LinkBatch, LinkState


class LinkedEvent:
    """Room for one event of the link features of a policy."""

    def __init__(self, layout: Layout) -> None:
        plan = layout.links
        self.batch = batch = LinkBatch(plan, capacity=1)
        self._fields = [layout.frame.hashed.index(name) for name in plan.fields]
        self._cells: list[int] = layout.link_cells.tolist()
        self._keys = batch.keys.data.cast("B")
        self._member_bytes = batch.members.data.cast("B")
        self._cell_bytes = batch.cells.data.cast("B") if self._cells else bytearray()
        self._pack = struct.Struct(f"{len(self._cells)}d").pack
        self._time = batch.times.data
        self.values = batch.values.data.cast("B")

    def prepare(
        self,
        event: Event,
        members: bytes,
        *,
        cells: Sequence[Any],
        hashed: Sequence[tuple[bytes, float]],
        links: LinkState,
    ) -> None:
        """Fill in an event and make room for it; raises where the links have none."""
        self._time[0] = event.occurred_at
        self._keys[:] = b"".join([hashed[at][0] for at in self._fields])
        self._member_bytes[:] = members
        self._cell_bytes[:] = self._pack(*[cells[at] for at in self._cells])
        links.prepare(self.batch, count=1)

    def count(self, links: LinkState) -> None:
        """Count the event that was prepared."""
        links.count(self.batch, count=1)
