"""One event as cells and keys: the frame of a policy filled from an event in memory."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.core.hashing import hash_text
from fengkong.decisions.frame import ENVELOPE_TEXTS, combine_rows
from fengkong.decisions.layout import Layout
from fengkong.decisions.state import State
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.events.event import Event

TEXTS_CACHED_MAX: Final = 65_536
"""Texts whose hashes are remembered; when there are more, all are forgotten."""
PAIRS_CACHED_MAX: Final = 65_536
"""Combinations of texts whose keys are remembered; when there are more, all are forgotten."""
WORDS_KEPT_MAX: Final = 1_000_000
"""Words of text features kept so that they can be shown; later ones are shown as unknown."""
NAN: Final = math.nan
_MISSING: Final = (bytes(16), NAN)
_PAIR: Final = struct.Struct("<QQ")

Hashed = list[tuple[bytes, float]]
"""The texts that a policy hashes, in the order of `Frame.hashed`: hash and cell of each."""


class Framed(NamedTuple):
    """An event with its texts by name, their hashes, and the cells of the frame."""

    event: Event
    texts: dict[str, Any]
    hashed: Hashed
    cells: list[Any]


class EventReader:
    """Reads events for one policy. What it remembers is bounded and changes no answer."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
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
        keyspaces = [
            tuple([self._hashed.index(name) for name in keyspace])
            for keyspace in layout.plan.keyspaces
        ]
        self._first_keys = [parts[0] for parts in keyspaces]
        self._combinations = [(k, parts) for k, parts in enumerate(keyspaces) if len(parts) > 1]
        longest = max(map(len, keyspaces), default=0)
        self._parts = np.full((len(keyspaces), longest + 1), -1, dtype=np.int64)
        for k, parts in enumerate(keyspaces):
            self._parts[k, : len(parts)] = parts
        self._together = [
            np.array([[*range(count), -1]], dtype=np.int64) for count in range(longest + 1)
        ]
        self._cache: dict[object, tuple[bytes, float]] = {}
        self._pairs: dict[tuple[bytes, ...], bytes] = {}
        self._forget()

    def read(self, event: Event) -> Framed:
        """The event as the policy sees it before anything is counted."""
        texts: dict[str, Any] = event.values
        if self._envelope:
            texts = {**texts, "event_type": event.type, "currency": event.currency}
        hashed: list[Any] = [*map(self._cache.get, map(texts.get, self._hashed))]
        if not all(hashed):
            known = self._cache.get
            hashed = [known(text) or self._learn(text) for text in map(texts.get, self._hashed)]
        return Framed(event, texts, hashed, self._cells(event, hashed))

    def keys(self, hashed: Hashed) -> list[bytes]:
        """The key of each keyspace, 16 bytes; zeros where a part is missing."""
        keys = [hashed[first][0] for first in self._first_keys]
        pairs = self._pairs
        for position, parts in self._combinations:
            together = tuple([hashed[part][0] for part in parts])
            keys[position] = pairs.get(together) or self._combine(together)
        return keys

    def write_keys(self, hashed: Sequence[Hashed], keys: NDArray[np.uint64]) -> None:
        """The keys of some events, uint64[n, 2 * keyspaces]."""
        joined = b"".join([pair[0] for each in hashed for pair in each])
        hashes = np.frombuffer(joined, dtype=np.uint64).reshape(len(hashed), -1, 2)
        combine_rows(hashes, self._parts, keys)

    def keep_words(self, framed: Framed, state: State) -> None:
        """Remember the words of text features, so that they can be shown."""
        words = state.words
        for name, position in self._layout.word_cells:
            word = framed.event.values.get(name)
            if word is not None and len(words) < WORDS_KEPT_MAX:
                words[framed.cells[position]] = str(word)

    def _cells(self, event: Event, hashed: Hashed) -> list[Any]:
        """The cells of the frame."""
        get = event.values.get
        cells: list[Any] = [get(name, NAN) for name in self._plain]
        if event.currency is not None and event.currency != self._layout.frame.currency:
            factor = self._layout.frame.factor(event.currency, event.occurred_at)
            for position in self._money:
                cells[position] = float(np.rint(cells[position] * factor))
        cells += [hashed[index][1] for index in self._text_cells]
        for field, part in self._coordinates:
            place: Any = get(field)
            cells.append(NAN if place is None else place[part])
        if self._timed:
            cells.append(event.occurred_at)
        return cells

    # -- what is remembered ------------------------------------------------------------------

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

    def _combine(self, keys: tuple[bytes, ...]) -> bytes:
        """The key of several texts together, which is then remembered."""
        if len(self._pairs) >= PAIRS_CACHED_MAX:
            self._pairs.clear()
        hashes = np.frombuffer(b"".join(keys), dtype=np.uint64).reshape(1, -1, 2)
        together = np.empty((1, 2), dtype=np.uint64)
        combine_rows(hashes, self._together[len(keys)], together)
        found = self._pairs[keys] = together.tobytes()
        return found
