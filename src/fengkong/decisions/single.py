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
from fengkong.decisions.layout import Layout
from fengkong.decisions.state import State
from fengkong.decisions.verdict import Judge
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.events.event import Event
from fengkong.features.state import Batch
from fengkong.rules.program import OneRow

TEXTS_CACHED_MAX: Final = 65_536
"""Texts whose hashes are remembered; when there are more, all are forgotten."""
WORDS_KEPT_MAX: Final = 1_000_000
"""Words of text features kept so that they can be shown; later ones are shown as unknown."""
_NAN: Final = math.nan
_MISSING: Final = (b"\0" * 16, _NAN)
_PAIR: Final = struct.Struct("<QQ")


class _Members(NamedTuple):
    """Which streams count an event of a type: those at once, and those with a condition."""

    sure: bytes
    asked: tuple[tuple[int, int | None, int | None], ...]


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
        self._keyspaces = [
            [self._hashed.index(name) for name in keyspace] for keyspace in layout.plan.keyspaces
        ]
        self._members = [self._membership(number) for number in range(len(layout.counted))]
        self._cache: dict[object, tuple[bytes, float]] = {}
        self._forget()

    def _make_buffers(self) -> None:
        layout = self.layout
        self._main = OneRow(layout.program)
        self._conditions = OneRow(layout.conditions) if layout.policy.conditions else None
        self._pack = struct.Struct(f"{len(layout.frame.cells)}d").pack_into
        self._row_bytes = self._main.row.data
        self._first = len(layout.frame.cells)
        self._end = self._first + len(layout.plan.names)
        self._window = Batch(layout.plan, capacity=1)
        self._keys = _bytes_of(self._window.keys)
        self._member_bytes = _bytes_of(self._window.members)
        self._features = self._window.values[0]

    def _membership(self, number: int) -> _Members:
        """The streams of a type."""
        streams = self.layout.streams
        sure = bytearray(len(streams))
        asked: list[tuple[int, int | None, int | None]] = []
        for index, stream in enumerate(streams):
            if not stream.types[number]:
                continue
            if stream.condition is None and stream.present is None:
                sure[index] = 1
            else:
                asked.append((index, stream.condition, stream.present))
        return _Members(bytes(sure), tuple(asked))

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
        known = self._cache.get
        hashed = [known(text) or self._learn(text) for text in map(values.get, self._hashed)]
        main = self._main
        self._pack(self._row_bytes, 0, *self._cells(event, hashed))
        late = self._count(event, number, hashed, state)
        if not self.layout.decided[number]:
            return None
        main.row[self._first : self._end] = self._features
        main.run(values, event.occurred_at, state.lists)
        points, rank, marks = self.judge.row(main.results, number)
        computed = self.layout.computed
        seen = Seen(
            main.row[: self._end].tolist(),
            main.results[:computed].tolist() if computed else (),
            values,
            state.words,
            state.lists,
            event.occurred_at,
        )
        return self.explainer.decision(
            seen, Verdict(points, rank, marks, late), event_id=event.id, event_type=event.type
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
        self, event: Event, number: int, hashed: list[tuple[bytes, float]], state: State
    ) -> bool:
        """Count the event in the windows; whether it came too late for it."""
        row = self._main.row
        members = self._members[number]
        self._member_bytes[:] = members.sure
        if members.asked:
            self._ask(members, event, state)
        keys = [
            hashed[parts[0]][0] if len(parts) == 1 else _combined([hashed[p][0] for p in parts])
            for parts in self._keyspaces
        ]
        self._keys[:] = b"".join(keys)
        words = state.words
        for name, position in self.layout.word_cells:
            word = event.values.get(name)
            if word is not None and len(words) < WORDS_KEPT_MAX:
                words[float(row[position])] = str(word)
        window = self._window
        window.times[0] = event.occurred_at
        window.cells[0] = row[self.layout.plan_cells]
        state.windows.advance_batch(window, count=1)
        return bool(window.late[0])

    def _ask(self, members: _Members, event: Event, state: State) -> None:
        """Whether the event is a member where that depends on a condition or a field."""
        row = self._main.row
        conditions = self._conditions
        if conditions is not None:
            conditions.row[: self._first] = row[: self._first]
            conditions.run(self._texts(event), event.occurred_at, state.lists)
        for index, condition, present in members.asked:
            counted = present is None or row[present] == row[present]
            if counted and condition is not None:
                assert conditions is not None, "a stream with a condition has a program"
                counted = conditions.results[condition] == 1.0
            self._member_bytes[index] = bool(counted)

    def _texts(self, event: Event) -> dict[str, Any]:
        """The event's values by name, with its type and currency where the policy reads them."""
        if not self._envelope:
            return event.values
        return {**event.values, "event_type": event.type, "currency": event.currency}


def _combined(keys: list[bytes]) -> bytes:
    """The key of several texts together."""
    return _PAIR.pack(*combined_pair([_PAIR.unpack(key) for key in keys]))


def _bytes_of(array: NDArray[Any]) -> memoryview | bytearray:
    """The memory of an array, to write bytes to; a view cannot be of nothing."""
    return array.data.cast("B") if array.size else bytearray()
