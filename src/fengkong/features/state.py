"""The state of all windows: it grows within declared limits, and can be saved and restored."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, format_duration
from fengkong.features import kernel
from fengkong.features.plan import FIXED_MAX, Plan

_FIRST_CAPACITY: Final = 1024
_SMALL: Final = 65_536
"""Items below which an array grows fourfold: every growth prepares a batch again."""
_PART_ARRAYS: Final = {
    "table": kernel.Q_TABLE,
    "arena": kernel.Q_ARENA,
    "seen": kernel.Q_SEEN,
    "queue": kernel.Q_QUEUE,
    "meta": kernel.Q_META,
}
_BATCH_PLACES: Final = (
    kernel.P_TIMES,
    kernel.P_KEYS,
    kernel.P_MEMBERS,
    kernel.P_CELLS,
    kernel.P_OUT,
    kernel.P_LATE,
)
_TOGETHER_MIN: Final = 2048
"""Below so many events the handing over takes longer than the work."""
_FEW: Final = 64
"""Up to so many events it is cheaper to copy them than to tell the kernel where they are."""
_WHY_MASK: Final = (1 << kernel.WHY_BITS) - 1
_GROWING: Final = {
    kernel.TABLE_FULL: "table",
    kernel.ARENA_FULL: "arena",
    kernel.SEEN_FULL: "seen",
    kernel.QUEUE_FULL: "queue",
}


class FeatureLimitError(RiskError):
    """The windows need more memory than the policy allows; the batch was not counted."""

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


class _Part:
    """The arrays of one keyspace."""

    def __init__(self, *, streams: int) -> None:
        self.table = np.zeros((_FIRST_CAPACITY, 3), dtype=np.uint64)
        self.arena = np.zeros(4 * _FIRST_CAPACITY, dtype=np.int64)
        self.seen = np.zeros((_FIRST_CAPACITY, 3), dtype=np.uint64)
        self.queue = np.zeros((_FIRST_CAPACITY, 2), dtype=np.int64)
        self.meta = np.zeros(kernel.FREE_RINGS + kernel.RING_CLASSES * streams, dtype=np.int64)

    def size_after(self, why: int) -> int:
        """How many items the array that is full must hold."""
        items = int(getattr(self, _GROWING[why]).shape[0])
        items *= 4 if items < _SMALL else 2
        if why == kernel.ARENA_FULL:
            while items < self.meta[kernel.NEEDED]:
                items *= 2
        return items

    def grow(self, why: int) -> None:
        """Give the array that is full twice the room or more."""
        name, items = _GROWING[why], self.size_after(why)
        old = getattr(self, name)
        new = np.zeros((items, *old.shape[1:]), dtype=old.dtype)
        if why == kernel.QUEUE_FULL:
            kernel.move_queue(old, new, self.meta)
        elif why == kernel.ARENA_FULL:
            new[: old.shape[0]] = old
        else:
            kernel.rehash(old, new)
        setattr(self, name, new)


class Batch:
    """Room for the events of one call: fill it, then let a state advance over it.

    times int64[n] microseconds; keys uint64[n, 2 * keyspaces], (0, 0) where missing; members
    uint8[n, streams]; cells float64[n, cells], NaN where missing; values float64[n, features] and
    late uint8[n] are written; the arrays stay where they are. Using one batch again and again
    spares the making of arrays, which for a single event takes longer than its features.
    """

    def __init__(self, plan: Plan, *, capacity: int) -> None:
        self.times = np.zeros(capacity, dtype=np.int64)
        self.keys = np.zeros((capacity, 2 * len(plan.keyspaces)), dtype=np.uint64)
        self.members = np.zeros((capacity, len(plan.streams)), dtype=np.uint8)
        self.cells = np.full((capacity, len(plan.cells)), np.nan)
        self.late = np.zeros(capacity, dtype=np.uint8)
        self._columns = np.zeros((capacity, plan.columns))
        self.values = self._columns[:, : len(plan.features)]
        self.arrays: tuple[NDArray[Any], ...] = (
            *(self.times, self.keys, self.members, self.cells),
            *(self._columns, self.late),
        )


class EventCells(Batch):
    """Room for one event at a time."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, capacity=1)


class WindowState:
    """The windows of every entity at one position of the sequence of events."""

    def __init__(
        self, plan: Plan, *, limits: Limits | None = None, executor: Executor | None = None
    ) -> None:
        """With an `executor` of threads the keyspaces of a large batch are counted side by side.

        `beside_bytes` is what others hold that share the memory limit; they keep it up to date.
        """
        self.plan = plan
        self.limits = limits or Limits()
        self.beside_bytes = 0
        self._executor = executor if len(plan.keyspaces) > 1 else None
        self._meta = np.zeros(kernel.META_WORDS, dtype=np.int64)
        self._meta[kernel.LATE_AFTER] = self.limits.late_after
        self._meta[kernel.SPAN] = plan.span
        self._parts = [_Part(streams=count) for count in plan.stream_counts]
        self._capacity = 0
        self._work: list[NDArray[np.int64]] = []
        self._places = np.zeros(
            (kernel.PLACES + kernel.PART_PLACES * len(self._parts), 3), dtype=np.int64
        )
        self._address = _address(self._places)
        self._batch: Batch | None = None
        self._few = Batch(plan, capacity=_FEW)
        self._make_work(16)
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
        that of its events one by one. Raises `FeatureLimitError` before anything of a batch of
        at most 65,536 events is counted; a longer one is taken in pieces of that length.
        """
        count = times.shape[0]
        if count <= _FEW:
            return self._advance_few(times, keys, members, cells)
        columns = np.empty((count, self.plan.columns), dtype=np.float64)
        late = np.empty(count, dtype=np.uint8)
        batch = [np.ascontiguousarray(array) for array in (times, keys, members, cells)]
        self._batch = None
        arrays: list[NDArray[Any]] = [*batch, columns, late]
        for place, array in zip(_BATCH_PLACES, arrays, strict=True):
            self._place(place, array)
        self._run(count)
        return Advanced(columns[:, : len(self.plan.features)], late.view(np.bool_))

    def _advance_few(
        self,
        times: NDArray[np.int64],
        keys: NDArray[np.uint64],
        members: NDArray[np.uint8],
        cells: NDArray[np.float64],
    ) -> Advanced:
        """As `advance`, through a batch that stays where it is."""
        few, count = self._few, times.shape[0]
        few.times[:count] = times
        few.keys[:count] = keys.reshape(few.keys[:count].shape)
        few.members[:count] = members
        few.cells[:count] = cells
        self.advance_batch(few, count=count)
        return Advanced(few.values[:count].copy(), few.late[:count].view(np.bool_).copy())

    def advance_batch(self, batch: Batch, *, count: int) -> None:
        """Count the first events of a batch as `advance` does; the batch holds the answer."""
        if batch is not self._batch:
            self._take_batch(batch)
        self._run(count)

    def advance_one(self, event: EventCells) -> None:
        """Count one event, the shortest way; it holds the answer."""
        if event is not self._batch:
            self._take_batch(event)
        while (why := kernel.run(self._address, 0, 1)) != kernel.DONE:
            self._grow(why & _WHY_MASK, k=why >> kernel.WHY_BITS)

    def _take_batch(self, batch: Batch) -> None:
        for place, array in zip(_BATCH_PLACES, batch.arrays, strict=True):
            self._place(place, array)
        self._batch = batch

    def _place(self, place: int, array: NDArray[np.generic]) -> None:
        """Tell the kernel where an array is; the caller keeps it alive while the kernel runs."""
        rows = array.shape[0]
        columns = array.size // rows if rows else 1
        self._places[place] = (_address(array), rows, columns)

    def _place_state(self) -> None:
        self._place(kernel.P_PLAN, self.plan.rows)
        self._place(kernel.P_META, self._meta)
        for k in range(len(self._parts)):
            self._place_part(k)

    def _place_part(self, k: int) -> None:
        first = kernel.PLACES + kernel.PART_PLACES * k
        for name, place in _PART_ARRAYS.items():
            self._place(first + place, getattr(self._parts[k], name))
        self._place(first + kernel.Q_WORK, self._work[k])

    def _make_work(self, capacity: int) -> None:
        self._capacity = capacity
        self._work = [
            np.zeros((kernel.WORK_ROWS, capacity + kernel.WORK_SPARE), dtype=np.int64)
            for _ in self._parts
        ]

    def _run(self, count: int) -> None:
        if count > self._capacity:
            self._make_work(min(max(count, 2 * self._capacity), kernel.BATCH_MAX))
            self._place_state()
        for start in range(0, count, kernel.BATCH_MAX):
            stop = min(count, start + kernel.BATCH_MAX)
            run = self._run_alone if self._executor is None else self._run_together
            while (why := run(start, stop)) != kernel.DONE:
                self._grow(why & _WHY_MASK, k=why >> kernel.WHY_BITS)

    def _run_alone(self, start: int, stop: int) -> int:
        return int(kernel.run(self._address, start, stop))

    def _run_together(self, start: int, stop: int) -> int:
        """As `_run_alone`; events out of order must be taken one by one anyway."""
        assert self._executor is not None, "chosen by the caller"
        address, parts = self._address, range(len(self._parts))
        if stop - start < _TOGETHER_MIN or not kernel.begin(address, start, stop):
            return self._run_alone(start, stop)
        prepared = self._executor.map(lambda k: int(kernel.prepare(address, k, start, stop)), parts)
        for k, why in enumerate(list(prepared)):
            if why != kernel.DONE:
                return why | k << kernel.WHY_BITS
        list(self._executor.map(lambda k: kernel.count(address, k, start, start, stop, -1), parts))
        kernel.finish(address, start, stop)
        return kernel.DONE

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
        return {
            ", ".join(keyspace): int(part.meta[kernel.TABLE_USED])
            for keyspace, part in zip(self.plan.keyspaces, self._parts, strict=True)
        }

    @property
    def size_bytes(self) -> int:
        """Memory of all arrays."""
        return sum(getattr(part, name).nbytes for part in self._parts for name in _PART_ARRAYS)

    def save(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all arrays: the whole state, with the plan it belongs to."""
        saved: dict[str, NDArray[np.generic]] = {"plan": self.plan.rows.copy()}
        saved["meta"] = self._meta.copy()
        for k, part in enumerate(self._parts):
            for name in _PART_ARRAYS:
                saved[f"{name}.{k}"] = getattr(part, name).copy()
        return saved

    def restore(self, saved: Mapping[str, NDArray[np.generic]]) -> None:
        """Take over a saved state; refuses one of other declarations."""
        if not np.array_equal(saved["plan"], self.plan.rows):
            raise IncompatibleStateError("the state was saved with other feature declarations")
        self._meta[:] = saved["meta"]
        self._meta[kernel.LATE_AFTER] = self.limits.late_after
        for k, part in enumerate(self._parts):
            for name in _PART_ARRAYS:
                setattr(part, name, saved[f"{name}.{k}"].copy())
        self._place_state()

    def _grow(self, why: int, *, k: int) -> None:
        """Make room in one keyspace; nothing of the batch has been counted yet."""
        if why in (kernel.VALUE_TOO_LARGE, kernel.SUM_TOO_LARGE):
            self._refuse_value(why)
        part = self._parts[k]
        name = _GROWING[why]
        old = getattr(part, name)
        growth = (part.size_after(why) - old.shape[0]) * old[0].nbytes
        if self.size_bytes + self.beside_bytes + growth > self.limits.memory_bytes:
            self._refuse_growth(growth)
        part.grow(why)
        self._place_part(k)

    def _refuse_value(self, why: int) -> None:
        name = self.plan.cells[self._meta[kernel.FAULT_CELL]]
        row = int(self._meta[kernel.FAULT_ROW])
        if why == kernel.VALUE_TOO_LARGE:
            raise ValueRangeError(f"{name} of event {row} of the batch", path=f"$.{name}")
        raise FeatureLimitError(
            f"the values of {name} that are kept of one entity add up to more than 2.3e18 units; "
            f"{self._longest()}",
            path="$.features",
        )

    def _refuse_growth(self, growth_bytes: int) -> None:
        most = max(self.live_keys, key=lambda name: self.live_keys[name])
        beside = f" and the links {self.beside_bytes / 1e6:,.1f} MB" if self.beside_bytes else ""
        raise FeatureLimitError(
            f"the windows hold {self.size_bytes / 1e6:,.1f} MB{beside}, need "
            f"{growth_bytes / 1e6:,.1f} MB more, and `memory_mb` allows "
            f"{self.limits.memory_bytes / 1e6:,.1f} MB; most entities are {most} "
            f"({self.live_keys[most]:,}); {self._longest()}",
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


def _address(array: NDArray[np.generic]) -> int:
    return int(array.__array_interface__["data"][0])
