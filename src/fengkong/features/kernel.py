"""The window kernel: exact sliding windows, computed for a batch of events in one call.

Per entity (a *slot*) the events that some window may still need stand in a ring of rows, one ring
a stream, oldest first. A lane is a position in that ring (what has entered), a window another one
behind it (what has left), so a count is a difference and every other figure is what was added
minus what was taken away: sums are int64 and sums of squares 128 bits, exact at any length.

The events of a batch that come in order of time are taken entity by entity and window by window,
which keeps them in the cache; an event that comes late is taken alone. The result is that of one
event after the other: the tests hold both against a naive reference.

Arrays reach the kernel as addresses: numba counts references to every array at every inner call,
which took four fifths of the time. This stays one module: compiled code of a second inlined module
would go stale in numba's cache unseen.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

# sections of the plan: row 0 holds their first row, row 1 their length
(KEYSPACE, STREAM, LANE, WINDOW, SUMMAND, EXTREME, FRONT, MEMORY, OUTPUT, VALUE,
 SHARE) = range(11)  # fmt: skip
PLAN_WIDTH: Final = 12

# columns of each section
K_WIDTH, K_STREAM_LO, K_STREAM_HI, K_OUTPUT_LO, K_OUTPUT_HI, K_LIFETIME = range(6)
(S_KEYSPACE, S_SLOT, S_WIDTH, S_VALUE_LO, S_VALUE_HI, S_LANE_LO, S_LANE_HI,
 S_MEMORIES) = range(8)  # fmt: skip
(L_DELAY, L_EXCLUDED, L_SLOT, L_WINDOW_LO, L_WINDOW_HI, L_EXTREME_LO, L_EXTREME_HI,
 L_MEMORY_LO, L_MEMORY_HI) = range(9)  # fmt: skip
W_WIDTH, W_SLOT, W_OUTPUT_LO, W_OUTPUT_HI, W_SUMMAND_LO, W_SUMMAND_HI = range(6)
A_KIND, A_VALUE, A_SCALE, A_SLOT, A_MEMORY, A_LONGEST, A_OUTPUT_LO, A_OUTPUT_HI = range(8)
E_VALUE, E_SIGN, E_PREVIOUS, E_NEXT, E_SLOT, E_FRONT_LO, E_FRONT_HI = range(7)
F_WIDTH, F_SLOT, F_OUTPUT = range(3)
M_VALUE, M_PREVIOUS, M_NEXT = range(3)
O_KIND, O_COLUMN, O_DEFAULT, O_VALUE, O_VALUE2, O_CELL, O_CELL2 = range(7)
V_CELL, V_ROW = range(2)
H_PART, H_WHOLE, H_DEFAULT = range(3)

FOREVER: Final = 2**62
"""The width of a window that never expires."""

SUMMAND_N, SUMMAND_SUM, SUMMAND_SQUARES, SUMMAND_DISTINCT, SUMMAND_FIRST, SUMMAND_RUNNING = range(6)
(OUT_COUNT, OUT_SEEN, OUT_LAST, OUT_SINCE_LAST, OUT_DISTANCE, OUT_SPEED, OUT_FIRST,
 OUT_SINCE_FIRST, OUT_N, OUT_SUM, OUT_MEAN, OUT_STD, OUT_DISTINCT, OUT_FIRST_EVER,
 OUT_SINCE_FIRST_EVER, OUT_RUNNING, OUT_EXTREME) = range(17)  # fmt: skip

# rows of places: where each array is
(P_PLAN, P_TIMES, P_KEYS, P_MEMBERS, P_CELLS, P_TABLE, P_ARENA, P_SEEN, P_META, P_OUT, P_LATE,
 P_WORK, P_BASES, P_QUEUE) = range(14)  # fmt: skip
PLACES: Final = 14

# words of meta; then live keys of each keyspace, slot free lists, ring free lists of each stream
(CLOCK, LATE_AFTER, SPAN, TABLE_USED, ARENA_USED, SEEN_USED, SEEN_PENDING, OVERFLOWED, LATE_COUNT,
 EVENT_COUNT, QUEUE_HEAD, QUEUE_TAIL, NEEDED) = range(13)  # fmt: skip
META_LISTS: Final = 16
RING_CLASSES: Final = 40

# words at the start of every slot, and of every stream in it
SLOT_CLOCK, SLOT_HASH, SLOT_GROUP = range(3)
SLOT_HEADER: Final = 3
RING_PLACE, RING_ROWS, RING_HEAD = range(3)
RING_HEADER: Final = 3
_FIRST_ROWS: Final = 4

# rows of work
(WORK_NEXT, WORK_FIRST, WORK_EVENT, WORK_TIME, WORK_BEFORE, WORK_AFTER, WORK_HIGH, WORK_LOW,
 WORK_N, WORK_SUM, WORK_UPPER, WORK_LOWER) = range(12)  # fmt: skip
WORK_ROWS: Final = 12
SEGMENT_MAX: Final = 65_536

# why the kernel stopped before an event
DONE, TABLE_FULL, ARENA_FULL, SEEN_FULL, QUEUE_FULL, OVERFLOW = range(6)

_LOAD: Final = 0.6
_SUM_MAX: Final = 2**62
_EARTH_KM: Final = 6371.0088
_SECOND: Final = 1_000_000.0
_SALT: Final = np.uint64(0x9E3779B97F4A7C15)
_MASK32: Final = np.uint64(0xFFFFFFFF)
_SHIFT32: Final = np.uint64(32)


def _pointer_to(item):
    """A compiled function that reads an integer address as a pointer to items."""

    @intrinsic
    def pointer(typingctx, address):
        target = types.CPointer(item)

        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(target))

        return target(types.int64), generate

    return pointer


_int64_pointer = _pointer_to(types.int64)
_uint64_pointer = _pointer_to(types.uint64)
_uint8_pointer = _pointer_to(types.uint8)
_float64_pointer = _pointer_to(types.float64)


@njit(cache=True, nogil=True, error_model="numpy")
def run(places, start, stop):
    """Count events start..stop and write their features; returns (event reached, why).

    `places` int64[PLACES, 3] holds address, rows and columns of each array: plan; times int64[n]
    us; keys uint64[n, 2 * keyspaces]; members uint8[n, streams]; cells float64[n, columns]; the
    state; out float64[n, columns]; late uint8[n]; work. The caller keeps them alive. What it
    stops before has changed nothing: it can be called again with more room.
    """
    plan = carray(_int64_pointer(places[P_PLAN, 0]), (places[P_PLAN, 1], PLAN_WIDTH))
    times = carray(_int64_pointer(places[P_TIMES, 0]), (places[P_TIMES, 1],))
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    table = carray(_uint64_pointer(places[P_TABLE, 0]), (places[P_TABLE, 1], 3))
    arena = carray(_int64_pointer(places[P_ARENA, 0]), (places[P_ARENA, 1],))
    floats = carray(_float64_pointer(places[P_ARENA, 0]), (places[P_ARENA, 1],))
    seen = carray(_uint64_pointer(places[P_SEEN, 0]), (places[P_SEEN, 1], 3))
    meta = carray(_int64_pointer(places[P_META, 0]), (places[P_META, 1],))
    out = _matrix(_float64_pointer(places[P_OUT, 0]), places, P_OUT)
    late = carray(_uint8_pointer(places[P_LATE, 0]), (places[P_LATE, 1],))
    work = _matrix(_int64_pointer(places[P_WORK, 0]), places, P_WORK)
    bases = _matrix(_int64_pointer(places[P_BASES, 0]), places, P_BASES)
    queue = carray(_int64_pointer(places[P_QUEUE, 0]), (places[P_QUEUE, 1], 3))
    position = start
    while position < stop:
        end = _segment_end(times, meta, position, min(stop, position + work.shape[1]))
        _reclaim(plan, table, arena, meta, queue, work, places, end - position)
        why = _find_slots(plan, keys, table, arena, seen, meta, bases, queue, position, end)
        if why != DONE:
            return position, why
        counted = times[position] >= meta[CLOCK] - meta[LATE_AFTER]
        if counted:
            _open_slots(plan, times, keys, members, table, arena, meta, queue, bases, position, end)
            why = _room_for_rings(plan, members, arena, meta, bases, position, end)
            if why != DONE:
                return position, why
        for i in range(position, end):
            late[i] = not counted
        meta[LATE_COUNT] += 0 if counted else end - position
        meta[EVENT_COUNT] += end - position
        meta[CLOCK] = max(meta[CLOCK], times[end - 1])
        time = _effective_time(plan, times[position], arena, meta, bases, position)
        for k in range(plan[1, KEYSPACE]):
            _run_keyspace(
                plan, times, keys, members, cells, arena, floats, seen, meta, out, work, bases,
                k, position, end, time, counted,
            )  # fmt: skip
        _share(plan, out, position, end)
        position = end
        if meta[OVERFLOWED] != 0:
            return position, OVERFLOW
    return stop, DONE


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _matrix(pointer, places, which):
    """The two-dimensional array at an address."""
    return carray(pointer, (places[which, 1], places[which, 2]))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _segment_end(times, meta, start, stop):
    """The end of the run of events in order of time; an event that comes late stands alone."""
    if times[start] < meta[CLOCK]:
        return start + 1
    end = start + 1
    while end < stop and times[end] >= times[end - 1]:
        end += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _probe(table, first, second):
    """The table position of a key, or of the free place where it belongs."""
    mask = np.uint64(table.shape[0] - 1)
    position = first & mask
    while table[position, 2] != 0:
        if table[position, 0] == first and table[position, 1] == second:
            break
        position = (position + np.uint64(1)) & mask
    return position


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _delete(table, position):
    """Free a table position and close the gap, so that every probe still finds its key."""
    mask = np.uint64(table.shape[0] - 1)
    gap = np.uint64(position)
    other = gap
    while True:
        other = (other + np.uint64(1)) & mask
        if table[other, 2] == 0:
            break
        home = table[other, 0] & mask
        if ((other - home) & mask) >= ((other - gap) & mask):
            table[gap, 0] = table[other, 0]
            table[gap, 1] = table[other, 1]
            table[gap, 2] = table[other, 2]
            gap = other
    table[gap, 2] = 0


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _find_slots(plan, keys, table, arena, seen, meta, bases, queue, start, end):
    """Find every event's slots (-1: none, -2: no key), and whether new ones would fit."""
    keyspaces = plan[1, KEYSPACE]
    words = 0
    fresh = 0
    for k in range(keyspaces):
        salt = np.uint64(k + 1) * _SALT
        width = plan[plan[0, KEYSPACE] + k, K_WIDTH]
        for i in range(start, end):
            base = -2
            if keys[i, 2 * k] != 0 or keys[i, 2 * k + 1] != 0:
                position = _probe(table, keys[i, 2 * k] ^ salt, keys[i, 2 * k + 1])
                base = np.int64(table[position, 2]) - 1
                if base < 0:
                    fresh += 1
                    words += width
            bases[i - start, k] = base
    if meta[TABLE_USED] + fresh > table.shape[0] * _LOAD:
        return TABLE_FULL
    if meta[QUEUE_HEAD] - meta[QUEUE_TAIL] + fresh > queue.shape[0]:
        return QUEUE_FULL
    if meta[ARENA_USED] + words > arena.shape[0]:
        meta[NEEDED] = meta[ARENA_USED] + words
        return ARENA_FULL
    memories = plan[1, MEMORY] * (end - start)
    if meta[SEEN_USED] + meta[SEEN_PENDING] + memories > seen.shape[0] * _LOAD:
        return SEEN_FULL
    return DONE


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _open_slots(plan, times, keys, members, table, arena, meta, queue, bases, start, end):
    """Give a slot to every entity that is counted for the first time."""
    keyspaces = plan[1, KEYSPACE]
    for k in range(keyspaces):
        keyspace = plan[0, KEYSPACE] + k
        salt = np.uint64(k + 1) * _SALT
        for i in range(start, end):
            if bases[i - start, k] != -1:
                continue
            position = _probe(table, keys[i, 2 * k] ^ salt, keys[i, 2 * k + 1])
            if table[position, 2] != 0:
                bases[i - start, k] = np.int64(table[position, 2]) - 1
                continue
            wanted = False
            for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
                wanted = wanted or members[i, s] != 0
            if not wanted:
                continue
            base = _take(meta, arena, META_LISTS + keyspaces + k, plan[keyspace, K_WIDTH])
            table[position, 0] = keys[i, 2 * k] ^ salt
            table[position, 1] = keys[i, 2 * k + 1]
            table[position, 2] = base + 1
            arena[base + SLOT_HASH] = np.int64(keys[i, 2 * k] ^ salt)
            meta[TABLE_USED] += 1
            meta[META_LISTS + k] += 1
            bases[i - start, k] = base
            if plan[keyspace, K_LIFETIME] == 0:
                place = meta[QUEUE_HEAD] & (queue.shape[0] - 1)
                queue[place, 0] = k
                queue[place, 1] = base
                queue[place, 2] = times[i]
                meta[QUEUE_HEAD] += 1


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _take(meta, arena, free, words):
    """Room for `words` zeroed words, from a free list or from the end of the arena."""
    if meta[free] != 0:
        place = meta[free] - 1
        meta[free] = arena[place]
        for i in range(words):
            arena[place + i] = 0
        return place
    place = meta[ARENA_USED]
    meta[ARENA_USED] += words
    return place


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _give(meta, arena, free, place):
    """Put room back into a free list."""
    arena[place] = meta[free]
    meta[free] = place + 1


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _ring_list(plan, s, rows):
    """The free list of a stream's rings of this many rows."""
    size = 0
    while (1 << size) < rows:
        size += 1
    return META_LISTS + 2 * plan[1, KEYSPACE] + s * RING_CLASSES + size


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _oldest(plan, arena, stream, base):
    """The oldest row of a ring that some window may still need."""
    oldest = arena[base + plan[stream, S_SLOT] + RING_HEAD]
    for lane_index in range(plan[stream, S_LANE_LO], plan[stream, S_LANE_HI]):
        lane = plan[0, LANE] + lane_index
        oldest = min(oldest, max(0, arena[base + plan[lane, L_SLOT]] - 1))
        for w in range(plan[lane, L_WINDOW_LO], plan[lane, L_WINDOW_HI]):
            window = plan[0, WINDOW] + w
            if plan[window, W_WIDTH] != FOREVER:
                oldest = min(oldest, arena[base + plan[window, W_SLOT]])
    return oldest


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _room_for_rings(plan, members, arena, meta, bases, start, end):
    """Enlarge the rings that the segment's events do not fit; ARENA_FULL has changed nothing."""
    for attempt in range(2):
        words = 0
        for s in range(plan[1, STREAM]):
            stream = plan[0, STREAM] + s
            k = plan[stream, S_KEYSPACE]
            for i in range(start, end):
                if bases[i - start, k] >= 0 and members[i, s] != 0:
                    arena[bases[i - start, k] + SLOT_GROUP] += 1
            for i in range(start, end):
                base = bases[i - start, k]
                if base < 0 or arena[base + SLOT_GROUP] == 0:
                    continue
                arriving = arena[base + SLOT_GROUP]
                arena[base + SLOT_GROUP] = 0
                ring = base + plan[stream, S_SLOT]
                needed = arena[ring + RING_HEAD] - _oldest(plan, arena, stream, base) + arriving
                if needed <= arena[ring + RING_ROWS]:
                    continue
                rows = _FIRST_ROWS
                while rows < needed:
                    rows *= 2
                if attempt == 0:
                    words += rows * plan[stream, S_WIDTH]
                else:
                    _enlarge(plan, arena, meta, s, base, rows)
        if words == 0:
            return DONE
        if meta[ARENA_USED] + words > arena.shape[0]:
            meta[NEEDED] = meta[ARENA_USED] + words
            return ARENA_FULL
    return DONE


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _enlarge(plan, arena, meta, s, base, rows):
    """Move a ring to a larger place; rows keep their numbers."""
    stream = plan[0, STREAM] + s
    width = plan[stream, S_WIDTH]
    ring = base + plan[stream, S_SLOT]
    old_rows = arena[ring + RING_ROWS]
    old = arena[ring + RING_PLACE]
    new = _take(meta, arena, _ring_list(plan, s, rows), rows * width)
    if old_rows > 0:
        for number in range(_oldest(plan, arena, stream, base), arena[ring + RING_HEAD]):
            source = old + (number & (old_rows - 1)) * width
            target = new + (number & (rows - 1)) * width
            for i in range(width):
                arena[target + i] = arena[source + i]
        _give(meta, arena, _ring_list(plan, s, old_rows), old)
    arena[ring + RING_PLACE] = new
    arena[ring + RING_ROWS] = rows


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _effective_time(plan, time, arena, meta, bases, position):
    """The newest of an event's own time and the times its entities had reached."""
    effective = max(time, meta[CLOCK] - meta[LATE_AFTER])
    for k in range(plan[1, KEYSPACE]):
        if bases[0, k] >= 0:
            effective = max(effective, arena[bases[0, k] + SLOT_CLOCK])
    return effective


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _reclaim(plan, table, arena, meta, queue, work, places, count):
    """Forget entities that no window needs any more; a few for every event that comes."""
    evaluated = meta[CLOCK] - meta[LATE_AFTER]
    mask = queue.shape[0] - 1
    for _ in range(2 * count):
        if meta[QUEUE_TAIL] == meta[QUEUE_HEAD]:
            return
        place = meta[QUEUE_TAIL] & mask
        if queue[place, 2] > evaluated - meta[SPAN]:
            return
        meta[QUEUE_TAIL] += 1
        k = queue[place, 0]
        base = queue[place, 1]
        clock = arena[base + SLOT_CLOCK]
        if clock > evaluated - meta[SPAN]:
            again = meta[QUEUE_HEAD] & mask
            queue[again, 0] = k
            queue[again, 1] = base
            queue[again, 2] = clock
            meta[QUEUE_HEAD] += 1
            continue
        keyspace = plan[0, KEYSPACE] + k
        work[WORK_EVENT, 0] = -1
        work[WORK_TIME, 0] = evaluated
        for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
            stream = plan[0, STREAM] + s
            ring = base + plan[stream, S_SLOT]
            work[WORK_BEFORE, 0] = arena[ring + RING_HEAD]
            work[WORK_AFTER, 0] = arena[ring + RING_HEAD]
            if plan[stream, S_MEMORIES] > 0 and arena[ring + RING_ROWS] > 0:
                _settle(places, stream, base)
            if arena[ring + RING_ROWS] > 0:
                free = _ring_list(plan, s, arena[ring + RING_ROWS])
                _give(meta, arena, free, arena[ring + RING_PLACE])
        _free_slot(plan, table, arena, meta, k, base)


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(places, stream, base):
    """Let everything leave the windows of a stream of an entity that is about to be forgotten."""
    plan = carray(_int64_pointer(places[P_PLAN, 0]), (places[P_PLAN, 1], PLAN_WIDTH))
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    arena = carray(_int64_pointer(places[P_ARENA, 0]), (places[P_ARENA, 1],))
    floats = carray(_float64_pointer(places[P_ARENA, 0]), (places[P_ARENA, 1],))
    seen = carray(_uint64_pointer(places[P_SEEN, 0]), (places[P_SEEN, 1], 3))
    meta = carray(_int64_pointer(places[P_META, 0]), (places[P_META, 1],))
    out = _matrix(_float64_pointer(places[P_OUT, 0]), places, P_OUT)
    work = _matrix(_int64_pointer(places[P_WORK, 0]), places, P_WORK)
    _run_lanes(plan, arena, floats, seen, meta, cells, out, work, stream, base, 1)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _free_slot(plan, table, arena, meta, k, base):
    """Take an entity out of the table and keep its slot for another one."""
    mask = np.uint64(table.shape[0] - 1)
    position = np.uint64(arena[base + SLOT_HASH]) & mask
    while np.int64(table[position, 2]) != base + 1:
        position = (position + np.uint64(1)) & mask
    _delete(table, position)
    _give(meta, arena, META_LISTS + plan[1, KEYSPACE] + k, base)
    meta[TABLE_USED] -= 1
    meta[META_LISTS + k] -= 1


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _run_keyspace(
    plan, times, keys, members, cells, arena, floats, seen, meta, out, work, bases, k, start, end,
    time, counted,
):  # fmt: skip
    """Take the events of a segment entity by entity through one keyspace."""
    keyspace = plan[0, KEYSPACE] + k
    for i in range(end - 1, start - 1, -1):
        base = bases[i - start, k]
        if base >= 0:
            work[WORK_NEXT, i - start] = arena[base + SLOT_GROUP]
            arena[base + SLOT_GROUP] = i - start + 1
        else:
            _write_empty(plan, out, i, keyspace, base == -2)
    for i in range(start, end):
        base = bases[i - start, k]
        if base < 0 or arena[base + SLOT_GROUP] == 0:
            continue
        count = 0
        event = arena[base + SLOT_GROUP]
        arena[base + SLOT_GROUP] = 0
        while event != 0:
            work[WORK_EVENT, count] = start + event - 1
            work[WORK_TIME, count] = times[start + event - 1]
            count += 1
            event = work[WORK_NEXT, event - 1]
        if end == start + 1:
            work[WORK_TIME, 0] = time
        arena[base + SLOT_CLOCK] = work[WORK_TIME, count - 1]
        for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
            stream = plan[0, STREAM] + s
            _append(plan, members, cells, arena, floats, meta, work, s, base, count, counted)
            _run_lanes(plan, arena, floats, seen, meta, cells, out, work, stream, base, count)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _append(plan, members, cells, arena, floats, meta, work, s, base, count, counted):
    """Write the events of one entity that belong to a stream into its ring."""
    stream = plan[0, STREAM] + s
    ring = base + plan[stream, S_SLOT]
    place = arena[ring + RING_PLACE]
    mask = arena[ring + RING_ROWS] - 1
    width = plan[stream, S_WIDTH]
    head = arena[ring + RING_HEAD]
    for j in range(count):
        work[WORK_BEFORE, j] = head
        event = work[WORK_EVENT, j]
        if counted and members[event, s] != 0:
            row = place + (head & mask) * width
            arena[row] = work[WORK_TIME, j]
            for v in range(plan[stream, S_VALUE_LO], plan[stream, S_VALUE_HI]):
                value = plan[0, VALUE] + v
                # adding zero makes -0.0 the same value as 0.0
                floats[row + plan[value, V_ROW]] = cells[event, plan[value, V_CELL]] + 0.0
            head += 1
        work[WORK_AFTER, j] = head
    meta[SEEN_PENDING] += (head - arena[ring + RING_HEAD]) * plan[stream, S_MEMORIES]
    arena[ring + RING_HEAD] = head


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _run_lanes(plan, arena, floats, seen, meta, cells, out, work, stream, base, count):
    """Move every lane and window of one stream of one entity through `count` events."""
    ring = base + plan[stream, S_SLOT]
    place = arena[ring + RING_PLACE]
    mask = arena[ring + RING_ROWS] - 1
    width = plan[stream, S_WIDTH]
    for lane_index in range(plan[stream, S_LANE_LO], plan[stream, S_LANE_HI]):
        lane = plan[0, LANE] + lane_index
        first = arena[base + plan[lane, L_SLOT]]
        last = _enter(plan, arena, work, lane, first, count, place, mask, width)
        for m in range(plan[lane, L_MEMORY_LO], plan[lane, L_MEMORY_HI]):
            _remember(plan, arena, floats, seen, meta, m, base, first, last, place, mask, width)
        for e in range(plan[lane, L_EXTREME_LO], plan[lane, L_EXTREME_HI]):
            _run_extreme(
                plan, arena, floats, out, work, lane, e, base, first, count, place, mask, width
            )
        for w in range(plan[lane, L_WINDOW_LO], plan[lane, L_WINDOW_HI]):
            window = plan[0, WINDOW] + w
            before = _expire(plan, arena, work, lane, window, base, count, place, mask, width)
            for o in range(plan[window, W_OUTPUT_LO], plan[window, W_OUTPUT_HI]):
                _read_window(plan, arena, floats, cells, out, work, o, count, place, mask, width)
            for a in range(plan[window, W_SUMMAND_LO], plan[window, W_SUMMAND_HI]):
                summand = plan[0, SUMMAND] + a
                kind = plan[summand, A_KIND]
                if kind <= SUMMAND_SQUARES:
                    _sum(
                        plan, arena, floats, meta, out, work, summand, base, first, before, count,
                        place, mask, width,
                    )  # fmt: skip
                elif kind == SUMMAND_DISTINCT:
                    _count_distinct(
                        plan, arena, floats, seen, meta, out, work, summand, base, first, before,
                        count, place, mask, width,
                    )  # fmt: skip
                else:
                    _keep(
                        plan, arena, floats, out, work, summand, base, first, count, place, mask,
                        width,
                    )  # fmt: skip
        arena[base + plan[lane, L_SLOT]] = last


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _enter(plan, arena, work, lane, first, count, place, mask, width):
    """Up to which row the lane has entered at each event (WORK_HIGH); returns the last."""
    delay = plan[lane, L_DELAY]
    high = first
    if delay > 0:
        for j in range(count):
            limit = work[WORK_TIME, j] - delay
            after = work[WORK_AFTER, j]
            while high < after and arena[place + (high & mask) * width] <= limit:
                high += 1
            work[WORK_HIGH, j] = high
        return high
    source = WORK_BEFORE if plan[lane, L_EXCLUDED] else WORK_AFTER
    for j in range(count):
        work[WORK_HIGH, j] = work[source, j]
    return work[WORK_HIGH, count - 1]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _expire(plan, arena, work, lane, window, base, count, place, mask, width):
    """The oldest row inside the window at each event (WORK_LOW); returns that before the first."""
    if plan[window, W_WIDTH] == FOREVER:
        for j in range(count):
            work[WORK_LOW, j] = 0
        return 0
    word = base + plan[window, W_SLOT]
    before = arena[word]
    low = before
    span = plan[lane, L_DELAY] + plan[window, W_WIDTH]
    for j in range(count):
        limit = work[WORK_TIME, j] - span
        high = work[WORK_HIGH, j]
        while low < high and arena[place + (low & mask) * width] <= limit:
            low += 1
        work[WORK_LOW, j] = low
    arena[word] = low
    return before


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _write(plan, out, output, event, value):
    """Write one feature of one event; a window that says nothing gives the declared default."""
    if event < 0:
        return
    if math.isnan(value):
        value = np.int64(plan[output, O_DEFAULT]).view(np.float64)
    out[event, plan[output, O_COLUMN]] = value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _write_empty(plan, out, event, keyspace, without_key):
    """The features of an entity never counted (zero counts), or of an event without the entity."""
    for o in range(plan[keyspace, K_OUTPUT_LO], plan[keyspace, K_OUTPUT_HI]):
        output = plan[0, OUTPUT] + o
        kind = plan[output, O_KIND]
        if without_key:
            out[event, plan[output, O_COLUMN]] = np.nan
        elif kind <= OUT_SEEN or kind == OUT_N or kind == OUT_SUM or kind == OUT_DISTINCT:
            _write(plan, out, output, event, 0.0)
        else:
            _write(plan, out, output, event, np.nan)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _read_window(plan, arena, floats, cells, out, work, o, count, place, mask, width):
    """Figures that stand in the window's ends: how many, the first, the last, the way from it."""
    output = plan[0, OUTPUT] + o
    kind = plan[output, O_KIND]
    for j in range(count):
        event = work[WORK_EVENT, j]
        low = work[WORK_LOW, j]
        high = work[WORK_HIGH, j]
        if kind == OUT_COUNT:
            _write(plan, out, output, event, float(high - low))
            continue
        if kind == OUT_SEEN:
            _write(plan, out, output, event, 1.0 if high > low else 0.0)
            continue
        if high <= low:
            _write(plan, out, output, event, np.nan)
            continue
        number = low if kind == OUT_FIRST or kind == OUT_SINCE_FIRST else high - 1
        row = place + (number & mask) * width
        seconds = (work[WORK_TIME, j] - arena[row]) / _SECOND
        if kind == OUT_SINCE_LAST or kind == OUT_SINCE_FIRST:
            _write(plan, out, output, event, seconds)
        elif kind == OUT_LAST or kind == OUT_FIRST:
            _write(plan, out, output, event, floats[row + plan[output, O_VALUE]])
        elif event >= 0:
            distance = _kilometres(
                floats[row + plan[output, O_VALUE]],
                floats[row + plan[output, O_VALUE2]],
                cells[event, plan[output, O_CELL]],
                cells[event, plan[output, O_CELL2]],
            )
            if kind == OUT_SPEED:
                distance = distance / max(1.0, seconds) * 3600.0
            _write(plan, out, output, event, distance)


@njit(cache=True, nogil=True, error_model="numpy")
def _kilometres(latitude, longitude, other_latitude, other_longitude):
    """Great-circle distance (haversine) between two places in degrees."""
    first = math.radians(latitude)
    second = math.radians(other_latitude)
    across = math.sin((second - first) / 2) ** 2
    along = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    share = across + math.cos(first) * math.cos(second) * along
    # not min(): a place that is missing must stay missing
    return 2 * _EARTH_KM * math.asin(math.sqrt(1.0 if share > 1.0 else share))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _square(number):
    """The square of |number| < 2**53 as two 64-bit halves (high, low)."""
    size = np.uint64(abs(number))
    high = size >> _SHIFT32
    low = size & _MASK32
    middle = high * low * np.uint64(2)
    low_square = low * low
    lower = low_square + (middle << _SHIFT32)
    carry = np.uint64(1) if lower < low_square else np.uint64(0)
    return high * high + (middle >> _SHIFT32) + carry, lower


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _sum(
    plan, arena, floats, meta, out, work, summand, base, first, before, count, place, mask, width
):  # fmt: skip
    """Number, sum and squares of the values in a window after each event."""
    squares = plan[summand, A_KIND] == SUMMAND_SQUARES
    counting = plan[summand, A_KIND] == SUMMAND_N
    value_place = plan[summand, A_VALUE]
    scale = float(plan[summand, A_SCALE])
    word = base + plan[summand, A_SLOT]
    n = arena[word]
    total = np.int64(0) if counting else arena[word + 1]
    upper = np.uint64(arena[word + 2]) if squares else np.uint64(0)
    lower = np.uint64(arena[word + 3]) if squares else np.uint64(0)
    old_low = before
    old_high = first
    for j in range(count):
        low = work[WORK_LOW, j]
        high = work[WORK_HIGH, j]
        for number in range(old_low, min(low, old_high)):
            value = floats[place + (number & mask) * width + value_place]
            if math.isnan(value):
                continue
            n -= 1
            fixed = np.int64(np.rint(value * scale))
            total -= fixed
            if squares:
                above, below = _square(fixed)
                borrow = np.uint64(1) if lower < below else np.uint64(0)
                lower -= below
                upper -= above + borrow
        for number in range(max(low, old_high), high):
            value = floats[place + (number & mask) * width + value_place]
            if math.isnan(value):
                continue
            n += 1
            fixed = np.int64(np.rint(value * scale))
            total += fixed
            if abs(total) > _SUM_MAX:
                meta[OVERFLOWED] = 1
            if squares:
                above, below = _square(fixed)
                lower += below
                upper += above + (np.uint64(1) if lower < below else np.uint64(0))
        old_low = low
        old_high = high
        work[WORK_N, j] = n
        work[WORK_SUM, j] = total
        if squares:
            work[WORK_UPPER, j] = np.int64(upper)
            work[WORK_LOWER, j] = np.int64(lower)
    arena[word] = n
    if not counting:
        arena[word + 1] = total
    if squares:
        arena[word + 2] = np.int64(upper)
        arena[word + 3] = np.int64(lower)
    for o in range(plan[summand, A_OUTPUT_LO], plan[summand, A_OUTPUT_HI]):
        _write_moment(plan, out, work, plan[0, OUTPUT] + o, count, scale)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _write_moment(plan, out, work, output, count, scale):
    """Write number, sum, mean or sample standard deviation after each event."""
    kind = plan[output, O_KIND]
    for j in range(count):
        n = work[WORK_N, j]
        total = work[WORK_SUM, j]
        if kind == OUT_N:
            value = float(n)
        elif kind == OUT_SUM:
            value = total / scale
        elif kind == OUT_MEAN:
            value = total / n / scale if n > 0 else np.nan
        elif n < 2:
            value = np.nan
        else:
            spread = _spread(
                n, total, np.uint64(work[WORK_UPPER, j]), np.uint64(work[WORK_LOWER, j])
            )
            value = math.sqrt(spread / (float(n) * float(n - 1))) / scale
        _write(plan, out, output, work[WORK_EVENT, j], value)


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(n, total, upper, lower):
    """n * squares - sum**2, exact in 160 bits, then rounded: n**2 times the population variance."""
    factor = np.uint64(n)
    square_upper, square_lower = _wide_square(np.uint64(abs(total)))
    carry = np.uint64(0)
    borrow = np.int64(0)
    spread = 0.0
    weight = 1.0
    for i in range(5):
        product = carry
        limb = np.int64(0)
        if i < 4:
            shift = np.uint64(32 * (i & 1))
            product += (((upper if i >= 2 else lower) >> shift) & _MASK32) * factor
            limb = np.int64(((square_upper if i >= 2 else square_lower) >> shift) & _MASK32)
        carry = product >> _SHIFT32
        difference = np.int64(product & _MASK32) - limb - borrow
        borrow = np.int64(1) if difference < 0 else np.int64(0)
        spread += float(difference + (borrow << 32)) * weight
        weight *= 4294967296.0
    return spread


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _wide_square(number):
    """The square of a 64-bit number as (upper, lower)."""
    high = number >> _SHIFT32
    low = number & _MASK32
    low_square = low * low
    middle = high * low
    once = low_square + (middle << _SHIFT32)
    carry = np.uint64(1) if once < low_square else np.uint64(0)
    twice = once + (middle << _SHIFT32)
    carry += np.uint64(1) if twice < once else np.uint64(0)
    return high * high + np.uint64(2) * (middle >> _SHIFT32) + carry, twice


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _probe_seen(seen, base, memory, value):
    """The place of one value of one slot in the memory of distinct values, and its key."""
    bits = np.float64(value).view(np.uint64)
    first = np.uint64(base * 64 + memory + 1) * _SALT ^ (bits * np.uint64(0xBF58476D1CE4E5B9))
    first ^= first >> np.uint64(29)
    first *= np.uint64(0x94D049BB133111EB)
    first ^= first >> np.uint64(32)
    second = np.uint64(base * 64 + memory) ^ (bits << np.uint64(11)) ^ (bits >> np.uint64(53))
    return _probe(seen, first, second), first, second


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _remember(plan, arena, floats, seen, meta, memory, base, first, last, place, mask, width):
    """Link every entering row with the row of the same value before it, and that one with it."""
    entry = plan[0, MEMORY] + memory
    for number in range(first, last):
        row = place + (number & mask) * width
        value = floats[row + plan[entry, M_VALUE]]
        meta[SEEN_PENDING] -= 1
        arena[row + plan[entry, M_NEXT]] = 0
        if math.isnan(value):
            arena[row + plan[entry, M_PREVIOUS]] = -1
            continue
        position, one, two = _probe_seen(seen, base, memory, value)
        previous = np.int64(seen[position, 2])
        arena[row + plan[entry, M_PREVIOUS]] = previous
        if previous == 0:
            seen[position, 0] = one
            seen[position, 1] = two
            meta[SEEN_USED] += 1
        else:
            arena[place + ((previous - 1) & mask) * width + plan[entry, M_NEXT]] = number + 1
        seen[position, 2] = np.uint64(number + 1)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _count_distinct(
    plan, arena, floats, seen, meta, out, work, summand, base, first, before, count, place, mask,
    width,
):  # fmt: skip
    """Different values in a window after each event: rows not followed by their like inside it."""
    memory = plan[summand, A_MEMORY]
    entry = plan[0, MEMORY] + memory
    word = base + plan[summand, A_SLOT]
    distinct = arena[word]
    old_low = before
    old_high = first
    for j in range(count):
        low = work[WORK_LOW, j]
        high = work[WORK_HIGH, j]
        for number in range(old_low, low):
            row = place + (number & mask) * width
            if arena[row + plan[entry, M_PREVIOUS]] < 0:
                continue
            following = arena[row + plan[entry, M_NEXT]]
            if number < old_high and (following == 0 or following > old_high):
                distinct -= 1
            if plan[summand, A_LONGEST] and following == 0:
                value = floats[row + plan[entry, M_VALUE]]
                position, _one, _two = _probe_seen(seen, base, memory, value)
                _delete(seen, position)
                meta[SEEN_USED] -= 1
        for number in range(max(low, old_high), high):
            previous = arena[place + (number & mask) * width + plan[entry, M_PREVIOUS]]
            if previous >= 0 and previous - 1 < low:
                distinct += 1
        old_low = low
        old_high = high
        work[WORK_N, j] = distinct
    arena[word] = distinct
    for o in range(plan[summand, A_OUTPUT_LO], plan[summand, A_OUTPUT_HI]):
        output = plan[0, OUTPUT] + o
        for j in range(count):
            _write(plan, out, output, work[WORK_EVENT, j], float(work[WORK_N, j]))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _keep(plan, arena, floats, out, work, summand, base, first, count, place, mask, width):
    """The first value ever, or the extreme value so far, after each event."""
    word = base + plan[summand, A_SLOT]
    kind = plan[summand, A_KIND]
    sign = plan[summand, A_MEMORY]
    old_high = first
    for j in range(count):
        for number in range(old_high, work[WORK_HIGH, j]):
            row = place + (number & mask) * width
            value = floats[row + plan[summand, A_VALUE]]
            if math.isnan(value):
                continue
            if arena[word] == 0:
                arena[word] = arena[row]
                floats[word + 1] = value
            elif kind == SUMMAND_RUNNING and value * sign > floats[word + 1] * sign:
                floats[word + 1] = value
        old_high = work[WORK_HIGH, j]
        for o in range(plan[summand, A_OUTPUT_LO], plan[summand, A_OUTPUT_HI]):
            output = plan[0, OUTPUT] + o
            value = np.nan
            if arena[word] != 0:
                value = floats[word + 1]
                if plan[output, O_KIND] == OUT_SINCE_FIRST_EVER:
                    value = (work[WORK_TIME, j] - arena[word]) / _SECOND
            _write(plan, out, output, work[WORK_EVENT, j], value)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _run_extreme(
    plan, arena, floats, out, work, lane, e, base, first, count, place, mask, width
):  # fmt: skip
    """Largest (smallest) value in each window: one monotonic chain, one front a window."""
    extreme = plan[0, EXTREME] + e
    sign = plan[extreme, E_SIGN]
    value_place = plan[extreme, E_VALUE]
    previous_place = plan[extreme, E_PREVIOUS]
    next_place = plan[extreme, E_NEXT]
    fronts = range(plan[0, FRONT] + plan[extreme, E_FRONT_LO],
                   plan[0, FRONT] + plan[extreme, E_FRONT_HI])  # fmt: skip
    back_word = base + plan[extreme, E_SLOT]
    oldest = _oldest_front(plan, arena, fronts, base)
    back = arena[back_word]
    if oldest == 0:
        back = 0
    number = first
    for j in range(count):
        while number < work[WORK_HIGH, j]:
            row = place + (number & mask) * width
            value = floats[row + value_place] * sign
            number += 1
            arena[row + next_place] = 0
            if math.isnan(value):
                continue
            displaced = 0
            while back >= oldest and back != 0:
                other = place + ((back - 1) & mask) * width
                if floats[other + value_place] * sign > value:
                    break
                displaced = back
                back = arena[other + previous_place]
            if back < oldest:
                back = 0
            arena[row + previous_place] = back
            if back != 0:
                arena[place + ((back - 1) & mask) * width + next_place] = number
            back = number
            if oldest == 0:
                oldest = number
            for f in fronts:
                front = arena[base + plan[f, F_SLOT]]
                if front == 0 or (displaced != 0 and front >= displaced):
                    arena[base + plan[f, F_SLOT]] = number
        for f in fronts:
            limit = work[WORK_TIME, j] - plan[lane, L_DELAY] - plan[f, F_WIDTH]
            front = arena[base + plan[f, F_SLOT]]
            while front != 0 and arena[place + ((front - 1) & mask) * width] <= limit:
                front = arena[place + ((front - 1) & mask) * width + next_place]
            arena[base + plan[f, F_SLOT]] = front
            value = np.nan
            if front != 0:
                value = floats[place + ((front - 1) & mask) * width + value_place]
            _write(plan, out, plan[0, OUTPUT] + plan[f, F_OUTPUT], work[WORK_EVENT, j], value)
        oldest = _oldest_front(plan, arena, fronts, base)
        if oldest == 0:
            back = 0
    arena[back_word] = back


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _oldest_front(plan, arena, fronts, base):
    """The oldest element of a monotonic chain that some window still holds, 0 if none does."""
    oldest = np.int64(0)
    for f in fronts:
        front = arena[base + plan[f, F_SLOT]]
        if front != 0 and (oldest == 0 or front < oldest):
            oldest = front
    return oldest


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _share(plan, out, start, end):
    """Divide the counts of which shares are made."""
    for h in range(plan[0, SHARE], plan[0, SHARE] + plan[1, SHARE]):
        default = np.int64(plan[h, H_DEFAULT]).view(np.float64)
        for i in range(start, end):
            part = out[i, plan[h, H_PART]]
            whole = out[i, plan[h, H_WHOLE]]
            if whole == 0.0 and not math.isnan(part):
                out[i, plan[h, H_PART]] = default
            else:
                out[i, plan[h, H_PART]] = part / whole


@njit(cache=True, nogil=True, error_model="numpy")
def rehash(old, new):
    """Copy every key of a hash table into a larger one."""
    for i in range(old.shape[0]):
        if old[i, 2] != 0:
            position = _probe(new, old[i, 0], old[i, 1])
            for column in range(3):
                new[position, column] = old[i, column]


@njit(cache=True, nogil=True, error_model="numpy")
def move_queue(old, new, meta):
    """Copy the waiting entries of the queue into a larger ring."""
    for number in range(meta[QUEUE_TAIL], meta[QUEUE_HEAD]):
        for column in range(3):
            new[number & (new.shape[0] - 1), column] = old[number & (old.shape[0] - 1), column]
