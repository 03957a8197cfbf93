"""The state of all links: it grows within declared limits, and can be saved and restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.instants import format_duration
from fengkong.features.state import (
    FeatureLimitError,
    IncompatibleStateError,
    Limits,
    ValueRangeError,
    WindowState,
)
from fengkong.links import kernel
from fengkong.links.plan import LinkPlan

_FIRST_CAPACITY: Final = 1024
_SMALL: Final = 65_536
"""Items below which an array grows fourfold: every growth prepares a batch again."""
_ARRAYS: Final = {
    "meta": kernel.P_META,
    "table": kernel.P_TABLE,
    "arena": kernel.P_ARENA,
    "queue": kernel.P_QUEUE,
}
_GROWING: Final = {
    kernel.TABLE_FULL: "table",
    kernel.ARENA_FULL: "arena",
    kernel.QUEUE_FULL: "queue",
}
_PREFIX: Final = "links."
_BATCH_PLACES: Final = (
    *(kernel.P_TIMES, kernel.P_KEYS, kernel.P_MEMBERS),
    *(kernel.P_CELLS, kernel.P_OUT, kernel.P_WORK),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """What is looked at of one entity, and of all that is reached from it.

    An entity with more than `hub_links` live links is a hub, through which nobody walks;
    `linked_max` is the most entities that a walk reaches.
    """

    hub_links: int = 32
    linked_max: int = 100


class LinkBatch:
    """Room for the events of one call: fill it, prepare a state for it, then count it.

    times int64[n] microseconds; keys uint64[n, 2 * fields], (0, 0) where missing; members
    uint8[n, streams]; cells float64[n, cells], NaN where missing; values float64[n, features] are
    written; the arrays stay where they are.
    """

    def __init__(self, plan: LinkPlan, *, capacity: int) -> None:
        self.times = np.zeros(capacity, dtype=np.int64)
        self.keys = np.zeros((capacity, 2 * len(plan.fields)), dtype=np.uint64)
        self.members = np.zeros((capacity, len(plan.streams)), dtype=np.uint8)
        self.cells = np.full((capacity, len(plan.cells)), np.nan)
        self.values = np.zeros((capacity, len(plan.features)))
        self._work = np.zeros((capacity, 1 + plan.roles), dtype=np.int64)
        self.arrays: tuple[NDArray[Any], ...] = (
            *(self.times, self.keys, self.members, self.cells),
            *(self.values, self._work),
        )

    def nodes(self, i: int) -> NDArray[np.int64]:
        """The places of an event's nodes by role, -1 where there is none, once it was prepared."""
        return self._work[i, 1:]


class LinkState:
    """The links of every entity at one position of the sequence of events.

    `beside` are the windows of the same policy, with which it shares its memory limit.
    """

    def __init__(
        self, plan: LinkPlan, *, limits: Limits, links: LinkLimits, beside: WindowState
    ) -> None:
        self.plan = plan
        self.limits = limits
        self.links = links
        self._beside = beside
        graphs = int(plan.rows[1, kernel.GRAPH])
        self.meta = np.zeros(kernel.FREE_NODES + graphs, dtype=np.int64)
        self.table = np.zeros((_FIRST_CAPACITY, 3), dtype=np.uint64)
        self.arena = np.zeros(4 * _FIRST_CAPACITY, dtype=np.int64)
        self.queue = np.zeros((_FIRST_CAPACITY, 3), dtype=np.int64)
        self._frontier = np.zeros(links.linked_max + 1, dtype=np.int64)
        self._places = np.zeros((kernel.PLACES, 3), dtype=np.int64)
        self._address = _address(self._places)
        self._batch: LinkBatch | None = None
        self._declare()

    def _declare(self) -> None:
        """Tell the kernel the limits, and where everything is."""
        self.meta[kernel.LATE_AFTER] = self.limits.late_after
        self.meta[kernel.SPAN] = self.plan.span
        self.meta[kernel.HUB] = self.links.hub_links
        self.meta[kernel.REACH] = self.links.linked_max
        self._place(kernel.P_PLAN, self.plan.rows)
        self._place(kernel.P_FRONTIER, self._frontier)
        for name, place in _ARRAYS.items():
            self._place(place, getattr(self, name))
        self._beside.beside_bytes = self.size_bytes

    def _place(self, place: int, array: NDArray[np.generic]) -> None:
        rows = array.shape[0]
        self._places[place] = (_address(array), rows, array.size // rows if rows else 1)

    def prepare(self, batch: LinkBatch, *, count: int) -> None:
        """Make room for the first events of a batch.

        Nothing is counted yet. Raises `FeatureLimitError` or `ValueRangeError`.
        """
        if batch is not self._batch:
            for place, array in zip(_BATCH_PLACES, batch.arrays, strict=True):
                self._place(place, array)
            self._batch = batch
        while (why := kernel.prepare(self._address, count)) != kernel.DONE:
            if why == kernel.VALUE_TOO_LARGE:
                self._refuse_value()
            self._grow(_GROWING[why])

    def count(self, batch: LinkBatch, *, count: int) -> None:
        """Count the events that were prepared, in sequence; the batch holds the features."""
        assert batch is self._batch, "a batch is prepared before it is counted"
        kernel.count(self._address, count)

    def _refuse_value(self) -> None:
        name = self.plan.cells[self.meta[kernel.FAULT_CELL]]
        row = int(self.meta[kernel.FAULT_ROW])
        raise ValueRangeError(f"{name} of event {row} of the batch", path=f"$.{name}")

    def counted_node(self, role: int) -> int:
        """The node that plays a role in the first event of the batch counted last, or -1."""
        return -1 if self._batch is None else int(self._batch.nodes(0)[role])

    # -- room --------------------------------------------------------------------------------

    @property
    def live_nodes(self) -> int:
        """Entities that are kept, counted once for each graph in which they stand."""
        return int(self.meta[kernel.TABLE_USED])

    @property
    def size_bytes(self) -> int:
        """Memory of all arrays."""
        return sum(getattr(self, name).nbytes for name in _ARRAYS)

    def _grow(self, name: str) -> None:
        """Give the array that is full twice the room or more; nothing has been counted yet."""
        old = getattr(self, name)
        items = old.shape[0] * (4 if old.shape[0] < _SMALL else 2)
        if name == "arena":
            while items < self.meta[kernel.NEEDED]:
                items *= 2
        growth = (items - old.shape[0]) * old[0].nbytes
        held = self.size_bytes + self._beside.size_bytes
        if held + growth > self.limits.memory_bytes:
            self._refuse_growth(held, growth)
        new = np.zeros((items, *old.shape[1:]), dtype=old.dtype)
        if name == "table":
            kernel.rehash(old, new)
        elif name == "queue":
            kernel.move_queue(old, new, self.meta)
        else:
            new[: old.shape[0]] = old
        setattr(self, name, new)
        self._place(_ARRAYS[name], new)
        self._beside.beside_bytes = self.size_bytes

    def _refuse_growth(self, held: int, growth: int) -> None:
        longest = max(self.plan.features, key=lambda feature: feature.last)
        raise FeatureLimitError(
            f"windows and links hold {held / 1e6:,.1f} MB, links need {growth / 1e6:,.1f} MB more, "
            f"and `memory_mb` allows {self.limits.memory_bytes / 1e6:,.1f} MB; {self.live_nodes:,} "
            f"entities are linked; the longest is {longest.name} ({format_duration(longest.last)})",
            path="$.limits.memory_mb",
        )

    # -- saving ------------------------------------------------------------------------------

    def save(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all arrays: the whole state, with the plan it belongs to."""
        saved: dict[str, NDArray[np.generic]] = {f"{_PREFIX}plan": self.plan.rows.copy()}
        for name in _ARRAYS:
            saved[_PREFIX + name] = getattr(self, name).copy()
        return saved

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over a saved state; refuses one of other declarations or another hub."""
        plan, meta = saved.get(f"{_PREFIX}plan"), saved.get(f"{_PREFIX}meta")
        if plan is None or meta is None or not np.array_equal(plan, self.plan.rows):
            raise IncompatibleStateError("the state was saved with other link features")
        if int(meta[kernel.HUB]) != self.links.hub_links:
            raise IncompatibleStateError("the state was saved with another `hub_links`")
        for name in _ARRAYS:
            setattr(self, name, saved[_PREFIX + name].copy())
        self._declare()


def _address(array: NDArray[np.generic]) -> int:
    return int(array.__array_interface__["data"][0])
