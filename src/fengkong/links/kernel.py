"""The link kernel: graphs with forgetting, kept and walked event by event.

A graph's *nodes* are entities, found by a hash table. A node keeps its newest neighbours in small
rings of rows, oldest first: one more than a hub may have, so that one look tells a hub, and what
falls out of a ring could never be walked again. Nothing is deleted when it grows old: a row is
alive while its time is inside the window that asks, so windows of any length share one graph.

A batch is first *prepared*: nodes are found or opened, rings get room; whatever does not fit stops
it before anything was counted. Then it is *counted* event by event, in sequence. A node that was
opened but not yet counted (its clock is `NEVER`) counts as unknown, so the answers are those of
one event after the other, however a batch was cut.

Arrays reach the kernel as addresses, and it stays one module, for the reasons given in
`fengkong.features.kernel`.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

# sections of the plan: row 0 holds their first row, row 1 their length
GRAPH, ROLE, WALK, READ = range(4)
PLAN_WIDTH: Final = 12

# columns of each section
(G_FLOW, G_STREAM, G_ROLE_LO, G_MARK_LO, G_ROLE_HI, G_WIDTH, G_AMOUNT, G_PEERS, G_MOVES,
 G_FRAUD) = range(10)  # fmt: skip
R_FIELD, R_SALT, R_SPACE = range(3)
W_GRAPH, W_WIDTH, W_SIZE, W_DEGREE, W_HOPS, W_MARK, W_DEFAULT = range(7)
F_MEASURE, F_GRAPH, F_WIDTH, F_ROLE, F_COLUMN, F_DEFAULT = range(6)

FAN_IN, FAN_OUT, CYCLE, PASS_SECONDS, PASS_SHARE = range(5)

# rows of places: where each array is
(P_PLAN, P_TIMES, P_KEYS, P_MEMBERS, P_CELLS, P_OUT, P_META, P_TABLE, P_ARENA, P_QUEUE, P_WORK,
 P_FRONTIER) = range(12)  # fmt: skip
PLACES: Final = 12

# words of meta; then the free lists of rings by size, of full rings of links and of moves, and of
# nodes by graph
(CLOCK, LATE_AFTER, SPAN, HUB, REACH, SEQUENCE, VISIT, ROUND, TABLE_USED, ARENA_USED, QUEUE_HEAD,
 QUEUE_TAIL, NEEDED, FAULT_ROW, FAULT_CELL) = range(15)  # fmt: skip
FREE_RINGS: Final = 15
FREE_FULL: Final = FREE_RINGS + 40
FREE_NODES: Final = FREE_FULL + 2

# words of a node: its head, its rings, then the marks of a sharing graph or three times of a flow
N_CLOCK, N_FIRST, N_SECOND, N_SPACE, N_VISIT, N_NOTE = range(6)
LINKS: Final = 6
PAYERS, PAYEES, MOVES = 6, 10, 14
R_PLACE, R_ROWS, R_USED, R_PENDING = range(4)
MARKS: Final = 10
LAST_IN, OUT_AT, OUT_AFTER = 18, 19, 20
FLOW_WIDTH: Final = 21

# a row of links: time, other node; a row of moves has the amount and the sequence (out: negative)
LINK_WORDS, MOVE_WORDS = 2, 4

NEVER: Final = -(2**62)
FIXED_MAX: Final = 2.0**53
HOPS_MAX: Final = 4
_NO_HOPS: Final = 99
_PENDING_BITS: Final = 20
_PENDING_MASK: Final = 2**20 - 1
_LOAD: Final = 0.5
_SECOND: Final = 1_000_000.0
_ABSENT: Final = -1
_NO_ROOM: Final = -2

# why the kernel stopped before a batch
DONE, TABLE_FULL, ARENA_FULL, QUEUE_FULL, VALUE_TOO_LARGE = range(5)
_u = np.uint64

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


_int64_pointer = _pointer_to(types.int64)
_uint64_pointer = _pointer_to(types.uint64)
_uint8_pointer = _pointer_to(types.uint8)
_float64_pointer = _pointer_to(types.float64)


@_inlined
def _ints(places, which):
    """The row of integers at an address."""
    return carray(_int64_pointer(places[which, 0]), (places[which, 1],))


@_inlined
def _rows(places, which):
    """The rows of integers at an address."""
    return carray(_int64_pointer(places[which, 0]), (places[which, 1], places[which, 2]))


@_inlined
def _matrix(pointer, places, which):
    """The two-dimensional array at an address."""
    return carray(pointer, (places[which, 1], places[which, 2]))


@_inlined
def _table(places):
    """The hash table: two words of a key, and one more than the place of its node."""
    return carray(_uint64_pointer(places[P_TABLE, 0]), (places[P_TABLE, 1], 3))


# -- room ------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(address, count):
    """Room for the first events of a batch; DONE, or why they cannot be counted.

    At `address` stand int64 rows of (address, rows, columns): plan; times int64[n] us; keys
    uint64[n, 2 * fields]; members uint8[n, streams]; cells float64[n, columns]; out float64[n,
    features]; meta; table; arena; queue; work int64[n, 1 + roles]; frontier. The caller keeps them
    alive. If the answer is not DONE it can be called again with more room.
    """
    places = carray(_int64_pointer(address), (PLACES, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    meta = _ints(places, P_META)
    work = _rows(places, P_WORK)
    if _is_too_large(places, count):
        return VALUE_TOO_LARGE
    horizon = meta[CLOCK] - meta[LATE_AFTER] - meta[SPAN]
    _reclaim(places, horizon, count)
    meta[ROUND] += 1
    clock = meta[CLOCK]
    for i in range(count):
        late = times[i] < clock - meta[LATE_AFTER]
        clock = max(clock, times[i])
        work[i, 0] = late
        for g in range(plan[1, GRAPH]):
            graph = plan[0, GRAPH] + g
            why = _find_nodes(places, graph, g, i, late)
            if why == DONE and not late:
                why = _room_for_rows(places, graph, i, horizon)
            if why != DONE:
                return why
    return DONE


@_called
def _is_too_large(places, count):
    """Whether some amount is too large to be summed exactly."""
    meta = _ints(places, P_META)
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    for i in range(count):
        for cell in range(cells.shape[1]):
            if abs(cells[i, cell]) >= FIXED_MAX:
                meta[FAULT_ROW], meta[FAULT_CELL] = i, cell
                return True
    return False


@_inlined
def _mixed(first, second, salt):
    """The key of an entity in one graph and one kind of entity."""
    return first ^ (_u(salt) * _u(0x9E3779B97F4A7C15)), second + _u(salt)


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


@_called
def _find_nodes(places, graph, g, i, late):
    """Write the nodes of an event in one graph to the work; open those that it links or marks."""
    plan = _rows(places, P_PLAN)
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    work = _rows(places, P_WORK)
    roles, marks = plan[graph, G_ROLE_LO], plan[graph, G_MARK_LO]
    linked = not late and members[i, plan[graph, G_STREAM]] != 0
    if linked:
        linked = _is_linked(plan, graph, keys, i)
    told = not late and plan[graph, G_FRAUD] >= 0
    if told:
        # The last stream are the labels.
        told = members[i, members.shape[1] - 1] != 0 and cells[i, plan[graph, G_FRAUD]] == 1.0
    # Marks first: whom a label makes known is then known in every role.
    for r in range(plan[graph, G_ROLE_HI] - 1, roles - 1, -1):
        role = plan[0, ROLE] + r
        first = keys[i, 2 * plan[role, R_FIELD]]
        second = keys[i, 2 * plan[role, R_FIELD] + 1]
        base = np.int64(_ABSENT)
        if first != 0 or second != 0:
            opens = linked if r < marks else told
            base = _node(places, graph, g, role, first, second, opens)
            if base == _NO_ROOM:
                return _why_no_room(places, plan[graph, G_WIDTH])
        work[i, 1 + r] = base
    return DONE


@_inlined
def _is_linked(plan, graph, keys, i):
    """Whether an event that counts has what it takes: something shared, or money that moves."""
    first_role = plan[0, ROLE] + plan[graph, G_ROLE_LO]
    column = 2 * plan[first_role, R_FIELD]
    has_first = keys[i, column] != 0 or keys[i, column + 1] != 0
    if plan[graph, G_FLOW] != 0:
        other = 2 * plan[first_role + 1, R_FIELD]
        same = keys[i, column] == keys[i, other] and keys[i, column + 1] == keys[i, other + 1]
        return not same
    if not has_first:
        return False
    for role in range(first_role + 1, plan[0, ROLE] + plan[graph, G_MARK_LO]):
        column = 2 * plan[role, R_FIELD]
        if keys[i, column] != 0 or keys[i, column + 1] != 0:
            return True
    return False


@_inlined
def _why_no_room(places, words):
    """Which array is full, in the order in which `_node` looks."""
    meta = _ints(places, P_META)
    if meta[TABLE_USED] + 1 > places[P_TABLE, 1] * _LOAD:
        return TABLE_FULL
    if meta[QUEUE_HEAD] - meta[QUEUE_TAIL] >= places[P_QUEUE, 1]:
        return QUEUE_FULL
    meta[NEEDED] = meta[ARENA_USED] + words
    return ARENA_FULL


@_called
def _node(places, graph, g, role, first, second, opens):
    """The node of an entity; opened if it may be, or why there is none."""
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    table = _table(places)
    key, other = _mixed(first, second, plan[role, R_SALT])
    position = _probe(table, key, other)
    base = np.int64(table[position, 2]) - 1
    if base >= 0 or not opens:
        return base if base >= 0 else np.int64(_ABSENT)
    arena = _ints(places, P_ARENA)
    queue = _rows(places, P_QUEUE)
    width = plan[graph, G_WIDTH]
    full = meta[TABLE_USED] + 1 > table.shape[0] * _LOAD
    full = full or meta[QUEUE_HEAD] - meta[QUEUE_TAIL] >= queue.shape[0]
    if full or not _fits(meta, arena, FREE_NODES + g, width):
        return np.int64(_NO_ROOM)
    base = _take(meta, arena, FREE_NODES + g, width)
    arena[base + N_CLOCK] = NEVER
    arena[base + N_FIRST] = np.int64(key)
    arena[base + N_SECOND] = np.int64(other)
    arena[base + N_SPACE] = plan[role, R_SPACE]
    first_time = LAST_IN if plan[graph, G_FLOW] != 0 else MARKS
    for word in range(first_time, width):
        arena[base + word] = NEVER
    table[position, 0] = key
    table[position, 1] = other
    table[position, 2] = base + 1
    meta[TABLE_USED] += 1
    place = meta[QUEUE_HEAD] & (queue.shape[0] - 1)
    queue[place, 0] = base
    queue[place, 1] = meta[CLOCK]
    queue[place, 2] = g
    meta[QUEUE_HEAD] += 1
    return base


@_inlined
def _fits(meta, arena, free, words):
    """Whether `_take` would find room."""
    return meta[free] != 0 or meta[ARENA_USED] + words <= arena.shape[0]


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
def _ring_list(meta, rows, words):
    """The free list of rings of so many rows: a power of two, or as many as there can be."""
    if rows > meta[HUB]:
        return FREE_FULL + (words == MOVE_WORDS)
    size = 0
    while (1 << size) < rows * words:
        size += 1
    return FREE_RINGS + size


@_called
def _room_for_rows(places, graph, i, horizon):
    """Room for the rows that an event adds in one graph; DONE or ARENA_FULL."""
    plan = _rows(places, P_PLAN)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    work = _rows(places, P_WORK)
    if members[i, plan[graph, G_STREAM]] == 0:
        return DONE
    first = 1 + plan[graph, G_ROLE_LO]
    subject = work[i, first]
    if plan[graph, G_FLOW] != 0:
        return _room_for_move(places, graph, subject, work[i, first + 1], horizon)
    if subject < 0:
        return DONE
    arena = _ints(places, P_ARENA)
    for r in range(first + 1, 1 + plan[graph, G_MARK_LO]):
        other = work[i, r]
        if other >= 0 and not _is_known(arena, subject + LINKS, other, horizon):
            if not _room(places, subject + LINKS, LINK_WORDS, horizon):
                return ARENA_FULL
            if not _room(places, other + LINKS, LINK_WORDS, horizon):
                return ARENA_FULL
    return DONE


@_inlined
def _room_for_move(places, graph, payer, payee, horizon):
    """Room for the rows of money that moves."""
    plan = _rows(places, P_PLAN)
    if payer == payee:
        return DONE
    if plan[graph, G_PEERS] != 0 and payer >= 0 and payee >= 0:
        if not _room(places, payer + PAYEES, LINK_WORDS, horizon):
            return ARENA_FULL
        if not _room(places, payee + PAYERS, LINK_WORDS, horizon):
            return ARENA_FULL
    if plan[graph, G_MOVES] != 0:
        if payer >= 0 and not _room(places, payer + MOVES, MOVE_WORDS, horizon):
            return ARENA_FULL
        if payee >= 0 and not _room(places, payee + MOVES, MOVE_WORDS, horizon):
            return ARENA_FULL
    return DONE


@_inlined
def _is_known(arena, ring, other, horizon):
    """Whether a ring holds a link to another node that no preparation will drop."""
    place = arena[ring + R_PLACE]
    for row in range(arena[ring + R_USED] - 1, -1, -1):
        at = place + LINK_WORDS * row
        if arena[at + 1] == other:
            return arena[at] > horizon
    return False


@_called
def _room(places, ring, words, horizon):
    """Room for one more row beside those already promised this round; whether there is."""
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    pending = arena[ring + R_PENDING]
    if pending >> _PENDING_BITS != meta[ROUND]:
        pending = meta[ROUND] << _PENDING_BITS
    pending += 1
    rows_max = meta[HUB] + 1
    promised = pending & _PENDING_MASK
    if min(arena[ring + R_USED] + promised, rows_max) > arena[ring + R_ROWS]:
        _drop_old(arena, ring, words, horizon)
        needed = min(arena[ring + R_USED] + promised, rows_max)
        if needed > arena[ring + R_ROWS] and not _enlarge(meta, arena, ring, words, needed):
            return False
    arena[ring + R_PENDING] = pending
    return True


@_inlined
def _drop_old(arena, ring, words, horizon):
    """Forget the rows that no window of any future event reaches."""
    place, used = arena[ring + R_PLACE], arena[ring + R_USED]
    old = 0
    while old < used and arena[place + words * old] <= horizon:
        old += 1
    if old > 0:
        for word in range(words * (used - old)):
            arena[place + word] = arena[place + words * old + word]
        arena[ring + R_USED] = used - old


@_inlined
def _enlarge(meta, arena, ring, words, needed):
    """A larger room for a ring; whether there is one."""
    rows = 2
    while rows < needed:
        rows *= 2
    rows = min(rows, meta[HUB] + 1)
    free = _ring_list(meta, rows, words)
    if not _fits(meta, arena, free, rows * words):
        meta[NEEDED] = meta[ARENA_USED] + rows * words
        return False
    new = _take(meta, arena, free, rows * words)
    old = arena[ring + R_PLACE]
    for word in range(words * arena[ring + R_USED]):
        arena[new + word] = arena[old + word]
    if arena[ring + R_ROWS] > 0:
        _give(meta, arena, _ring_list(meta, arena[ring + R_ROWS], words), old)
    arena[ring + R_PLACE] = new
    arena[ring + R_ROWS] = rows
    return True


# -- forgetting ------------------------------------------------------------------------------------


@_called
def _reclaim(places, horizon, count):
    """Forget nodes that no window reaches any more: a few for every event that comes."""
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    queue = _rows(places, P_QUEUE)
    mask = queue.shape[0] - 1
    looks = 2 * count * places[P_WORK, 2] + 8
    while looks > 0 and meta[QUEUE_TAIL] < meta[QUEUE_HEAD]:
        looks -= 1
        place = meta[QUEUE_TAIL] & mask
        base, time, g = queue[place, 0], queue[place, 1], queue[place, 2]
        if time > horizon:
            break
        meta[QUEUE_TAIL] += 1
        clock = arena[base + N_CLOCK]
        if clock > horizon:
            place = meta[QUEUE_HEAD] & mask
            queue[place, 0] = base
            queue[place, 1] = clock
            queue[place, 2] = g
            meta[QUEUE_HEAD] += 1
        else:
            _forget(places, base, g)


@_called
def _forget(places, base, g):
    """Free a node with its rings and its place in the table."""
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    table = _table(places)
    _delete(table, _probe(table, _u(arena[base + N_FIRST]), _u(arena[base + N_SECOND])))
    meta[TABLE_USED] -= 1
    if plan[plan[0, GRAPH] + g, G_FLOW] != 0:
        _give_ring(meta, arena, base + PAYERS, LINK_WORDS)
        _give_ring(meta, arena, base + PAYEES, LINK_WORDS)
        _give_ring(meta, arena, base + MOVES, MOVE_WORDS)
    else:
        _give_ring(meta, arena, base + LINKS, LINK_WORDS)
    _give(meta, arena, FREE_NODES + g, base)


@_inlined
def _give_ring(meta, arena, ring, words):
    if arena[ring + R_ROWS] > 0:
        free = _ring_list(meta, arena[ring + R_ROWS], words)
        _give(meta, arena, free, arena[ring + R_PLACE])


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
def rehash(old, new):
    """Enter all keys of a table into a larger empty one."""
    for i in range(old.shape[0]):
        if old[i, 2] != 0:
            position = _probe(new, old[i, 0], old[i, 1])
            for word in range(3):
                new[position, word] = old[i, word]


@njit(cache=True, nogil=True, error_model="numpy")
def move_queue(old, new, meta):
    """Carry a queue over into a larger one."""
    for at in range(meta[QUEUE_TAIL], meta[QUEUE_HEAD]):
        for word in range(3):
            new[at & (new.shape[0] - 1), word] = old[at & (old.shape[0] - 1), word]


# -- counting --------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, error_model="numpy")
def count(address, count):
    """Count the events that were prepared, in their order, and write their features."""
    places = carray(_int64_pointer(address), (PLACES, 3))
    plan = _rows(places, P_PLAN)
    times = _ints(places, P_TIMES)
    meta = _ints(places, P_META)
    for i in range(count):
        meta[CLOCK] = max(meta[CLOCK], times[i])
        time = _effective_time(places, i, times[i])
        if _rows(places, P_WORK)[i, 0] == 0:
            for g in range(plan[1, GRAPH]):
                graph = plan[0, GRAPH] + g
                if plan[graph, G_FLOW] != 0:
                    _move(places, graph, i, time)
                else:
                    _link(places, graph, i, time)
        for w in range(plan[0, WALK], plan[0, WALK] + plan[1, WALK]):
            _walk(places, w, i, time)
        for f in range(plan[0, READ], plan[0, READ] + plan[1, READ]):
            _read(places, f, i, time)


@_called
def _effective_time(places, i, time):
    """The newest of an event's own time and those its entities had reached, which now reach it."""
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    work = _rows(places, P_WORK)
    time = max(time, meta[CLOCK] - meta[LATE_AFTER])
    for r in range(1, work.shape[1]):
        if work[i, r] >= 0:
            time = max(time, arena[work[i, r] + N_CLOCK])
    for r in range(1, work.shape[1]):
        if work[i, r] >= 0 and arena[work[i, r] + N_CLOCK] != NEVER:
            arena[work[i, r] + N_CLOCK] = time
    return time


@_called
def _link(places, graph, i, time):
    """Count an event in a graph of what is shared: its links and its marks."""
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    work = _rows(places, P_WORK)
    cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    first, marks = 1 + plan[graph, G_ROLE_LO], 1 + plan[graph, G_MARK_LO]
    subject = work[i, first]
    if members[i, plan[graph, G_STREAM]] != 0 and subject >= 0:
        for r in range(first + 1, marks):
            other = work[i, r]
            if other >= 0:
                _refresh(meta, arena, subject + LINKS, other, time)
                _refresh(meta, arena, other + LINKS, subject, time)
                arena[subject + N_CLOCK] = time
                arena[other + N_CLOCK] = time
    if plan[graph, G_FRAUD] < 0 or members[i, members.shape[1] - 1] == 0:
        return
    if cells[i, plan[graph, G_FRAUD]] == 1.0:
        for r in range(marks, 1 + plan[graph, G_ROLE_HI]):
            node = work[i, r]
            if node >= 0:
                arena[node + MARKS + r - marks] = time
                arena[node + N_CLOCK] = time


@_inlined
def _refresh(meta, arena, ring, other, time):
    """Make another node the newest of a ring."""
    place, used = arena[ring + R_PLACE], arena[ring + R_USED]
    row = used - 1
    while row >= 0 and arena[place + LINK_WORDS * row + 1] != other:
        row -= 1
    if row < 0:
        row = 0
        if used <= meta[HUB]:
            row = used
            used += 1
            arena[ring + R_USED] = used
    for at in range(place + LINK_WORDS * row, place + LINK_WORDS * (used - 1)):
        arena[at] = arena[at + LINK_WORDS]
    arena[place + LINK_WORDS * (used - 1)] = time
    arena[place + LINK_WORDS * (used - 1) + 1] = other


@_called
def _move(places, graph, i, time):
    """Count an event in a graph of money: it leaves the payer and reaches the payee."""
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    work = _rows(places, P_WORK)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    first = 1 + plan[graph, G_ROLE_LO]
    payer, payee = work[i, first], work[i, first + 1]
    if members[i, plan[graph, G_STREAM]] == 0 or payer == payee:
        return
    meta[SEQUENCE] += 1
    amount = np.int64(0)
    if plan[graph, G_AMOUNT] >= 0:
        cells = _matrix(_float64_pointer(places[P_CELLS, 0]), places, P_CELLS)
        cell = cells[i, plan[graph, G_AMOUNT]]
        if cell > 0.0:
            amount = np.int64(cell)
    if plan[graph, G_PEERS] != 0 and payer >= 0 and payee >= 0:
        _refresh(meta, arena, payer + PAYEES, payee, time)
        _refresh(meta, arena, payee + PAYERS, payer, time)
    if payer >= 0:
        arena[payer + N_CLOCK] = time
        arena[payer + OUT_AT] = time
        arena[payer + OUT_AFTER] = arena[payer + LAST_IN]
        if plan[graph, G_MOVES] != 0:
            _append(meta, arena, payer, time, payee, amount, -meta[SEQUENCE])
    if payee >= 0:
        arena[payee + N_CLOCK] = time
        arena[payee + LAST_IN] = time
        if plan[graph, G_MOVES] != 0:
            _append(meta, arena, payee, time, payer, amount, meta[SEQUENCE])


@_inlined
def _append(meta, arena, node, time, other, amount, sequence):
    """The newest movement of an account; the oldest falls out of a full ring."""
    ring = node + MOVES
    place, used = arena[ring + R_PLACE], arena[ring + R_USED]
    if used > meta[HUB]:
        for at in range(place, place + MOVE_WORDS * (used - 1)):
            arena[at] = arena[at + MOVE_WORDS]
        used -= 1
    row = place + MOVE_WORDS * used
    arena[row] = time
    arena[row + 1] = other
    arena[row + 2] = amount
    arena[row + 3] = sequence
    arena[ring + R_USED] = used + 1


# -- who shares what -------------------------------------------------------------------------------


@_inlined
def _is_hub(meta, arena, ring, edge):
    """Whether all rows of a full ring are alive: one more than an entity may have."""
    return arena[ring + R_USED] > meta[HUB] and arena[arena[ring + R_PLACE]] > edge


@_called
def _walk(places, w, i, time):
    """Walk from an event's entity over live links, nearest first, and write what was found."""
    plan = _rows(places, P_PLAN)
    arena = _ints(places, P_ARENA)
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    out = _matrix(_float64_pointer(places[P_OUT, 0]), places, P_OUT)
    first_role = plan[plan[0, GRAPH] + plan[w, W_GRAPH], G_ROLE_LO]
    column = 2 * plan[plan[0, ROLE] + first_role, R_FIELD]
    size, degree, hops = math.nan, math.nan, math.nan
    if keys[i, column] != 0 or keys[i, column + 1] != 0:
        start = _rows(places, P_WORK)[i, 1 + first_role]
        size, degree, hops = 1.0, 0.0, np.int64(plan[w, W_DEFAULT]).view(np.float64)
        if start >= 0 and arena[start + N_CLOCK] != NEVER:
            found = _reach(places, w, start, time - plan[w, W_WIDTH])
            size, degree = float(found[0]), float(found[1])
            if found[2] <= HOPS_MAX:
                hops = float(found[2])
    if plan[w, W_SIZE] >= 0:
        out[i, plan[w, W_SIZE]] = size
    if plan[w, W_DEGREE] >= 0:
        out[i, plan[w, W_DEGREE]] = degree
    if plan[w, W_HOPS] >= 0:
        out[i, plan[w, W_HOPS]] = hops


@_inlined
def _is_marked(arena, node, mark, edge):
    """Whether an entity is known for fraud within the window."""
    return mark >= 0 and arena[node + MARKS + mark] > edge


@_called
def _reach(places, w, start, edge):
    """How many entities are reached, how many at once, and how many links away a mark is."""
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    frontier = _ints(places, P_FRONTIER)
    mark = plan[w, W_MARK] if plan[w, W_HOPS] >= 0 else np.int64(-1)
    deepest = np.int64(2) if mark < 0 else np.int64(HOPS_MAX)
    if plan[w, W_SIZE] >= 0:
        deepest = np.int64(2**40)
    meta[VISIT] += 1
    visit = meta[VISIT]
    arena[start + N_VISIT] = visit
    arena[start + N_NOTE] = 0
    frontier[0] = start
    head, tail, degree = 0, 1, 1
    hops = 0 if _is_marked(arena, start, mark, edge) else _NO_HOPS
    while head < tail:
        node = frontier[head]
        head += 1
        depth = arena[node + N_NOTE]
        enough = plan[w, W_SIZE] < 0 and (plan[w, W_DEGREE] < 0 or depth > 0)
        if depth >= deepest or (enough and hops <= depth + 1):
            break
        ring = node + LINKS
        if node != start and _is_hub(meta, arena, ring, edge):
            continue
        used = arena[ring + R_USED]
        for row in range(used - 1, max(used - meta[HUB], 0) - 1, -1):
            at = arena[ring + R_PLACE] + LINK_WORDS * row
            shared = arena[at + 1]
            if arena[at] <= edge:
                break
            if arena[shared + N_VISIT] == visit:
                continue
            arena[shared + N_VISIT] = visit
            if _is_marked(arena, shared, mark, edge):
                hops = min(hops, depth + 1)
            if tail >= meta[REACH] or _is_hub(meta, arena, shared + LINKS, edge):
                continue
            before = tail
            tail = _gather(meta, arena, frontier, tail, shared + LINKS, depth + 2, edge)
            for other in range(before, tail):
                if _is_marked(arena, frontier[other], mark, edge):
                    hops = min(hops, depth + 2)
        if depth == 0:
            degree = tail
    return tail, degree - 1, hops


@_inlined
def _gather(meta, arena, frontier, tail, ring, depth, edge):
    """Put those who share something, and were not met before, at the end of the frontier."""
    for row in range(arena[ring + R_USED] - 1, -1, -1):
        at = arena[ring + R_PLACE] + LINK_WORDS * row
        if arena[at] <= edge or tail >= meta[REACH]:
            break
        node = arena[at + 1]
        if arena[node + N_VISIT] != meta[VISIT]:
            arena[node + N_VISIT] = meta[VISIT]
            arena[node + N_NOTE] = depth
            frontier[tail] = node
            tail += 1
    return tail


# -- how money flows -------------------------------------------------------------------------------


@_called
def _read(places, f, i, time):
    """Write one feature of a flow."""
    plan = _rows(places, P_PLAN)
    arena = _ints(places, P_ARENA)
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    out = _matrix(_float64_pointer(places[P_OUT, 0]), places, P_OUT)
    work = _rows(places, P_WORK)
    role = plan[0, ROLE] + plan[f, F_ROLE]
    column = 2 * plan[role, R_FIELD]
    measure = plan[f, F_MEASURE]
    edge = time - plan[f, F_WIDTH]
    value: Any = np.int64(plan[f, F_DEFAULT]).view(np.float64)
    node = work[i, 1 + plan[f, F_ROLE]]
    known = node >= 0 and arena[node + N_CLOCK] != NEVER
    if keys[i, column] == 0 and keys[i, column + 1] == 0:
        value = math.nan
    elif measure == CYCLE:
        value = _cycle(places, f, i, edge, value)
    elif measure == FAN_IN:
        value = _peers(places, node + PAYERS, edge) if known else 0.0
    elif measure == FAN_OUT:
        value = _peers(places, node + PAYEES, edge) if known else 0.0
    elif measure == PASS_SECONDS:
        if known and arena[node + OUT_AFTER] > edge:
            value = (arena[node + OUT_AT] - arena[node + OUT_AFTER]) / _SECOND
    elif known:
        value = _passed_share(places, node + MOVES, edge, value)
    out[i, plan[f, F_COLUMN]] = value


@_inlined
def _peers(places, ring, edge):
    """How many of the newest neighbours are alive."""
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    row = arena[ring + R_USED] - 1
    alive = 0
    while row >= 0 and alive < meta[HUB]:
        if arena[arena[ring + R_PLACE] + LINK_WORDS * row] <= edge:
            break
        alive += 1
        row -= 1
    return float(alive)


@_inlined
def _passed_share(places, ring, edge, otherwise):
    """The share of the money that came in which has gone out since."""
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    used = arena[ring + R_USED]
    received, held, passed = np.int64(0), np.int64(0), np.int64(0)
    for row in range(max(used - meta[HUB], 0), used):
        at = arena[ring + R_PLACE] + MOVE_WORDS * row
        if arena[at] <= edge:
            continue
        if arena[at + 3] > 0:
            received += arena[at + 2]
            held += arena[at + 2]
        else:
            part = min(held, arena[at + 2])
            held -= part
            passed += part
    return passed / received if received > 0 else otherwise


@_called
def _cycle(places, f, i, edge, otherwise):
    """The fewest hops of a chain of payments that this event closes; it is the last hop."""
    plan = _rows(places, P_PLAN)
    meta = _ints(places, P_META)
    arena = _ints(places, P_ARENA)
    work = _rows(places, P_WORK)
    keys = _matrix(_uint64_pointer(places[P_KEYS, 0]), places, P_KEYS)
    members = _matrix(_uint8_pointer(places[P_MEMBERS, 0]), places, P_MEMBERS)
    graph = plan[0, GRAPH] + plan[f, F_GRAPH]
    first = plan[graph, G_ROLE_LO]
    for r in range(first, first + 2):
        column = 2 * plan[plan[0, ROLE] + r, R_FIELD]
        if keys[i, column] == 0 and keys[i, column + 1] == 0:
            return math.nan
    payer, payee = work[i, 1 + first], work[i, 2 + first]
    if members[i, plan[graph, G_STREAM]] == 0 or payer < 0 or payee < 0 or payer == payee:
        return otherwise
    _note_payees(meta, arena, payee, edge)
    best = _NO_HOPS
    ring = payer + MOVES
    used = arena[ring + R_USED]
    for row in range(used - 1, max(used - meta[HUB], 0) - 1, -1):
        at = arena[ring + R_PLACE] + MOVE_WORDS * row
        if arena[at] <= edge:
            break
        other, sequence = arena[at + 1], arena[at + 3]
        if sequence < 0 or other < 0:
            continue
        if other == payee:
            return 2.0
        if best <= 3 or _is_hub(meta, arena, other + MOVES, edge):
            continue
        if _is_noted(meta, arena, other, sequence):
            best = 3
        elif _between(meta, arena, other, payer, payee, sequence, edge):
            best = 4
    return float(best) if best <= HOPS_MAX else otherwise


@_inlined
def _note_payees(meta, arena, payee, edge):
    """Note at each account that got money from the payee when it first did."""
    meta[VISIT] += 1
    ring = payee + MOVES
    used = arena[ring + R_USED]
    for row in range(used - 1, max(used - meta[HUB], 0) - 1, -1):
        at = arena[ring + R_PLACE] + MOVE_WORDS * row
        if arena[at] <= edge:
            break
        other, sequence = arena[at + 1], arena[at + 3]
        if sequence < 0 and other >= 0 and not _is_hub(meta, arena, other + MOVES, edge):
            arena[other + N_VISIT] = meta[VISIT]
            arena[other + N_NOTE] = -sequence


@_inlined
def _is_noted(meta, arena, node, sequence):
    """Whether an account got money from the payee before it paid on."""
    return arena[node + N_VISIT] == meta[VISIT] and arena[node + N_NOTE] < sequence


@_inlined
def _between(meta, arena, node, payer, payee, sequence, edge):
    """Whether an account got money, before it paid on, from one that had it from the payee."""
    ring = node + MOVES
    for row in range(arena[ring + R_USED] - 1, -1, -1):
        at = arena[ring + R_PLACE] + MOVE_WORDS * row
        if arena[at] <= edge:
            break
        other = arena[at + 1]
        inner = other >= 0 and other not in (payer, payee)
        if inner and 0 < arena[at + 3] < sequence and _is_noted(meta, arena, other, arena[at + 3]):
            return True
    return False
