"""One event at a time: the same decisions as in columns, by the shortest way."""

from __future__ import annotations

import math
import struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.core.hashing import hash_text
from fengkong.decisions.decision import Decision
from fengkong.decisions.explanation import Explainer, Seen, Verdict
from fengkong.decisions.frame import ENVELOPE_TEXTS, combined_pair
from fengkong.decisions.layout import Layout, Stream
from fengkong.decisions.linked import LinkedEvent
from fengkong.decisions.state import State
from fengkong.decisions.verdict import Judge
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.events.event import Event
from fengkong.features.state import EventCells
from fengkong.rules.program import OneRow

TEXTS_CACHED_MAX: Final = 65_536
"""Texts whose hashes are remembered; when there are more, all are forgotten."""
PAIRS_CACHED_MAX: Final = 65_536
"""Combinations of texts whose keys are remembered; when there are more, all are forgotten."""
WORDS_KEPT_MAX: Final = 1_000_000
"""Words of text features kept so that they can be shown; later ones are shown as unknown."""
_NAN: Final = math.nan
_MISSING: Final = (bytes(16), _NAN)
_PAIR: Final = struct.Struct("<QQ")


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

    def __init__(self, layout: Layout, *, judge: Judge, explainer: Explainer) -> None:
        self.layout = layout
        self.judge = judge
        self.explainer = explainer
        frame = layout.frame
        cells = frame.cells
        self._hashed = frame.hashed
        self._envelope = any(name in ENVELOPE_TEXTS for name in frame.text_names)
        texts = [name for name in cells if layout.is_text(name)]
        self._text_cells = [self._hashed.index(name) for name in texts]
        at = [name for name in cells if name == "occurred_at"]
        self._timed = bool(at)
        numeric = [name for name in cells if name not in texts and name not in at]
        fields = layout.policy.catalogue.fields
        self._coordinates = [
            (name[:-4], 0 if name.endswith(".lat") else 1)
            for name in numeric
            if name[:-4] in fields and fields[name[:-4]].kind is FieldKind.PLACE
        ]
        self._plain = numeric[: len(numeric) - len(self._coordinates)]
        self._money = [
            position
            for position, name in enumerate(self._plain)
            if name in fields and fields[name].kind is FieldKind.MONEY
        ]
        assert list(cells) == [*self._plain, *texts, *numeric[len(self._plain) :], *at]
        self._make_buffers()
        keyspaces = [
            tuple([self._hashed.index(name) for name in keyspace])
            for keyspace in layout.plan.keyspaces
        ]
        self._first_keys = [parts[0] for parts in keyspaces]
        self._combinations = [(k, parts) for k, parts in enumerate(keyspaces) if len(parts) > 1]
        self._decided: list[bool] = layout.decided.tolist()
        types = range(len(layout.counted))
        self._members = [_membership(number, layout.streams) for number in types]
        self._links = LinkedEvent(layout) if layout.policy.links else None
        self._link_members = [_membership(number, layout.link_streams) for number in types]
        self._cache: dict[object, tuple[bytes, float]] = {}
        self._pairs: dict[tuple[bytes, ...], bytes] = {}
        self._forget()

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

    # -- texts -------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._cache.clear()
        self._cache[None] = _MISSING
        # A truth value in a key stands for its word.
        for value, word in ((True, "true"), (False, "false")):
            self._cache[value] = self._hash(word)

    def _hash(self, text: str) -> tuple[bytes, float]:
        low, high = hash_text(text)
        return _PAIR.pack(low, high), float(low >> 12)

    def _learn(self, text: Any) -> tuple[bytes, float]:
        """The hash of a text, as bytes and as a cell."""
        if len(self._cache) >= TEXTS_CACHED_MAX:
            self._forget()
        found = self._cache[text] = self._hash(text)
        return found

    # -- deciding ----------------------------------------------------------------------------

    def decide(self, event: Event, number: int, state: State) -> Decision | None:
        """Count an event of a type and decide it; None if the type is only counted."""
        values = self._texts(event)
        hashed: list[Any] = [*map(self._cache.get, map(values.get, self._hashed))]
        if not all(hashed):
            known = self._cache.get
            hashed = [known(text) or self._learn(text) for text in map(values.get, self._hashed)]
        cells = self._cells(event, hashed)
        self._cell_bytes[:] = self._pack(*cells)
        self._count(event, number, cells, hashed, state)
        if not self._decided[number]:
            return None
        self._feature_bytes[:] = self._values
        if self._links is not None:
            self._link_bytes[:] = self._links.values
        main = self._main
        if self._models is not None:
            self._models.fill_row(main.row, values, event.occurred_at, state.lists)
        main.run(values, event.occurred_at, state.lists)
        points, rank, marks = self.judge.row(main.results, number)
        seen_cells = self._seen_row.tolist()
        if self._computed.size:
            seen_cells += self._computed.tolist()
        seen = Seen(seen_cells, values, state.words, state.lists, event.occurred_at)
        return self.explainer.decision(
            seen,
            Verdict(points, rank, marks, self._late[0] != 0),
            event_id=event.id,
            event_type=event.type,
        )

    def _cells(self, event: Event, hashed: list[tuple[bytes, float]]) -> list[Any]:
        """The cells of the frame."""
        get = event.values.get
        cells: list[Any] = [get(name, _NAN) for name in self._plain]
        if event.currency is not None and event.currency != self.layout.frame.currency:
            factor = self.layout.frame.factor(event.currency, event.occurred_at)
            for position in self._money:
                cells[position] = float(np.rint(cells[position] * factor))
        cells += [hashed[index][1] for index in self._text_cells]
        for field, part in self._coordinates:
            place: Any = get(field)
            cells.append(_NAN if place is None else place[part])
        if self._timed:
            cells.append(event.occurred_at)
        return cells

    def _count(
        self, event: Event, number: int, cells: list[Any], hashed: list[Any], state: State
    ) -> None:
        """Count the event in the windows."""
        members, linked = self._members[number], self._link_members[number]
        self._member_bytes[:] = members.sure
        results: list[float] = []
        if members.conditional or linked.conditional:
            results = self._ask(event, state)
            _hold(members, results, cells, self._member_bytes)
        if self._links is not None and state.links is not None:
            sure: bytes | bytearray = linked.sure
            if linked.conditional:
                sure = bytearray(sure)
                _hold(linked, results, cells, sure)
            self._links.prepare(event, bytes(sure), cells=cells, hashed=hashed, links=state.links)
        for stream, at in members.present:
            self._member_bytes[stream] = cells[at] == cells[at]
        keys = [hashed[first][0] for first in self._first_keys]
        pairs = self._pairs
        for position, parts in self._combinations:
            together = tuple([hashed[part][0] for part in parts])
            keys[position] = pairs.get(together) or self._combine(together)
        self._keys[:] = b"".join(keys)
        words = state.words
        for name, position in self.layout.word_cells:
            word = event.values.get(name)
            if word is not None and len(words) < WORDS_KEPT_MAX:
                words[cells[position]] = str(word)
        self._time[0] = event.occurred_at
        self._plan_bytes[:] = self._pack_plan(*[cells[at] for at in self._plan_cells])
        state.windows.advance_one(self._window)
        if self._links is not None and state.links is not None:
            self._links.count(state.links)

    def _ask(self, event: Event, state: State) -> list[float]:
        """The results of the conditions on which memberships depend."""
        conditions = self._conditions
        assert conditions is not None, "a stream with a condition has a program"
        self._condition_bytes[:] = self._cell_bytes
        conditions.run(self._texts(event), event.occurred_at, state.lists)
        results: list[float] = conditions.results.tolist()
        return results

    def _combine(self, keys: tuple[bytes, ...]) -> bytes:
        """The key of several texts together, which is then remembered."""
        if len(self._pairs) >= PAIRS_CACHED_MAX:
            self._pairs.clear()
        found = self._pairs[keys] = _PAIR.pack(*combined_pair([_PAIR.unpack(key) for key in keys]))
        return found

    def _texts(self, event: Event) -> dict[str, Any]:
        """The event's values by name, with its type and currency where the policy reads them."""
        if not self._envelope:
            return event.values
        return {**event.values, "event_type": event.type, "currency": event.currency}


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
