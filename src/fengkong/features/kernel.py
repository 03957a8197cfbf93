"""The window kernel: exact sliding windows, computed for a batch of events.

Every keyspace has arrays of its own (a *part*), so that two threads may take two keyspaces. Per
entity (a *slot*) the events that some window may still need stand in a ring of rows, one ring a
stream, oldest first. A lane is a position in that ring (what has entered), a window another one
behind it (what has left), so a count is a difference of positions. Rows carry running totals of
what is summed, so a sum is a difference too: int64 and for squares 128 bits, exact because whole
numbers wrap around and back.

A batch is first *prepared* (slots and rings get their room; whatever does not fit stops the batch
before anything was counted) and then *counted*: events in order of time go entity by entity and
window by window, which keeps them in the cache; an event that comes late is taken alone. The
result is that of one event after the other: the tests hold both against a naive reference.

Arrays reach the kernel as addresses: numba counts references to every array at every inner call,
which took four fifths of the time. Positions in hot loops are made unsigned, which spares a test
for negative ones. This stays one module: compiled code of a second inlined module would go stale
in numba's cache unseen.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# sections of the plan: row 0 holds their first row, row 1 their length
(KEYSPACE, STREAM, LANE, WINDOW, SUMMAND, EXTREME, FRONT, MEMORY, OUTPUT, VALUE,
 SHARE) = range(11)  # fmt: skip
PLAN_WIDTH: Final = 12

# columns of each section
K_WIDTH, K_STREAM_LO, K_STREAM_HI, K_OUTPUT_LO, K_OUTPUT_HI, K_ENDLESS = range(6)
S_SLOT, S_WIDTH, S_VALUE_LO, S_VALUE_HI, S_LANE_LO, S_LANE_HI, S_MEMORIES = range(7)
(L_DELAY, L_EXCLUDED, L_SLOT, L_WINDOW_LO, L_WINDOW_HI, L_EXTREME_LO, L_EXTREME_HI,
 L_MEMORY_LO, L_MEMORY_HI) = range(9)  # fmt: skip
W_WIDTH, W_SLOT, W_OUTPUT_LO, W_OUTPUT_HI, W_SUMMAND_LO, W_SUMMAND_HI, W_PLAIN = range(7)
(A_KIND, A_VALUE, A_SCALE, A_SLOT, A_OTHER, A_LONGEST, A_OUTPUT_LO, A_OUTPUT_HI, A_N, A_SUM,
 A_SQUARES) = range(11)  # fmt: skip
E_VALUE, E_SIGN, E_PREVIOUS, E_NEXT, E_SLOT, E_FRONT_LO, E_FRONT_HI = range(7)
F_WIDTH, F_SLOT, F_OUTPUT = range(3)
M_VALUE, M_PREVIOUS, M_NEXT, M_WINDOW = range(4)
O_KIND, O_COLUMN, O_DEFAULT, O_VALUE, O_VALUE2, O_CELL, O_CELL2 = range(7)
V_CELL, V_SCALE, V_RAW, V_N, V_SUM, V_SQUARES, V_SIZE, V_ENDLESS = range(8)
H_PART, H_WHOLE, H_DEFAULT = range(3)

FOREVER: Final = 2**62
"""The width of a window that never expires."""

(SUMMAND_N, SUMMAND_SUM, SUMMAND_SQUARES, SUMMAND_DISTINCT, SUMMAND_FIRST,
 SUMMAND_RUNNING) = range(6)  # fmt: skip
(OUT_COUNT, OUT_SEEN, OUT_LAST, OUT_SINCE_LAST, OUT_DISTANCE, OUT_SPEED, OUT_FIRST,
 OUT_SINCE_FIRST, OUT_N, OUT_SUM, OUT_MEAN, OUT_STD, OUT_DISTINCT, OUT_FIRST_EVER,
 OUT_SINCE_FIRST_EVER, OUT_RUNNING, OUT_EXTREME) = range(17)  # fmt: skip

# rows of places: where each array is; then those of each part
P_PLAN, P_TIMES, P_KEYS, P_MEMBERS, P_CELLS, P_OUT, P_LATE, P_META = range(8)
PLACES: Final = 8
Q_TABLE, Q_ARENA, Q_SEEN, Q_QUEUE, Q_META, Q_WORK = range(6)
PART_PLACES: Final = 6
_PLACES_MAX: Final = 2**20

# words of the common meta
CLOCK, LATE_AFTER, SPAN, LATE_COUNT, EVENT_COUNT, FAULT_ROW, FAULT_CELL = range(7)
META_WORDS: Final = 8

# words of a part's meta; then the free lists of slots, and of rings by stream and size
(TABLE_USED, ARENA_USED, SEEN_USED, SEEN_PENDING, QUEUE_HEAD, QUEUE_TAIL, NEEDED, EPOCH,
 GROUPS) = range(9)  # fmt: skip
FREE_SLOTS: Final = 9
FREE_RINGS: Final = 10
RING_CLASSES: Final = 40

# words at the start of every slot, and of every stream in it
SLOT_CLOCK, SLOT_HASH, SLOT_GROUP = range(3)
SLOT_HEADER: Final = 3
RING_PLACE, RING_ROWS, RING_HEAD = range(3)
RING_HEADER: Final = 3
_FIRST_ROWS: Final = 4

# rows of a part's work: of the batch, of its groups (the events of one slot), of one group
(BATCH_BASE, BATCH_GROUP, BATCH_ORDER, GROUP_START, GROUP_SLOT, EVENT, TIME, EDGE, HIGH, LOW,
 NUMBER) = range(11)  # fmt: skip
WORK_ROWS: Final = 11
WORK_SPARE: Final = 24
"""Columns of work beyond the batch: one is needed, and rows must not share cache sets."""
BATCH_MAX: Final = 65_536
_GROUP_BITS: Final = 20
_GROUP_MASK: Final = 2**20 - 1

# why the kernel stopped before a batch; the part is `why >> WHY_BITS`
(DONE, TABLE_FULL, ARENA_FULL, SEEN_FULL, QUEUE_FULL, SUM_TOO_LARGE,
 VALUE_TOO_LARGE) = range(7)  # fmt: skip
WHY_BITS: Final = 8

FIXED_MAX: Final = 2.0**53
"""Bound of a value in fixed point."""
SIZES_MAX: Final = 2**50
"""Bound of the sizes of the values kept of an entity, in units of 2048 (+1 a value)."""
_SIZE_SHIFT: Final = 11
_LOAD: Final = 0.5
_EARTH_KM: Final = 6371.0088
_SECOND: Final = 1_000_000.0
_SALT: Final = np.uint64(0x9E3779B97F4A7C15)
_MASK32: Final = np.uint64(0xFFFFFFFF)
_SHIFT32: Final = np.uint64(32)
_u = np.uint64


# Only what Python calls is kept in numba's cache and made callable from Python.
_INNER: Final[dict[str, Any]] = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_called = njit(**_INNER)
_inlined = njit(forceinline=True, **_INNER)


def _pointer_to(item):
    """A compiled function that reads an integer address as a pointer to items."""

    @intrinsic
    def pointer(typingctx, address):
        target = types.CPointer(item)

        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(target))

        return target(types.int64), generate

    return pointer


def _prefetching():
    """A compiled function that asks the processor to bring the line at an address near."""

    @intrinsic
    def prefetch(typingctx, address):
        def generate(context, builder, signature, arguments):
            ir, number = cgutils.ir, cgutils.int32_t
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            pointer = builder.inttoptr(arguments[0], cgutils.voidptr_t)
            builder.call(function, [pointer, number(0), number(3), number(1)])
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return prefetch


_prefetch = _prefetching()
_int64_pointer = _pointer_to(types.int64)
_uint64_pointer = _pointer_to(types.uint64)
_uint8_pointer = _pointer_to(types.uint8)
_float64_pointer = _pointer_to(types.float64)


@njit(cache=True, nogil=True, error_model="numpy")
def run(address, start, stop):
    """Count events start..stop of a batch and write their features; returns why not, or DONE.

    At `address` stand int64 rows of (address, rows, columns): first plan; times int64[n] us; keys
    uint64[n, 2 * keyspaces]; members uint8[n, streams]; cells float64[n, columns]; out
    float64[n, columns]; late uint8[n]; meta; then of each keyspace its table, arena, seen, queue,
    meta and work. The caller keeps them alive. If the answer is not DONE nothing was counted: it
    can be called again with more room.
    """
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    ordered = begin(address, start, stop)
    if stop == start + 1:
        _prefetch_event(places, plan, start)
    for k in range(plan[1, KEYSPACE]):
        why = prepare(address, k, start, stop)
        if why != DONE:
            return why | k << WHY_BITS
    if ordered:
        for k in range(plan[1, KEYSPACE]):
            count(address, k, start, start, stop, np.int64(-1))
    else:
        _count_disordered(address, start, stop)
    finish(address, start, stop)
    return DONE


@_called
def _prefetch_event(places, plan, event):
    """Ask for all memory that one event will touch, so that it comes at once."""
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    for k in range(plan[1, KEYSPACE]):
        part = PLACES + PART_PLACES * k
        place = keys[event, 2 * k] & _u(places[part + Q_TABLE, 1] - 1)
        _prefetch(places[part + Q_TABLE, 0] + np.int64(place) * 24)
    for k in range(plan[1, KEYSPACE]):
        part = PLACES + PART_PLACES * k
        table = _table(places, part + Q_TABLE)
        work = _rows(places, part + Q_WORK)
        position = _probe(table, keys[event, 2 * k], keys[event, 2 * k + 1])
        base = np.int64(table[position, 2]) - 1
        work[BATCH_BASE, 0] = base
        if base >= 0:
            for word in range(0, plan[plan[0, KEYSPACE] + k, K_WIDTH], 8):
                _prefetch(places[part + Q_ARENA, 0] + 8 * (base + word))
    for k in range(plan[1, KEYSPACE]):
        part = PLACES + PART_PLACES * k
        arena = _ints(places, part + Q_ARENA)
        base = _rows(places, part + Q_WORK)[BATCH_BASE, 0]
        if base >= 0:
            _prefetch_rings(plan, plan[0, KEYSPACE] + k, arena, places[part + Q_ARENA, 0], base)


@njit(cache=True, nogil=True, error_model="numpy")
def begin(address, start, stop):
    """Mark the events that come too late to be counted; whether all come in order of time."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    times = _ints(places, P_TIMES)
    late = _bytes(places, P_LATE)
    meta = _ints(places, P_META)
    clock = meta[CLOCK]
    late_after = meta[LATE_AFTER]
    ordered = True
    for i in range(start, stop):
        time = times[_u(i)]
        late[_u(i)] = time < clock - late_after
        if time < clock:
            ordered = False
        else:
            clock = time
    return ordered


@njit(cache=True, nogil=True, error_model="numpy")
def finish(address, start, stop):
    """Divide the counts of which shares are made, and move the common clock."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    late = _bytes(places, P_LATE)
    meta = _ints(places, P_META)
    out = _matrix(_float64_pointer(places[P_OUT, 0]), places, P_OUT)
    for i in range(start, stop):
        meta[CLOCK] = max(meta[CLOCK], times[i])
        meta[LATE_COUNT] += late[i]
    meta[EVENT_COUNT] += stop - start
    for h in range(plan[0, SHARE], plan[0, SHARE] + plan[1, SHARE]):
        default = np.int64(plan[h, H_DEFAULT]).view(np.float64)
        for i in range(start, stop):
            part = out[i, plan[h, H_PART]]
            whole = out[i, plan[h, H_WHOLE]]
            if whole == 0.0 and not math.isnan(part):
                out[i, plan[h, H_PART]] = default
            else:
                out[i, plan[h, H_PART]] = part / whole


@_called
def _count_disordered(address, start, stop):
    """Count a batch that is not in order of time: runs that are, and late events one by one."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    meta = _ints(places, P_META)
    position = start
    while position < stop:
        end = position + 1
        effective = np.int64(-1)
        if times[position] < meta[CLOCK]:
            effective = _effective_time(address, times[position], position - start)
        else:
            while end < stop and times[end] >= times[end - 1]:
                end += 1
            meta[CLOCK] = times[end - 1]
        for k in range(plan[1, KEYSPACE]):
            _group(address, k, start, position, end)
            count(address, k, start, position, end, effective)
        position = end


@_called
def _effective_time(address, time, number):
    """The newest of a late event's own time and the times its entities had reached."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    effective = max(time, meta[CLOCK] - meta[LATE_AFTER])
    for k in range(plan[1, KEYSPACE]):
        part = PLACES + PART_PLACES * k
        arena = _ints(places, part + Q_ARENA)
        work = _rows(places, part + Q_WORK)
        if work[BATCH_BASE, number] >= 0:
            effective = max(effective, arena[work[BATCH_BASE, number] + SLOT_CLOCK])
    return effective


@_inlined
def _ints(places, which):
    """The row of integers at an address."""
    return carray(_int64_pointer(places[which, 0]), (places[which, 1],))


@_inlined
def _bytes(places, which):
    """The row of bytes at an address."""
    return carray(_uint8_pointer(places[which, 0]), (places[which, 1],))


@_inlined
def _table(places, which):
    """The hash table at an address."""
    return carray(_uint64_pointer(places[which, 0]), (places[which, 1], 3))


@_inlined
def _rows(places, which):
    """The rows of integers at an address."""
    return carray(_int64_pointer(places[which, 0]), (places[which, 1], places[which, 2]))


@_inlined
def _matrix(pointer, places, which):
    """The two-dimensional array at an address."""
    return carray(pointer, (places[which, 1], places[which, 2]))


@_inlined
def _probe(table, first, second):
    """The table position of a key, or of the free place where it belongs."""
    mask = _u(table.shape[0] - 1)
    position = first & mask
    while table[position, 2] != 0:
        if table[position, 0] == first and table[position, 1] == second:
            break
        position = (position + _u(1)) & mask
    return position


@_inlined
def _delete(table, position):
    """Free a table position and close the gap, so that every probe still finds its key."""
    mask = _u(table.shape[0] - 1)
    gap = _u(position)
    other = gap
    while True:
        other = (other + _u(1)) & mask
        if table[other, 2] == 0:
            break
        home = table[other, 0] & mask
        if ((other - home) & mask) >= ((other - gap) & mask):
            table[gap, 0] = table[other, 0]
            table[gap, 1] = table[other, 1]
            table[gap, 2] = table[other, 2]
            gap = other
    table[gap, 2] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(address, k, start, stop):
    """Find or open the slots of a batch in one keyspace, group its events, make room for them."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    late = _bytes(places, P_LATE)
    common = _ints(places, P_META)
    part = PLACES + PART_PLACES * k
    table = _table(places, part + Q_TABLE)
    arena = _ints(places, part + Q_ARENA)
    seen = _table(places, part + Q_SEEN)
    queue = _rows(places, part + Q_QUEUE)
    meta = _ints(places, part + Q_META)
    work = _rows(places, part + Q_WORK)
    keyspace = plan[0, KEYSPACE] + k
    _reclaim(plan, keyspace, common, table, arena, seen, queue, meta, stop - start)
    table_at = places[part + Q_TABLE, 0]
    mask = _u(table.shape[0] - 1)
    for i in range(start, stop):
        if i + 12 < stop:
            _prefetch(table_at + np.int64(keys[_u(i + 12), _u(2 * k)] & mask) * 24)
        first = keys[_u(i), _u(2 * k)]
        second = keys[_u(i), _u(2 * k + 1)]
        base = np.int64(-2)
        if first != 0 or second != 0:
            position = _probe(table, first, second)
            base = np.int64(table[position, 2]) - 1
            if base < 0 and not late[i] and _wanted(plan, keyspace, members, i):
                why = _room_for_slot(plan, keyspace, table, arena, queue, meta)
                if why != DONE:
                    return why
                base = _open(plan, keyspace, table, arena, queue, meta, position, times[i])
                table[position, 0] = first
                table[position, 1] = second
                arena[base + SLOT_HASH] = np.int64(first)
        work[BATCH_BASE, _u(i - start)] = base
    _group(address, k, start, start, stop)
    return _make_room(address, k, start, stop)


@_inlined
def _wanted(plan, keyspace, members, event):
    """Whether some stream of the keyspace counts an event."""
    for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
        if members[_u(event), _u(s)] != 0:
            return True
    return False


@_inlined
def _room_for_slot(plan, keyspace, table, arena, queue, meta):
    """Whether one more entity fits, DONE or why not."""
    if meta[TABLE_USED] + 1 > table.shape[0] * _LOAD:
        return TABLE_FULL
    if plan[keyspace, K_ENDLESS] == 0 and meta[QUEUE_HEAD] - meta[QUEUE_TAIL] >= queue.shape[0]:
        return QUEUE_FULL
    return _room_for_words(arena, meta, FREE_SLOTS, plan[keyspace, K_WIDTH])


@_inlined
def _room_for_words(arena, meta, free, words):
    """Whether `_take` would find room."""
    if meta[free] == 0 and meta[ARENA_USED] + words > arena.shape[0]:
        meta[NEEDED] = meta[ARENA_USED] + words
        return ARENA_FULL
    return DONE


@_inlined
def _open(plan, keyspace, table, arena, queue, meta, position, time):
    """A new slot, entered in the table; mortal ones wait in the queue to be forgotten."""
    base = _take(meta, arena, FREE_SLOTS, plan[keyspace, K_WIDTH])
    table[position, 2] = base + 1
    meta[TABLE_USED] += 1
    if plan[keyspace, K_ENDLESS] == 0:
        place = meta[QUEUE_HEAD] & (queue.shape[0] - 1)
        queue[place, 0] = base
        queue[place, 1] = time
        meta[QUEUE_HEAD] += 1
    return base


@_inlined
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


@_inlined
def _give(meta, arena, free, place):
    """Put room back into a free list."""
    arena[place] = meta[free]
    meta[free] = place + 1


@_inlined
def _ring_list(stream, rows):
    """The free list of a stream's rings of this many rows; streams count within the keyspace."""
    size = 0
    while (1 << size) < rows:
        size += 1
    return FREE_RINGS + stream * RING_CLASSES + size


@_called
def _group(address, k, origin, start, end):
    """Put the events start..end of a batch that begins at `origin` together by their slots."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    part = PLACES + PART_PLACES * k
    arena = _ints(places, part + Q_ARENA)
    meta = _ints(places, part + Q_META)
    work = _rows(places, part + Q_WORK)
    meta[EPOCH] += 1
    epoch = meta[EPOCH]
    groups = np.int64(0)
    arena_at = places[part + Q_ARENA, 0]
    for i in range(start, end):
        if i + 12 < end:
            ahead = work[BATCH_BASE, _u(i + 12 - origin)]
            if ahead >= 0:
                _prefetch(arena_at + 8 * ahead)
        base = work[BATCH_BASE, _u(i - origin)]
        group = np.int64(-1)
        if base >= 0:
            mark = arena[_u(base + SLOT_GROUP)]
            group = mark & _GROUP_MASK
            if mark >> _GROUP_BITS != epoch:
                group = groups
                groups += 1
                arena[_u(base + SLOT_GROUP)] = epoch << _GROUP_BITS | group
                work[GROUP_SLOT, _u(group)] = base
                work[GROUP_START, _u(group)] = 0
            work[GROUP_START, _u(group)] += 1
        work[BATCH_GROUP, _u(i - start)] = group
    total = np.int64(0)
    for g in range(groups):
        total += work[GROUP_START, _u(g)]
        work[GROUP_START, _u(g)] = total
    work[GROUP_START, _u(groups)] = total
    for i in range(end - 1, start - 1, -1):
        group = work[BATCH_GROUP, _u(i - start)]
        if group >= 0:
            place = work[GROUP_START, _u(group)] - 1
            work[GROUP_START, _u(group)] = place
            work[BATCH_ORDER, _u(place)] = i
    meta[GROUPS] = groups


@_inlined
def _oldest(plan, arena, stream, base):
    """The oldest row of a ring that is still read: the one before the windows, for its totals."""
    oldest = arena[_u(base + plan[stream, S_SLOT] + RING_HEAD)]
    for lane_index in range(plan[stream, S_LANE_LO], plan[stream, S_LANE_HI]):
        lane = plan[0, LANE] + lane_index
        oldest = min(oldest, arena[_u(base + plan[lane, L_SLOT])])
        for w in range(plan[lane, L_WINDOW_LO], plan[lane, L_WINDOW_HI]):
            window = plan[0, WINDOW] + w
            if plan[window, W_WIDTH] != FOREVER:
                oldest = min(oldest, arena[_u(base + plan[window, W_SLOT])])
    return max(0, oldest - 1)


@_called
def _make_room(address, k, start, stop):
    """Room in rings and memories for the groups of a batch; DONE, or why they cannot be counted."""
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    late = _bytes(places, P_LATE)
    common = _ints(places, P_META)
    part = PLACES + PART_PLACES * k
    arena = _ints(places, part + Q_ARENA)
    seen = _table(places, part + Q_SEEN)
    meta = _ints(places, part + Q_META)
    work = _rows(places, part + Q_WORK)
    keyspace = plan[0, KEYSPACE] + k
    first_stream = plan[keyspace, K_STREAM_LO]
    arena_at = places[part + Q_ARENA, 0]
    remembered = meta[SEEN_USED] + meta[SEEN_PENDING]
    lacking = np.int64(0)
    whole = _all_members(plan, keyspace, members, late, start, stop)
    largest = _largest(plan, keyspace, cells, start, stop)
    for g in range(meta[GROUPS]):
        base = work[GROUP_SLOT, _u(g)]
        if g + 4 < meta[GROUPS]:
            slot = arena_at + 8 * work[GROUP_SLOT, _u(g + 4)]
            for line in range(0, 8 * plan[keyspace, K_WIDTH], 64):
                _prefetch(slot + line)
        low = work[GROUP_START, _u(g)]
        high = work[GROUP_START, _u(g + 1)]
        for s in range(first_stream, plan[keyspace, K_STREAM_HI]):
            stream = plan[0, STREAM] + s
            arriving = high - low
            if not whole:
                arriving = _arrivals(members, late, work, s, low, high)
            if arriving == 0:
                continue
            for v in range(plan[stream, S_VALUE_LO], plan[stream, S_VALUE_HI]):
                value = plan[0, VALUE] + v
                word = base + plan[value, V_SIZE]
                # which values arrive matters only where the largest of the batch might be too much
                if word != base and arena[_u(word)] + arriving * largest > SIZES_MAX:
                    arriving = _arrivals(members, late, work, s, low, high)
                    why = _check_sizes(
                        plan, times, cells, arena, common, work, stream, value, base, arriving
                    )
                    if why != DONE:
                        return why
            remembered += arriving * plan[stream, S_MEMORIES]
            ring = base + plan[stream, S_SLOT]
            head = arena[_u(ring + RING_HEAD)]
            needed = head + arriving - _oldest(plan, arena, stream, base)
            if needed > arena[_u(ring + RING_ROWS)]:
                rows = _FIRST_ROWS
                while rows < needed:
                    rows *= 2
                words = rows * plan[stream, S_WIDTH]
                free = _ring_list(s - first_stream, rows)
                if lacking == 0 and _room_for_words(arena, meta, free, words) == DONE:
                    _enlarge(plan, arena, meta, s - first_stream, stream, base, rows)
                else:
                    lacking += words
    if lacking > 0:
        meta[NEEDED] = meta[ARENA_USED] + lacking
        return ARENA_FULL
    if remembered > seen.shape[0] * _LOAD:
        return SEEN_FULL
    return DONE


@_inlined
def _all_members(plan, keyspace, members, late, start, stop):
    """Whether every stream of the keyspace counts every event of the batch."""
    for i in range(start, stop):
        if late[_u(i)] != 0:
            return False
        for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
            if members[_u(i), _u(s)] == 0:
                return False
    return True


@_called
def _largest(plan, keyspace, cells, start, stop):
    """The size of the batch's largest value that is summed; more than allowed if out of bounds."""
    largest = 0.0
    for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
        stream = plan[0, STREAM] + s
        for v in range(plan[stream, S_VALUE_LO], plan[stream, S_VALUE_HI]):
            value = plan[0, VALUE] + v
            if plan[value, V_SIZE] == 0:
                continue
            column = plan[value, V_CELL]
            scale = float(plan[value, V_SCALE])
            for i in range(start, stop):
                size = abs(cells[_u(i), _u(column)]) * scale
                largest = size if size > largest else largest
    return (np.int64(largest) >> _SIZE_SHIFT) + 1 if largest < FIXED_MAX else SIZES_MAX + 1


@_inlined
def _arrivals(members, late, work, s, low, high):
    """The events of a group that a stream counts: how many, and which (EVENT)."""
    arriving = np.int64(0)
    for j in range(low, high):
        event = work[BATCH_ORDER, _u(j)]
        if members[_u(event), _u(s)] != 0 and late[_u(event)] == 0:
            work[EVENT, _u(arriving)] = event
            arriving += 1
    return arriving


@_inlined
def _check_sizes(plan, times, cells, arena, common, work, stream, value, base, count):
    """Whether the arriving values, and the sum of all those kept, are in their bounds."""
    scale = float(plan[value, V_SCALE])
    column = plan[value, V_CELL]
    sizes = arena[_u(base + plan[value, V_SIZE])]
    arriving = np.int64(0)
    for j in range(count):
        event = work[EVENT, _u(j)]
        number = cells[_u(event), _u(column)]
        if math.isnan(number):
            continue
        size = abs(number * scale)
        if not size < FIXED_MAX:
            common[FAULT_ROW] = event
            common[FAULT_CELL] = column
            return VALUE_TOO_LARGE
        arriving += (np.int64(size) >> _SIZE_SHIFT) + 1
    if sizes + arriving <= SIZES_MAX:
        return DONE
    if plan[value, V_ENDLESS] == 0:
        # all kept now, and those that windows will still hold when the first of these comes
        kept, sizes = _sizes_kept(plan, arena, stream, value, base, times[work[EVENT, 0]])
        arena[_u(base + plan[value, V_SIZE])] = kept
    if sizes + arriving <= SIZES_MAX:
        return DONE
    common[FAULT_ROW] = work[EVENT, 0]
    common[FAULT_CELL] = column
    return SUM_TOO_LARGE


@_called
def _sizes_kept(plan, arena, stream, value, base, time):
    """The sizes of the values kept, and of those inside windows at a time, from their totals."""
    span = np.int64(0)
    for lane_index in range(plan[stream, S_LANE_LO], plan[stream, S_LANE_HI]):
        lane = plan[0, LANE] + lane_index
        for w in range(plan[lane, L_WINDOW_LO], plan[lane, L_WINDOW_HI]):
            width = plan[plan[0, WINDOW] + w, W_WIDTH]
            if width != FOREVER:
                span = max(span, plan[lane, L_DELAY] + width)
    ring = base + plan[stream, S_SLOT]
    place = arena[ring + RING_PLACE]
    mask = arena[ring + RING_ROWS] - 1
    row_width = plan[stream, S_WIDTH]
    kept = np.int64(0)
    inside = np.int64(0)
    oldest = _oldest(plan, arena, stream, base)
    for number in range(0 if oldest == 0 else oldest + 1, arena[ring + RING_HEAD]):
        row = place + (number & mask) * row_width
        total = arena[row + plan[value, V_SUM]]
        total -= _total_before(arena, number, plan[value, V_SUM], place, mask, row_width)
        size = (abs(total) >> _SIZE_SHIFT) + 1
        kept += size
        if arena[row] > time - span:
            inside += size
    return kept, inside


@_inlined
def _enlarge(plan, arena, meta, local, stream, base, rows):
    """Move a ring to a larger place; rows keep their numbers."""
    width = plan[stream, S_WIDTH]
    ring = base + plan[stream, S_SLOT]
    old_rows = arena[ring + RING_ROWS]
    old = arena[ring + RING_PLACE]
    new = _take(meta, arena, _ring_list(local, rows), rows * width)
    if old_rows > 0:
        for number in range(_oldest(plan, arena, stream, base), arena[ring + RING_HEAD]):
            source = old + (number & (old_rows - 1)) * width
            target = new + (number & (rows - 1)) * width
            for i in range(width):
                arena[_u(target + i)] = arena[_u(source + i)]
        _give(meta, arena, _ring_list(local, old_rows), old)
    arena[ring + RING_PLACE] = new
    arena[ring + RING_ROWS] = rows


@_inlined
def _reclaim(plan, keyspace, common, table, arena, seen, queue, meta, count):
    """Forget entities that no window needs any more; a few for every event that comes."""
    limit = common[CLOCK] - common[LATE_AFTER] - common[SPAN]
    mask = queue.shape[0] - 1
    for _ in range(2 * count):
        place = meta[QUEUE_TAIL] & mask
        if meta[QUEUE_TAIL] == meta[QUEUE_HEAD] or queue[place, 1] > limit:
            return
        meta[QUEUE_TAIL] += 1
        base = queue[place, 0]
        clock = arena[base + SLOT_CLOCK]
        if clock > limit:
            again = meta[QUEUE_HEAD] & mask
            queue[again, 0] = base
            queue[again, 1] = clock
            meta[QUEUE_HEAD] += 1
            continue
        for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
            stream = plan[0, STREAM] + s
            ring = base + plan[stream, S_SLOT]
            rows = arena[ring + RING_ROWS]
            if rows > 0:
                _forget_values(plan, stream, arena, seen, meta, base)
                free = _ring_list(s - plan[keyspace, K_STREAM_LO], rows)
                _give(meta, arena, free, arena[ring + RING_PLACE])
        position = _u(arena[base + SLOT_HASH]) & _u(table.shape[0] - 1)
        while np.int64(table[position, 2]) != base + 1:
            position = (position + _u(1)) & _u(table.shape[0] - 1)
        _delete(table, position)
        meta[TABLE_USED] -= 1
        _give(meta, arena, FREE_SLOTS, base)


@_inlined
def _forget_values(plan, stream, arena, seen, meta, base):
    """Take the values of a slot that is about to be forgotten out of the memories."""
    ring = base + plan[stream, S_SLOT]
    place = arena[ring + RING_PLACE]
    mask = arena[ring + RING_ROWS] - 1
    width = plan[stream, S_WIDTH]
    for lane_index in range(plan[stream, S_LANE_LO], plan[stream, S_LANE_HI]):
        lane = plan[0, LANE] + lane_index
        entered = arena[base + plan[lane, L_SLOT]]
        for m in range(plan[lane, L_MEMORY_LO], plan[lane, L_MEMORY_HI]):
            entry = plan[0, MEMORY] + m
            meta[SEEN_PENDING] -= arena[ring + RING_HEAD] - entered
            for number in range(arena[base + plan[entry, M_WINDOW]], entered):
                row = place + (number & mask) * width
                last = arena[row + plan[entry, M_NEXT]] == 0
                if last and arena[row + plan[entry, M_PREVIOUS]] >= 0:
                    value = np.int64(arena[row + plan[entry, M_VALUE]]).view(np.float64)
                    position, _one, _two = _probe_seen(seen, base, m, value)
                    _delete(seen, position)
                    meta[SEEN_USED] -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def count(address, k, origin, start, end, effective):
    """Take the grouped events start..end of a prepared batch through one keyspace.

    They come in order of time, or one event comes late and counts at the `effective` time (else
    -1).
    """
    places = carray(_int64_pointer(address), (_PLACES_MAX, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    late = _bytes(places, P_LATE)
    common = _ints(places, P_META)
    out = _matrix(_float64_pointer(places[P_OUT, 0]), places, P_OUT)
    part = PLACES + PART_PLACES * k
    arena = _ints(places, part + Q_ARENA)
    floats = carray(_float64_pointer(places[part + Q_ARENA, 0]), (places[part + Q_ARENA, 1],))
    seen = _table(places, part + Q_SEEN)
    meta = _ints(places, part + Q_META)
    work = _rows(places, part + Q_WORK)
    keyspace = plan[0, KEYSPACE] + k
    arena_at = places[part + Q_ARENA, 0]
    times_at = places[P_TIMES, 0]
    cells_at = places[P_CELLS, 0]
    cells_width = 8 * places[P_CELLS, 2]
    out_at = places[P_OUT, 0]
    out_width = 8 * places[P_OUT, 2]
    grouped = work[GROUP_START, _u(meta[GROUPS])]
    endless = plan[keyspace, K_ENDLESS] != 0
    forgotten = common[LATE_AFTER] + common[SPAN]
    counted = late[start] == 0
    for i in range(start, end):
        if work[BATCH_BASE, _u(i - origin)] < 0:
            _write_empty(plan, out, i, keyspace, work[BATCH_BASE, _u(i - origin)] == -2)
    for g in range(meta[GROUPS]):
        base = work[GROUP_SLOT, _u(g)]
        _prefetch_group(plan, keyspace, arena, work, arena_at, g, meta[GROUPS])
        clock = arena[_u(base + SLOT_CLOCK)]
        taken = np.int64(0)
        for j in range(work[GROUP_START, _u(g)], work[GROUP_START, _u(g + 1)]):
            event = work[BATCH_ORDER, _u(j)]
            if j + 16 < grouped:
                ahead = work[BATCH_ORDER, _u(j + 16)]
                _prefetch(times_at + 8 * ahead)
                _prefetch(cells_at + cells_width * ahead)
                _prefetch(out_at + out_width * ahead)
                _prefetch(out_at + out_width * ahead + out_width - 8)
            time = times[_u(event)]
            newest = time
            if effective >= 0:
                time = effective
                newest = common[CLOCK]
            # one that may have been forgotten, or was only opened (clock 0), is as one never met
            stale = clock <= (0 if endless else max(0, newest - forgotten))
            if stale and not (counted and _wanted(plan, keyspace, members, event)):
                _write_empty(plan, out, event, keyspace, base == -2)
                continue
            clock = time
            work[EVENT, _u(taken)] = event
            work[TIME, _u(taken)] = time
            taken += 1
        if taken == 0:
            continue
        arena[_u(base + SLOT_CLOCK)] = clock
        for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
            stream = plan[0, STREAM] + s
            _append(plan, members, cells, arena, floats, meta, work, s, base, taken, counted)
            _run_lanes(plan, arena, floats, seen, meta, cells, out, work, stream, base, taken)


@_inlined
def _prefetch_group(plan, keyspace, arena, work, arena_at, g, groups):
    """Bring the slot after next near, and the rings of the next."""
    if g + 4 < groups:
        slot = arena_at + 8 * work[GROUP_SLOT, _u(g + 4)]
        for line in range(0, 8 * plan[keyspace, K_WIDTH], 64):
            _prefetch(slot + line)
    if g + 2 < groups:
        _prefetch_rings(plan, keyspace, arena, arena_at, work[GROUP_SLOT, _u(g + 2)])


@_inlined
def _prefetch_rings(plan, keyspace, arena, arena_at, base):
    """Bring the rings of a slot near; of a long one the processor foresees what comes."""
    for s in range(plan[keyspace, K_STREAM_LO], plan[keyspace, K_STREAM_HI]):
        stream = plan[0, STREAM] + s
        ring = base + plan[stream, S_SLOT]
        size = 8 * arena[_u(ring + RING_ROWS)] * plan[stream, S_WIDTH]
        if size <= 4096:
            at = arena_at + 8 * arena[_u(ring + RING_PLACE)]
            for line in range(0, size, 64):
                _prefetch(at + line)


@_inlined
def _append(plan, members, cells, arena, floats, meta, work, s, base, count, counted):
    """Write the events of one entity that belong to a stream into its ring."""
    stream = plan[0, STREAM] + s
    ring = base + plan[stream, S_SLOT]
    place = arena[_u(ring + RING_PLACE)]
    mask = arena[_u(ring + RING_ROWS)] - 1
    width = plan[stream, S_WIDTH]
    first = arena[_u(ring + RING_HEAD)]
    head = first
    work[EDGE, 0] = head
    for j in range(count):
        if counted and members[_u(work[EVENT, _u(j)]), _u(s)] != 0:
            arena[_u(place + (head & mask) * width)] = work[TIME, _u(j)]
            head += 1
        work[EDGE, _u(j + 1)] = head
    if head == first:
        return
    arena[_u(ring + RING_HEAD)] = head
    meta[SEEN_PENDING] += (head - first) * plan[stream, S_MEMORIES]
    for v in range(plan[stream, S_VALUE_LO], plan[stream, S_VALUE_HI]):
        value = plan[0, VALUE] + v
        if plan[value, V_RAW] != 0:
            raw_word = plan[value, V_RAW]
            column = plan[value, V_CELL]
            for j in range(count):
                row = work[EDGE, _u(j)]
                if row != work[EDGE, _u(j + 1)]:
                    # adding zero makes -0.0 the same value as 0.0
                    number = cells[_u(work[EVENT, _u(j)]), _u(column)] + 0.0
                    floats[_u(place + (row & mask) * width + raw_word)] = number
        if plan[value, V_N] != 0:
            _add_up(plan, cells, arena, work, value, base, place, mask, width, first, count)


@_inlined
def _add_up(plan, cells, arena, work, value, base, place, mask, width, first, count):
    """Write the running number, sum and squares of one cell into the rows that are appended."""
    column = plan[value, V_CELL]
    scale = float(plan[value, V_SCALE])
    n_word = plan[value, V_N]
    sum_word = plan[value, V_SUM]
    squares_word = plan[value, V_SQUARES]
    n = np.int64(0)
    total = np.int64(0)
    sizes = np.int64(0)
    upper = _u(0)
    lower = _u(0)
    if first > 0:
        row = place + ((first - 1) & mask) * width
        n = arena[_u(row + n_word)]
        if sum_word != 0:
            total = arena[_u(row + sum_word)]
        if squares_word != 0:
            upper = _u(arena[_u(row + squares_word)])
            lower = _u(arena[_u(row + squares_word + 1)])
    for j in range(count):
        row = work[EDGE, _u(j)]
        if row == work[EDGE, _u(j + 1)]:
            continue
        row = place + (row & mask) * width
        number = cells[_u(work[EVENT, _u(j)]), _u(column)]
        if not math.isnan(number):
            n += 1
            if sum_word != 0:
                fixed = np.int64(np.rint(number * scale))
                total += fixed
                sizes += (abs(fixed) >> _SIZE_SHIFT) + 1
                if squares_word != 0:
                    above, below = _square(fixed)
                    lower += below
                    upper += above + (_u(1) if lower < below else _u(0))
        arena[_u(row + n_word)] = n
        if sum_word != 0:
            arena[_u(row + sum_word)] = total
        if squares_word != 0:
            arena[_u(row + squares_word)] = np.int64(upper)
            arena[_u(row + squares_word + 1)] = np.int64(lower)
    if sum_word != 0:
        arena[_u(base + plan[value, V_SIZE])] += sizes


@_inlined
def _run_lanes(plan, arena, floats, seen, meta, cells, out, work, stream, base, count):
    """Move every lane and window of one stream of one entity through `count` events."""
    ring = base + plan[stream, S_SLOT]
    place = arena[_u(ring + RING_PLACE)]
    mask = arena[_u(ring + RING_ROWS)] - 1
    width = plan[stream, S_WIDTH]
    for lane_index in range(plan[stream, S_LANE_LO], plan[stream, S_LANE_HI]):
        lane = plan[0, LANE] + lane_index
        first = arena[_u(base + plan[lane, L_SLOT])]
        # where the highest row entered stands: at the event's edge, or behind a delay
        high_at = EDGE
        shift = 0 if plan[lane, L_EXCLUDED] else 1
        if plan[lane, L_DELAY] > 0:
            high_at = HIGH
            shift = 0
            _enter(arena, work, plan[lane, L_DELAY], first, count, place, mask, width)
        last = work[_u(high_at), _u(count - 1 + shift)]
        for m in range(plan[lane, L_MEMORY_LO], plan[lane, L_MEMORY_HI]):
            _remember(plan, arena, floats, seen, meta, m, base, first, last, place, mask, width)
        for e in range(plan[lane, L_EXTREME_LO], plan[lane, L_EXTREME_HI]):
            _run_extreme(
                plan, arena, floats, out, work, lane, e, base, first, high_at, shift, count,
                place, mask, width,
            )  # fmt: skip
        for w in range(plan[lane, L_WINDOW_LO], plan[lane, L_WINDOW_HI]):
            window = plan[0, WINDOW] + w
            if plan[window, W_PLAIN] != 0:
                _run_plain_window(
                    plan, arena, out, work, lane, window, base, high_at, shift, count, place, mask,
                    width,
                )  # fmt: skip
                continue
            before = _expire(
                plan, arena, work, lane, window, base, high_at, shift, count, place, mask, width
            )
            for o in range(plan[window, W_OUTPUT_LO], plan[window, W_OUTPUT_HI]):
                _read_window(
                    plan, arena, floats, cells, out, work, o, high_at, shift, count, place, mask,
                    width,
                )  # fmt: skip
            for a in range(plan[window, W_SUMMAND_LO], plan[window, W_SUMMAND_HI]):
                summand = plan[0, SUMMAND] + a
                kind = plan[summand, A_KIND]
                if kind <= SUMMAND_SQUARES:
                    _read_sums(
                        plan, arena, out, work, summand, high_at, shift, count, place, mask, width
                    )
                elif kind == SUMMAND_DISTINCT:
                    _count_distinct(
                        plan, arena, floats, seen, meta, out, work, summand, base, first, before,
                        high_at, shift, count, place, mask, width,
                    )  # fmt: skip
                else:
                    _keep(
                        plan, arena, floats, out, work, summand, base, first, high_at, shift,
                        count, place, mask, width,
                    )  # fmt: skip
        arena[_u(base + plan[lane, L_SLOT])] = last


@_inlined
def _run_plain_window(
    plan, arena, out, work, lane, window, base, high_at, shift, count, place, mask, width
):  # fmt: skip
    """A window that is read once for its count, once for one sum or mean, or both: in one pass."""
    counted = plan[window, W_OUTPUT_LO] < plan[window, W_OUTPUT_HI]
    count_column = plan[plan[0, OUTPUT] + plan[window, W_OUTPUT_LO], O_COLUMN]
    summed = plan[window, W_SUMMAND_LO] < plan[window, W_SUMMAND_HI]
    summand = plan[0, SUMMAND] + plan[window, W_SUMMAND_LO]
    output = plan[0, OUTPUT] + (plan[summand, A_OUTPUT_LO] if summed else 0)
    column = plan[output, O_COLUMN]
    mean = plan[output, O_KIND] == OUT_MEAN
    empty = np.int64(plan[output, O_DEFAULT]).view(np.float64) if mean else 0.0
    n_word = plan[summand, A_N]
    sum_word = plan[summand, A_SUM]
    scale = float(plan[summand, A_SCALE])
    span = plan[lane, L_DELAY] + plan[window, W_WIDTH]
    word = base + plan[window, W_SLOT]
    low = arena[_u(word)]
    for j in range(count):
        limit = work[TIME, _u(j)] - span
        high = work[_u(high_at), _u(j + shift)]
        event = work[EVENT, _u(j)]
        while low < high and arena[_u(place + (low & mask) * width)] <= limit:
            low += 1
        if counted:
            out[_u(event), _u(count_column)] = float(high - low)
        if summed:
            value = empty
            if high > low:
                last = place + ((high - 1) & mask) * width
                total = arena[_u(last + sum_word)]
                n = arena[_u(last + n_word)]
                if low > 0:
                    before = place + ((low - 1) & mask) * width
                    total -= arena[_u(before + sum_word)]
                    n -= arena[_u(before + n_word)]
                if not mean:
                    value = total / scale
                elif n > 0:
                    value = total / n if scale == 1.0 else total / scale / n
            out[_u(event), _u(column)] = value
    arena[_u(word)] = low


@_inlined
def _enter(arena, work, delay, first, count, place, mask, width):
    """Up to which row a delayed lane has entered at each event (HIGH)."""
    high = first
    for j in range(count):
        limit = work[TIME, _u(j)] - delay
        after = work[EDGE, _u(j + 1)]
        while high < after and arena[_u(place + (high & mask) * width)] <= limit:
            high += 1
        work[HIGH, _u(j)] = high


@_inlined
def _expire(
    plan, arena, work, lane, window, base, high_at, shift, count, place, mask, width
):  # fmt: skip
    """The oldest row inside the window at each event (LOW); returns that before the first."""
    if plan[window, W_WIDTH] == FOREVER:
        for j in range(count):
            work[LOW, _u(j)] = 0
        return np.int64(0)
    word = base + plan[window, W_SLOT]
    before = arena[_u(word)]
    low = before
    span = plan[lane, L_DELAY] + plan[window, W_WIDTH]
    for j in range(count):
        limit = work[TIME, _u(j)] - span
        high = work[_u(high_at), _u(j + shift)]
        while low < high and arena[_u(place + (low & mask) * width)] <= limit:
            low += 1
        work[LOW, _u(j)] = low
    arena[_u(word)] = low
    return before


@_inlined
def _write(plan, out, output, event, value):
    """Write one feature of one event; a window that says nothing gives the declared default."""
    if math.isnan(value):
        value = np.int64(plan[output, O_DEFAULT]).view(np.float64)
    out[_u(event), _u(plan[output, O_COLUMN])] = value


@_called
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


@_inlined
def _read_window(
    plan, arena, floats, cells, out, work, o, high_at, shift, count, place, mask, width
):  # fmt: skip
    """Figures that stand in the window's ends: how many, the first, the last, the way from it."""
    output = plan[0, OUTPUT] + o
    kind = plan[output, O_KIND]
    column = plan[output, O_COLUMN]
    if kind == OUT_COUNT:
        for j in range(count):
            inside = work[_u(high_at), _u(j + shift)] - work[LOW, _u(j)]
            out[_u(work[EVENT, _u(j)]), _u(column)] = float(inside)
        return
    for j in range(count):
        event = work[EVENT, _u(j)]
        low = work[LOW, _u(j)]
        high = work[_u(high_at), _u(j + shift)]
        if kind == OUT_SEEN:
            out[_u(event), _u(column)] = 1.0 if high > low else 0.0
            continue
        if high <= low:
            _write(plan, out, output, event, np.nan)
            continue
        number = low if kind == OUT_FIRST or kind == OUT_SINCE_FIRST else high - 1
        row = place + (number & mask) * width
        seconds = (work[TIME, _u(j)] - arena[_u(row)]) / _SECOND
        if kind == OUT_SINCE_LAST or kind == OUT_SINCE_FIRST:
            value = seconds
        elif kind == OUT_LAST or kind == OUT_FIRST:
            value = floats[_u(row + plan[output, O_VALUE])]
        else:
            value = _kilometres(
                floats[_u(row + plan[output, O_VALUE])],
                floats[_u(row + plan[output, O_VALUE2])],
                cells[_u(event), _u(plan[output, O_CELL])],
                cells[_u(event), _u(plan[output, O_CELL2])],
            )
            if kind == OUT_SPEED:
                value = value / max(1.0, seconds) * 3600.0
        _write(plan, out, output, event, value)


@_called
def _kilometres(latitude, longitude, other_latitude, other_longitude):
    """Great-circle distance (haversine) between two places in degrees."""
    first = math.radians(latitude)
    second = math.radians(other_latitude)
    across = math.sin((second - first) / 2) ** 2
    along = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    share = across + math.cos(first) * math.cos(second) * along
    # not min(): a place that is missing must stay missing
    return 2 * _EARTH_KM * math.asin(math.sqrt(1.0 if share > 1.0 else share))


@_inlined
def _square(number):
    """The square of |number| < 2**53 as two 64-bit halves (high, low)."""
    size = _u(abs(number))
    high = size >> _SHIFT32
    low = size & _MASK32
    middle = high * low * _u(2)
    low_square = low * low
    lower = low_square + (middle << _SHIFT32)
    carry = _u(1) if lower < low_square else _u(0)
    return high * high + (middle >> _SHIFT32) + carry, lower


@_inlined
def _total_before(arena, number, word, place, mask, width):
    """A running total over the rows before row `number`."""
    if number == 0:
        return np.int64(0)
    return arena[_u(place + ((number - 1) & mask) * width + word)]


@_inlined
def _read_sums(plan, arena, out, work, summand, high_at, shift, count, place, mask, width):
    """Number, sum, mean or sample standard deviation of a cell in a window after each event."""
    n_word = plan[summand, A_N]
    sum_word = plan[summand, A_SUM]
    scale = float(plan[summand, A_SCALE])
    for o in range(plan[summand, A_OUTPUT_LO], plan[summand, A_OUTPUT_HI]):
        output = plan[0, OUTPUT] + o
        kind = plan[output, O_KIND]
        column = plan[output, O_COLUMN]
        default = np.int64(plan[output, O_DEFAULT]).view(np.float64)
        if kind == OUT_STD:
            _read_deviation(
                plan, arena, out, work, summand, output, high_at, shift, count, place, mask, width
            )
            continue
        for j in range(count):
            low = work[LOW, _u(j)]
            high = work[_u(high_at), _u(j + shift)]
            value = 0.0 if kind != OUT_MEAN else default
            if high > low:
                total = np.int64(0)
                if kind != OUT_N:
                    total = _total_before(arena, high, sum_word, place, mask, width)
                    total -= _total_before(arena, low, sum_word, place, mask, width)
                if kind == OUT_SUM:
                    value = total / scale
                else:
                    n = _total_before(arena, high, n_word, place, mask, width)
                    n -= _total_before(arena, low, n_word, place, mask, width)
                    if kind == OUT_N:
                        value = float(n)
                    elif n > 0:
                        value = total / scale / n
            out[_u(work[EVENT, _u(j)]), _u(column)] = value


@_inlined
def _read_deviation(
    plan, arena, out, work, summand, output, high_at, shift, count, place, mask, width
):  # fmt: skip
    """The sample standard deviation of a cell in a window after each event."""
    scale = float(plan[summand, A_SCALE])
    upper_word = plan[summand, A_SQUARES]
    for j in range(count):
        low = work[LOW, _u(j)]
        high = work[_u(high_at), _u(j + shift)]
        value = np.nan
        if high > low:
            n = _total_before(arena, high, plan[summand, A_N], place, mask, width)
            n -= _total_before(arena, low, plan[summand, A_N], place, mask, width)
            if n >= 2:
                total = _total_before(arena, high, plan[summand, A_SUM], place, mask, width)
                total -= _total_before(arena, low, plan[summand, A_SUM], place, mask, width)
                upper = _u(_total_before(arena, high, upper_word, place, mask, width))
                lower = _u(_total_before(arena, high, upper_word + 1, place, mask, width))
                below = _u(_total_before(arena, low, upper_word + 1, place, mask, width))
                upper -= _u(_total_before(arena, low, upper_word, place, mask, width))
                upper -= _u(1) if lower < below else _u(0)
                spread = _spread(n, total, upper, lower - below)
                value = math.sqrt(spread / (float(n) * float(n - 1))) / scale
        _write(plan, out, output, work[EVENT, _u(j)], value)


@_called
def _spread(n, total, upper, lower):
    """n * squares - sum**2, exact in 160 bits, then rounded: n**2 times the population variance."""
    factor = _u(n)
    square_upper, square_lower = _wide_square(_u(abs(total)))
    carry = _u(0)
    borrow = np.int64(0)
    spread = 0.0
    weight = 1.0
    for i in range(5):
        product = carry
        limb = np.int64(0)
        if i < 4:
            shift = _u(32 * (i & 1))
            product += (((upper if i >= 2 else lower) >> shift) & _MASK32) * factor
            limb = np.int64(((square_upper if i >= 2 else square_lower) >> shift) & _MASK32)
        carry = product >> _SHIFT32
        difference = np.int64(product & _MASK32) - limb - borrow
        borrow = np.int64(1) if difference < 0 else np.int64(0)
        spread += float(difference + (borrow << 32)) * weight
        weight *= 4294967296.0
    return spread


@_inlined
def _wide_square(number):
    """The square of a 64-bit number as (upper, lower)."""
    high = number >> _SHIFT32
    low = number & _MASK32
    low_square = low * low
    middle = high * low
    once = low_square + (middle << _SHIFT32)
    carry = _u(1) if once < low_square else _u(0)
    twice = once + (middle << _SHIFT32)
    carry += _u(1) if twice < once else _u(0)
    return high * high + _u(2) * (middle >> _SHIFT32) + carry, twice


@_inlined
def _probe_seen(seen, base, memory, value):
    """The place of one value of one slot in the memory of distinct values, and its key."""
    bits = np.float64(value).view(_u)
    owner = _u(base) << _u(16) | _u(memory)
    first = (owner + _u(1)) * _SALT ^ (bits * _u(0xBF58476D1CE4E5B9))
    first ^= first >> _u(29)
    first *= _u(0x94D049BB133111EB)
    first ^= first >> _u(32)
    second = owner ^ (bits << _u(11)) ^ (bits >> _u(53))
    return _probe(seen, first, second), first, second


@_inlined
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
        seen[position, 2] = _u(number + 1)


@_inlined
def _count_distinct(
    plan, arena, floats, seen, meta, out, work, summand, base, first, before, high_at, shift,
    count, place, mask, width,
):  # fmt: skip
    """Different values in a window after each event: rows not followed by their like inside it."""
    memory = plan[summand, A_OTHER]
    entry = plan[0, MEMORY] + memory
    word = base + plan[summand, A_SLOT]
    distinct = arena[word]
    old_low = before
    old_high = first
    for j in range(count):
        low = work[LOW, j]
        high = work[high_at, j + shift]
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
        work[NUMBER, j] = distinct
    arena[word] = distinct
    for o in range(plan[summand, A_OUTPUT_LO], plan[summand, A_OUTPUT_HI]):
        output = plan[0, OUTPUT] + o
        for j in range(count):
            _write(plan, out, output, work[EVENT, j], float(work[NUMBER, j]))


@_inlined
def _keep(
    plan, arena, floats, out, work, summand, base, first, high_at, shift, count, place, mask, width
):  # fmt: skip
    """The first value ever, or the extreme value so far, after each event."""
    word = base + plan[summand, A_SLOT]
    kind = plan[summand, A_KIND]
    sign = plan[summand, A_OTHER]
    old_high = first
    for j in range(count):
        high = work[high_at, j + shift]
        for number in range(old_high, high):
            row = place + (number & mask) * width
            value = floats[row + plan[summand, A_VALUE]]
            if math.isnan(value):
                continue
            if arena[word] == 0:
                arena[word] = arena[row]
                floats[word + 1] = value
            elif kind == SUMMAND_RUNNING and value * sign > floats[word + 1] * sign:
                floats[word + 1] = value
        old_high = high
        for o in range(plan[summand, A_OUTPUT_LO], plan[summand, A_OUTPUT_HI]):
            output = plan[0, OUTPUT] + o
            value = np.nan
            if arena[word] != 0:
                value = floats[word + 1]
                if plan[output, O_KIND] == OUT_SINCE_FIRST_EVER:
                    value = (work[TIME, j] - arena[word]) / _SECOND
            _write(plan, out, output, work[EVENT, j], value)


@_inlined
def _run_extreme(
    plan, arena, floats, out, work, lane, e, base, first, high_at, shift, count, place, mask,
    width,
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
        while number < work[high_at, j + shift]:
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
            limit = work[TIME, j] - plan[lane, L_DELAY] - plan[f, F_WIDTH]
            front = arena[base + plan[f, F_SLOT]]
            while front != 0 and arena[place + ((front - 1) & mask) * width] <= limit:
                front = arena[place + ((front - 1) & mask) * width + next_place]
            arena[base + plan[f, F_SLOT]] = front
            value = np.nan
            if front != 0:
                value = floats[place + ((front - 1) & mask) * width + value_place]
            _write(plan, out, plan[0, OUTPUT] + plan[f, F_OUTPUT], work[EVENT, j], value)
        oldest = _oldest_front(plan, arena, fronts, base)
        if oldest == 0:
            back = 0
    arena[back_word] = back


@_inlined
def _oldest_front(plan, arena, fronts, base):
    """The oldest element of a monotonic chain that some window still holds, 0 if none does."""
    oldest = np.int64(0)
    for f in fronts:
        front = arena[base + plan[f, F_SLOT]]
        if front != 0 and (oldest == 0 or front < oldest):
            oldest = front
    return oldest


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
        for column in range(2):
            new[number & (new.shape[0] - 1), column] = old[number & (old.shape[0] - 1), column]
