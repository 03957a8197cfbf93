"""A handful of events together: the same bytes as one by one, for less.

Columns pay off from a hundred events on; what arrives together on a busy day are ten or fifty.
They are read one by one, counted and judged by one call of each kernel in memory that stays where
it is, and written without a `Decision` in between.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.cells import EventReader, Framed
from fengkong.decisions.explanation import Explainer
from fengkong.decisions.layout import Layout
from fengkong.decisions.membership import Membership
from fengkong.decisions.seen import Seen
from fengkong.decisions.state import State
from fengkong.decisions.verdict import HIT, UNKNOWN, Judge
from fengkong.decisions.writing import RowWriter
from fengkong.events.event import Event
from fengkong.features.state import Batch
from fengkong.links.state import LinkBatch, LinkState
from fengkong.rules.program import FewRows

HANDFUL_MAX: Final = 256
"""Events that may come together."""
PATTERNS_MAX: Final = 4096
"""Patterns of hits and unknowns that are remembered; when there are more, all are forgotten."""

Marks = tuple[list[int], tuple[int, ...]]
"""The rules that hit, and those that are unknown."""


class _Judged(NamedTuple):
    """How each event was judged; verdicts uint8[n, rules], cells float64[n, cells seen]."""

    decided: list[bool]
    verdicts: NDArray[np.uint8]
    points: list[float]
    ranks: list[int]
    late: list[bool]
    cells: NDArray[np.float64]


class Handful:
    """Decides events that came together, at most `HANDFUL_MAX`, in buffers of its own."""

    def __init__(
        self, layout: Layout, *, reader: EventReader, judge: Judge, explainer: Explainer
    ) -> None:
        self._layout = layout
        self.reader = reader
        self._judge = judge
        self._explainer = explainer
        self._writer = RowWriter(explainer)
        self._main = FewRows(layout.program, capacity=HANDFUL_MAX)
        self._conditions = FewRows(layout.conditions, capacity=HANDFUL_MAX)
        self._batch = Batch(layout.plan, capacity=HANDFUL_MAX)
        self._links = LinkBatch(layout.links, capacity=HANDFUL_MAX)
        self._linked = [layout.frame.hashed.index(name) for name in layout.links.fields]
        self._width = len(layout.frame.cells)
        self._pack = struct.Struct(f"{self._width}d").pack
        self._members = Membership.of(layout, layout.streams)
        self._link_members = Membership.of(layout, layout.link_streams)
        self._ask_conditions = bool(layout.policy.conditions)
        self._patterns: dict[bytes, Marks] = {}

    def decide(
        self, events: Sequence[Event], numbers: NDArray[np.int64], state: State
    ) -> list[tuple[bytes, str, bool] | None]:
        """Count events of some types and decide them: text, outcome and lateness of each.

        None for one that is only counted. List changes are not among them. Raises
        `FeatureLimitError` or `ValueRangeError` with nothing counted.
        """
        assert 0 < len(events) <= HANDFUL_MAX, "the room is limited"
        framed = [self.reader.read(event) for event in events]
        self.count(framed, numbers, state)
        return self.write(framed, self.judge(framed, numbers, state), state)

    # -- step by step ------------------------------------------------------------------------

    def count(self, framed: Sequence[Framed], numbers: NDArray[np.int64], state: State) -> None:
        """Count the events in the windows; cells, values and lateness stay in the buffers."""
        count, width, batch, layout = len(framed), self._width, self._batch, self._layout
        pack = self._pack
        packed = b"".join([pack(*one.cells) for one in framed])
        cells = np.frombuffer(packed).reshape(count, width)
        self._main.rows[:count, :width] = cells
        batch.times[:count] = [one.event.occurred_at for one in framed]
        hashed = [one.hashed for one in framed]
        self.reader.write_keys(hashed, batch.keys[:count])
        results = self._conditions_of(framed, cells, state)
        self._members.write(batch.members[:count], numbers, results, cells)
        batch.cells[:count] = cells[:, layout.plan_cells]
        state.windows.check_range(batch.cells[:count])
        if state.links is not None:
            self._prepare_links(framed, numbers, results, cells, state.links)
        state.windows.advance_batch(batch, count=count)
        if state.links is not None:
            state.links.count(self._links, count=count)
        if layout.word_cells:
            for one in framed:
                self.reader.keep_words(one, state)

    def judge(self, framed: Sequence[Framed], numbers: NDArray[np.int64], state: State) -> _Judged:
        """What the rules say of the events that were just counted."""
        count, width, layout = len(framed), self._width, self._layout
        values = self._batch.values[:count]
        rows = self._main.rows[:count]
        windows = width + values.shape[1]
        rows[:, width:windows] = values
        if state.links is not None:
            linked = self._links.values[:count]
            rows[:, windows : windows + linked.shape[1]] = linked
        times = self._batch.times[:count].tolist()
        if layout.models is not None:
            for row, one, at in zip(rows, framed, times, strict=True):
                layout.models.fill_row(row, one.texts, at, state.lists)
        results = self._main.run([one.texts for one in framed], times, state.lists)
        verdicts, points, ranks = self._judge.rows(results, numbers)
        return _Judged(
            layout.decided[numbers].tolist(),
            verdicts,
            points.tolist(),
            ranks.tolist(),
            (self._batch.late[:count] != 0).tolist(),
            np.hstack([rows[:, : layout.seen], results[:, : layout.computed]]),
        )

    def write(
        self, framed: Sequence[Framed], judged: _Judged, state: State
    ) -> list[tuple[bytes, str, bool] | None]:
        """The decisions in words: text, outcome and lateness of each."""
        explainer, write = self._explainer, self._writer.write
        order = self._layout.policy.outcomes.order
        shown = self._writer.shown(judged.cells)
        patterns, length = judged.verdicts.tobytes(), judged.verdicts.shape[1]
        found: list[tuple[bytes, str, bool] | None] = []
        for i, (one, cells) in enumerate(zip(framed, judged.cells.tolist(), strict=True)):
            if not judged.decided[i]:
                found.append(None)
                continue
            pattern = patterns[i * length : (i + 1) * length]
            hits, unknown = self._patterns.get(pattern) or self._learn(pattern)
            seen = Seen(cells, one.texts, state.words, state.lists, one.event.occurred_at)
            outcome, late = order[judged.ranks[i]], judged.late[i]
            text = write(
                one.event,
                seen,
                (outcome, judged.points[i], late),
                hits=explainer.hits(hits, seen) if hits else None,
                unknowns=explainer.unknowns(unknown, seen) if unknown else (),
                models=explainer.scored(seen, hits),
                shown=shown[i],
            )
            found.append((text, outcome, late))
        return found

    def _conditions_of(
        self, framed: Sequence[Framed], cells: NDArray[np.float64], state: State
    ) -> NDArray[np.float64]:
        """The conditions on which memberships depend, float64[n, conditions]."""
        count = len(framed)
        if not self._ask_conditions:
            return np.empty((count, 0))
        self._conditions.rows[:count, : self._width] = cells
        times = self._batch.times[:count].tolist()
        return self._conditions.run([one.texts for one in framed], times, state.lists)

    def _prepare_links(
        self,
        framed: Sequence[Framed],
        numbers: NDArray[np.int64],
        results: NDArray[np.float64],
        cells: NDArray[np.float64],
        links: LinkState,
    ) -> None:
        """Have room made for the events in the links; raises where there is none."""
        count, batch = len(framed), self._links
        batch.times[:count] = self._batch.times[:count]
        keys = b"".join([one.hashed[at][0] for one in framed for at in self._linked])
        batch.keys[:count] = np.frombuffer(keys, dtype=np.uint64).reshape(count, -1)
        self._link_members.write(batch.members[:count], numbers, results, cells)
        batch.cells[:count] = cells[:, self._layout.link_cells]
        links.prepare(batch, count=count)

    def _learn(self, pattern: bytes) -> Marks:
        """The marks of a pattern of verdicts, which are then remembered."""
        if len(self._patterns) >= PATTERNS_MAX:
            self._patterns.clear()
        hits = [rule for rule, verdict in enumerate(pattern) if verdict == HIT]
        unknown = tuple([rule for rule, verdict in enumerate(pattern) if verdict == UNKNOWN])
        found = self._patterns[pattern] = (hits, unknown)
        return found
