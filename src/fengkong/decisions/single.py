"""One event at a time: the same decisions as in columns, by the shortest way."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from numpy.typing import NDArray

from fengkong.decisions.cells import EventReader, Framed
from fengkong.decisions.decision import Decision
from fengkong.decisions.explanation import Explainer
from fengkong.decisions.layout import Layout, Stream
from fengkong.decisions.linked import LinkedEvent
from fengkong.decisions.seen import Seen, Verdict
from fengkong.decisions.state import State
from fengkong.decisions.verdict import Judge
from fengkong.events.event import Event
from fengkong.features.state import EventCells
from fengkong.rules.program import OneRow


class _Members(NamedTuple):
    """Which streams count an event of a type.

    Those at once, those that ask for a condition and perhaps a cell, and those that ask for a cell
    only: stream, condition, cell.
    """

    sure: bytes
    conditional: tuple[tuple[int, int, int | None], ...]
    present: tuple[tuple[int, int], ...]


class OneEvent:
    """Decides events one by one, in buffers of its own."""

    def __init__(
        self, layout: Layout, *, reader: EventReader, judge: Judge, explainer: Explainer
    ) -> None:
        self.layout = layout
        self.reader = reader
        self.judge = judge
        self.explainer = explainer
        self._make_buffers()
        self._decided: list[bool] = layout.decided.tolist()
        types = range(len(layout.counted))
        self._members = [_membership(number, layout.streams) for number in types]
        self._links = LinkedEvent(layout) if layout.policy.links else None
        self._link_members = [_membership(number, layout.link_streams) for number in types]

    def _make_buffers(self) -> None:
        layout = self.layout
        cells, features = len(layout.frame.cells), len(layout.plan.names)
        self._main = OneRow(layout.program)
        self._models = layout.models
        self._seen_row = self._main.row[: layout.seen]
        self._computed = self._main.results[: layout.computed]
        self._conditions = OneRow(layout.conditions) if layout.policy.conditions else None
        self._pack = struct.Struct(f"{cells}d").pack
        self._cell_bytes = _bytes_of(self._main.row[:cells])
        self._feature_bytes = _bytes_of(self._main.row[cells : cells + features])
        counted = cells + len(layout.counted_names)
        self._link_bytes = _bytes_of(self._main.row[cells + features : counted])
        self._condition_bytes: memoryview | bytearray = bytearray()
        if self._conditions is not None:
            self._condition_bytes = _bytes_of(self._conditions.row[:cells])
        window = self._window = EventCells(layout.plan)
        self._keys = _bytes_of(window.keys)
        self._member_bytes = _bytes_of(window.members)
        self._time, self._late = window.times.data, window.late.data
        self._plan_cells = layout.plan_cells.tolist()
        self._plan_bytes = _bytes_of(window.cells)
        self._pack_plan = struct.Struct(f"{len(self._plan_cells)}d").pack
        self._values = _bytes_of(window.values[0])

    # -- deciding ----------------------------------------------------------------------------

    def decide(self, event: Event, number: int, state: State) -> Decision | None:
        """Count an event of a type and decide it; None if the type is only counted."""
        framed = self.reader.read(event)
        self._cell_bytes[:] = self._pack(*framed.cells)
        self._count(framed, number, state)
        if not self._decided[number]:
            return None
        self._feature_bytes[:] = self._values
        if self._links is not None:
            self._link_bytes[:] = self._links.values
        main = self._main
        texts = framed.texts
        if self._models is not None:
            self._models.fill_row(main.row, texts, event.occurred_at, state.lists)
        main.run(texts, event.occurred_at, state.lists)
        points, rank, marks = self.judge.row(main.results, number)
        seen_cells = self._seen_row.tolist()
        if self._computed.size:
            seen_cells += self._computed.tolist()
        seen = Seen(seen_cells, texts, state.words, state.lists, event.occurred_at)
        return self.explainer.decision(
            seen,
            Verdict(points, rank, marks, self._late[0] != 0),
            event_id=event.id,
            event_type=event.type,
        )

    def _count(self, framed: Framed, number: int, state: State) -> None:
        """Count the event in the windows."""
        members, linked = self._members[number], self._link_members[number]
        event, _, hashed, cells = framed
        self._member_bytes[:] = members.sure
        results: list[float] = []
        if members.conditional or linked.conditional:
            results = self._ask(framed, state)
            _hold(members, results, cells, self._member_bytes)
        if self._links is not None and state.links is not None:
            sure: bytes | bytearray = linked.sure
            if linked.conditional:
                sure = bytearray(sure)
                _hold(linked, results, cells, sure)
            self._links.prepare(event, bytes(sure), cells=cells, hashed=hashed, links=state.links)
        for stream, at in members.present:
            self._member_bytes[stream] = cells[at] == cells[at]
        self._keys[:] = b"".join(self.reader.keys(hashed))
        self.reader.keep_words(framed, state)
        self._time[0] = event.occurred_at
        self._plan_bytes[:] = self._pack_plan(*[cells[at] for at in self._plan_cells])
        state.windows.advance_one(self._window)
        if self._links is not None and state.links is not None:
            self._links.count(state.links)

    def _ask(self, framed: Framed, state: State) -> list[float]:
        """The results of the conditions on which memberships depend."""
        conditions = self._conditions
        assert conditions is not None, "a stream with a condition has a program"
        self._condition_bytes[:] = self._cell_bytes
        conditions.run(framed.texts, framed.event.occurred_at, state.lists)
        results: list[float] = conditions.results.tolist()
        return results


def _hold(
    members: _Members,
    results: list[float],
    cells: list[Any],
    held: bytearray | memoryview,
) -> None:
    """Note the streams whose condition holds, and whose cell is present."""
    for stream, condition, present in members.conditional:
        if results[condition] == 1.0 and (present is None or cells[present] == cells[present]):
            held[stream] = 1


def _membership(number: int, streams: tuple[Stream, ...]) -> _Members:
    """The streams of a type."""
    sure = bytearray(len(streams))
    conditional: list[tuple[int, int, int | None]] = []
    present: list[tuple[int, int]] = []
    for index, stream in enumerate(streams):
        if not stream.types[number]:
            continue
        if stream.condition is not None:
            conditional.append((index, stream.condition, stream.present))
        elif stream.present is not None:
            present.append((index, stream.present))
        else:
            sure[index] = 1
    return _Members(bytes(sure), tuple(conditional), tuple(present))


def _bytes_of(array: NDArray[Any]) -> memoryview | bytearray:
    """The memory of an array, to write bytes to; a view cannot be of nothing."""
    return array.data.cast("B") if array.size else bytearray()
