"""The state of all windows: it grows within declared limits, and can be saved and restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, format_duration
from fengkong.features import kernel
from fengkong.features.plan import FIXED_MAX, Plan

_FIRST_CAPACITY: Final = 1024
_STATE_PLACES: Final = {
    kernel.P_TABLE: "table",
    kernel.P_ARENA: "arena",
    kernel.P_SEEN: "seen",
    kernel.P_META: "meta",
    kernel.P_QUEUE: "queue",
}
_ARRAYS: Final = tuple(_STATE_PLACES.values())
_BATCH_PLACES: Final = (
    kernel.P_TIMES,
    kernel.P_KEYS,
    kernel.P_MEMBERS,
    kernel.P_CELLS,
    kernel.P_OUT,
    kernel.P_LATE,
)


class FeatureLimitError(RiskError):
    """The windows need more memory than the policy allows; the event was not counted."""

    code = "features.limit_reached"
    hint = "Shorten the window named, or raise the limit in the policy's `limits`."


class ValueRangeError(RiskError):
    """A number is too large to be summed exactly."""

    code = "features.value_out_of_range"
    hint = "Correct the value; sums hold numbers below nine billion and money below 10^13 units."


class IncompatibleStateError(RiskError):
    """A saved state belongs to other feature declarations."""

    code = "features.incompatible_state"
    hint = "Replay the history with the present policy instead of restoring this state."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the windows may hold, and how late an event may come.

    An event that is older than the newest one by more than `late_after` (microseconds) is judged
    by the windows as they are, but no longer counted in them.
    """

    memory_bytes: int = 4 * 1024**3
    late_after: int = DAY_US


class Advanced(NamedTuple):
    """What a batch of events gave: values float64[n, features] (NaN missing), late bool[n]."""

    values: NDArray[np.float64]
    late: NDArray[np.bool_]


class WindowState:
    """The windows of every entity at one position of the sequence of events."""

    def __init__(self, plan: Plan, *, limits: Limits | None = None) -> None:
        self.plan = plan
        self.limits = limits or Limits()
        lists = 2 * len(plan.keyspaces) + kernel.RING_CLASSES * len(plan.streams)
        self.meta = np.zeros(kernel.META_LISTS + lists, dtype=np.int64)
        self.meta[kernel.LATE_AFTER] = self.limits.late_after
        self.meta[kernel.SPAN] = plan.span
        self.table = np.zeros((_FIRST_CAPACITY, 3), dtype=np.uint64)
        self.arena = np.zeros(16 * _FIRST_CAPACITY, dtype=np.int64)
        self.seen = np.zeros((_FIRST_CAPACITY, 3), dtype=np.uint64)
        self.queue = np.zeros((_FIRST_CAPACITY, 3), dtype=np.int64)
        self._work = np.zeros((kernel.WORK_ROWS, 1), dtype=np.int64)
        self._bases = np.zeros((1, len(plan.keyspaces)), dtype=np.int64)
        self._places = np.zeros((kernel.PLACES, 3), dtype=np.int64)
        self._place_state()

    def advance(
        self,
        *,
        times: NDArray[np.int64],
        keys: NDArray[np.uint64],
        members: NDArray[np.uint8],
        cells: NDArray[np.float64],
    ) -> Advanced:
        """Count events in sequence order and read every feature as each of them sees it.

        times int64[n] microseconds; keys uint64[n, keyspaces, 2], (0, 0) where missing; members
        uint8[n, streams]; cells float64[n, cells], NaN where missing. The result of a batch is
        that of its events one by one. Raises `FeatureLimitError` before the event that does not
        fit; the events before it are counted.
        """
        count = times.shape[0]
        values = np.empty((count, self.plan.columns), dtype=np.float64)
        late = np.empty(count, dtype=np.uint8)
        batch = [np.ascontiguousarray(array) for array in (times, keys, members, cells)]
        for place, array in zip(_BATCH_PLACES, (*batch, values, late), strict=True):
            self._place(place, array)
        self._run(count)
        return Advanced(values[:, : len(self.plan.features)], late.view(np.bool_))

    def _place(self, place: int, array: NDArray[np.generic]) -> None:
        """Tell the kernel where an array is; the caller keeps it alive while the kernel runs."""
        rows = array.shape[0]
        columns = array.size // rows if rows else 1
        self._places[place] = (array.ctypes.data, rows, columns)

    def _place_state(self) -> None:
        for place, name in _STATE_PLACES.items():
            self._place(place, getattr(self, name))
        self._place(kernel.P_PLAN, self.plan.rows)
        self._place(kernel.P_WORK, self._work)
        self._place(kernel.P_BASES, self._bases)

    def _run(self, count: int) -> None:
        if count > self._work.shape[1]:
            segment = min(count, kernel.SEGMENT_MAX)
            self._work = np.zeros((kernel.WORK_ROWS, segment), dtype=np.int64)
            self._bases = np.zeros((segment, len(self.plan.keyspaces)), dtype=np.int64)
            self._place_state()
        position = 0
        while True:
            position, why = kernel.run(self._places, position, count)
            if why == kernel.DONE:
                return
            self._grow(why)
            self._place_state()

    def check_range(self, cells: NDArray[np.float64]) -> None:
        """Refuse cells too large to be summed exactly; float64[n, cells]."""
        with np.errstate(invalid="ignore"):
            too_large = np.abs(cells) * self.plan.scales >= FIXED_MAX
        if too_large.any():
            row, column = np.argwhere(too_large)[0]
            name = self.plan.cells[column]
            raise ValueRangeError(f"{name} = {cells[row, column]:g}", path=f"$.{name}")

    @property
    def live_keys(self) -> Mapping[str, int]:
        """Entities with a slot, by keyspace."""
        first = kernel.META_LISTS
        return {
            ", ".join(keyspace): int(self.meta[first + k])
            for k, keyspace in enumerate(self.plan.keyspaces)
        }

    @property
    def size_bytes(self) -> int:
        """Memory of all arrays."""
        return sum(getattr(self, name).nbytes for name in _ARRAYS)

    def save(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all arrays: the whole state, with the plan it belongs to."""
        arrays = {name: getattr(self, name).copy() for name in _ARRAYS}
        return {**arrays, "plan": self.plan.rows.copy()}

    def restore(self, saved: Mapping[str, NDArray[np.generic]]) -> None:
        """Take over a saved state; refuses one of other declarations."""
        if not np.array_equal(saved["plan"], self.plan.rows):
            raise IncompatibleStateError("the state was saved with other feature declarations")
        for name in _ARRAYS:
            setattr(self, name, saved[name].copy())
        self.meta[kernel.LATE_AFTER] = self.limits.late_after
        self._place_state()

    def _grow(self, why: int) -> None:
        if why == kernel.OVERFLOW:
            raise FeatureLimitError(
                f"a sum went beyond 4.6e18 units; {self._longest()}", path="$.features"
            )
        if why == kernel.ARENA_FULL:
            words = self.arena.shape[0] * 2
            while words < self.meta[kernel.NEEDED]:
                words *= 2
            self._check_limit((words - self.arena.shape[0]) * 8)
            larger = np.zeros(words, dtype=np.int64)
            larger[: self.arena.shape[0]] = self.arena
            self.arena = larger
            return
        name = {
            kernel.TABLE_FULL: "table",
            kernel.SEEN_FULL: "seen",
            kernel.QUEUE_FULL: "queue",
        }[why]
        old = getattr(self, name)
        self._check_limit(old.nbytes)
        new = np.zeros((old.shape[0] * 2, 3), dtype=old.dtype)
        if why == kernel.QUEUE_FULL:
            kernel.move_queue(old, new, self.meta)
        else:
            kernel.rehash(old, new)
        setattr(self, name, new)

    def _check_limit(self, growth_bytes: int) -> None:
        """Refuse to grow beyond the declared memory; nothing has been counted yet."""
        if self.size_bytes + growth_bytes <= self.limits.memory_bytes:
            return
        most = max(self.live_keys, key=lambda name: self.live_keys[name])
        raise FeatureLimitError(
            f"the windows hold {self.size_bytes / 1e6:,.0f} MB, need as much again, and "
            f"`memory_mb` allows {self.limits.memory_bytes / 1e6:,.0f} MB; most entities are "
            f"{most} ({self.live_keys[most]:,}); {self._longest()}",
            path="$.limits.memory_mb",
        )

    def _longest(self) -> str:
        """The declaration that keeps events and entities longest, in words."""
        spans = [
            (kernel.FOREVER if f.last is None else f.last + f.delayed, f.name)
            for f in self.plan.features
        ]
        span, name = max(spans)
        if span == kernel.FOREVER:
            return f"{name} keeps its entities for ever (give it a `last`)"
        return f"the longest window is {name} ({format_duration(span)})"
