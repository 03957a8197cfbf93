"""The pure engine: a decision is a function of the event, the state and the policy version.

No clock, no dice, no file: whoever calls brings the event with its time. Deciding changes the
state it is given, and nothing else; the same events in the same order always give the same bytes,
one at a time, in batches of any size, or all at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.cells import WORDS_KEPT_MAX, EventReader
from fengkong.decisions.decision import BilingualText, Decision
from fengkong.decisions.explanation import Explainer
from fengkong.decisions.frame import Cells, Slice, combine
from fengkong.decisions.handful import Handful
from fengkong.decisions.layout import Layout
from fengkong.decisions.membership import Membership
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import LIST_CHANGED, Policy
from fengkong.decisions.single import OneEvent
from fengkong.decisions.state import State
from fengkong.decisions.verdict import Judge
from fengkong.decisions.writing import DecisionWriter
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.features.state import Advanced, WindowState
from fengkong.links.state import LinkBatch, LinkState
from fengkong.rules.lists import ListChange, ListState


class Engine:
    """A compiled policy. It holds scratch space of its own: use one in one thread."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.layout = Layout(policy)
        self.judge = Judge(policy, program=self.layout.program)
        self.explainer = Explainer(self.layout)
        self.writer = DecisionWriter(self.explainer)
        self._members = Membership.of(self.layout, self.layout.streams)
        self._link_members = Membership.of(self.layout, self.layout.link_streams)
        self._counted: list[bool] = self.layout.counted.tolist()
        reader = EventReader(self.layout)
        self._single = OneEvent(
            self.layout, reader=reader, judge=self.judge, explainer=self.explainer
        )
        self.handful = Handful(
            self.layout, reader=reader, judge=self.judge, explainer=self.explainer
        )

    def new_state(self) -> State:
        """The state before the first event."""
        windows = WindowState(self.layout.plan, limits=self.policy.limits)
        return State(windows, ListState(self.policy.scope.lists), {}, self._new_links(windows))

    def _new_links(self, windows: WindowState) -> LinkState | None:
        policy = self.policy
        if not policy.links:
            return None
        plan, limits = self.layout.links, policy.limits
        return LinkState(plan, limits=limits, links=policy.link_limits, beside=windows)

    def restore(self, saved: Mapping[str, Any]) -> State:
        """The state that `State.save` gave; refuses one of other feature declarations.

        Lists that the policy no longer declares are left out, new ones start empty.
        """
        state = self.new_state()
        state.windows.restore(saved["windows"])
        if state.links is not None:
            state.links.restore(saved["windows"])
        kept = saved["lists"]["lists"]
        lists = {name: kept.get(name, {}) for name in self.policy.scope.lists}
        state.lists = ListState.restore({"version": saved["lists"]["version"], "lists": lists})
        state.words = {float(cell): str(word) for cell, word in saved["words"]}
        return state

    # -- one event ---------------------------------------------------------------------------

    def decide(self, event: Event, state: State) -> Decision | None:
        """Count one event and decide it; None for an event that the policy only records."""
        number = self.layout.type_numbers[event.type]
        if not self._counted[number]:
            return None
        if event.type == LIST_CHANGED:
            self._change_list(event, state)
            return None
        return self._single.decide(event, number, state)

    def decide_handful(
        self, events: Sequence[Event], state: State
    ) -> list[tuple[bytes, str, bool] | None]:
        """Count and decide at most `HANDFUL_MAX` events, none of them a list change.

        For each the canonical JSON of its decision, the outcome and whether it came late; None
        for one that the policy only records. Raises `FeatureLimitError` or `ValueRangeError` with
        nothing counted.
        """
        numbers = np.array([self.layout.type_numbers[event.type] for event in events])
        if self.layout.counted[numbers].all():
            return self.handful.decide(events, numbers, state)
        at = np.flatnonzero(self.layout.counted[numbers]).tolist()
        found: list[tuple[bytes, str, bool] | None] = [None] * len(events)
        if at:
            counted = self.handful.decide([events[i] for i in at], numbers[at], state)
            for i, one in zip(at, counted, strict=True):
                found[i] = one
        return found

    def fallback(self, event: Event, *, missing: str) -> Decision:
        """What the policy says of an event that could not be computed, for want of `missing`."""
        outcome = self.policy.fallback
        return Decision(
            event_id=event.id,
            event_type=event.type,
            occurred_at=event.occurred_at,
            outcome=outcome,
            points=0.0,
            hits=(),
            unknowns=(),
            features={},
            reasons=BilingualText(
                zh=f"无法完成计算（缺少 {missing}），按策略的后备结论处理",
                en=f"could not be computed (missing: {missing}); the policy's fallback applies",
            ),
            late=False,
            policy=self.policy.name,
            policy_version=self.policy.version,
            policy_hash=self.policy.hash,
        )

    def _change_list(self, event: Event, state: State) -> None:
        if event.values.get("list") in self.policy.scope.lists:
            state.lists.apply(ListChange.of(event.values, occurred_at=event.occurred_at))

    # -- columns -----------------------------------------------------------------------------

    def decide_columns(self, columns: EventColumns, state: State) -> Iterator[DecisionColumns]:
        """Count a batch and decide it; one block of decisions a stretch without list changes."""
        counted = self.layout.counted[columns.types]
        if not counted.all():
            columns = columns.take(np.flatnonzero(counted))
        for part in self._stretches(columns, state):
            if len(part):
                yield self._decide_stretch(part, state)

    def _stretches(self, columns: EventColumns, state: State) -> Iterator[EventColumns]:
        """The batch cut where a list changes; each change is applied where it stands."""
        changes = np.flatnonzero(columns.types == self.layout.type_numbers[LIST_CHANGED])
        start = 0
        for at in changes.tolist():
            if at > start:
                yield columns.take(np.arange(start, at))
            (change,) = columns.take(np.array([at])).to_events()
            self._change_list(change, state)
            start = at + 1
        yield columns if start == 0 else columns.take(np.arange(start, len(columns)))

    def count_columns(self, columns: EventColumns, state: State) -> None:
        """Count a batch of events that the policy counts, none of them a list change.

        The state is then as `decide_columns` leaves it; nothing is decided.
        """
        self._count(columns, self.layout.frame.of_columns(columns), state)

    def _count(
        self, columns: EventColumns, part: Slice, state: State
    ) -> tuple[Advanced, LinkBatch | None]:
        results = self._condition_results(part, state)
        inputs = self._window_inputs(columns, part, results, state)
        links = self._prepared_links(columns, part, results, state)
        advanced = state.windows.advance(**inputs)
        if links is not None and state.links is not None:
            state.links.count(links, count=len(columns))
        return advanced, links

    def _decide_stretch(self, columns: EventColumns, state: State) -> DecisionColumns:
        layout = self.layout
        part = layout.frame.of_columns(columns)
        advanced, links = self._count(columns, part, state)
        decided = np.flatnonzero(layout.decided[columns.types])
        whole = len(decided) == len(columns)

        def chosen(array: NDArray[Any]) -> NDArray[Any]:
            return array if whole else array[decided]

        texts = {
            name: series if whole else series.gather(decided) for name, series in part.texts.items()
        }
        occurred_at = chosen(part.occurred_at)
        rows = np.empty((len(decided), layout.program.width))
        width = part.cells.shape[1]
        rows[:, :width] = chosen(part.cells)
        windows = width + advanced.values.shape[1]
        rows[:, width:windows] = chosen(advanced.values)
        if links is not None:
            rows[:, windows : windows + links.values.shape[1]] = chosen(links.values)
        if layout.models is not None:
            layout.models.fill_rows(rows, texts=texts, occurred_at=occurred_at, lists=state.lists)
        layout.program.fill_columns(
            rows,
            texts={name: texts[name] for name in layout.program.texts},
            occurred_at=occurred_at,
            lists=state.lists,
        )
        results = np.empty((len(decided), len(layout.program.names)))
        layout.program.run_columns(rows, results)
        types = chosen(columns.types)
        return DecisionColumns(
            explainer=self.explainer,
            lists=state.lists,
            words=state.words,
            ids=columns.ids if whole else columns.ids.gather(decided),
            type_numbers=types,
            occurred_at=occurred_at,
            rows=rows,
            results=results,
            texts=texts,
            late=chosen(advanced.late),
            judged=self.judge.rows(results, types.astype(np.int64)),
        )

    def _window_inputs(
        self, columns: EventColumns, part: Slice, results: Cells, state: State
    ) -> dict[str, NDArray[Any]]:
        layout = self.layout
        members = np.empty((len(columns), len(layout.streams)), dtype=np.uint8)
        self._members.write(members, columns.types, results, part.cells)
        keys = np.empty((len(columns), 2 * len(layout.plan.keyspaces)), dtype=np.uint64)
        for k, keyspace in enumerate(layout.plan.keyspaces):
            keys[:, 2 * k : 2 * k + 2] = combine([part.hashes[name] for name in keyspace])
        self._keep_words(part, state)
        inputs = part.cells[:, layout.plan_cells]
        state.windows.check_range(inputs)
        return {"times": part.occurred_at, "keys": keys, "members": members, "cells": inputs}

    def _prepared_links(
        self, columns: EventColumns, part: Slice, results: Cells, state: State
    ) -> LinkBatch | None:
        """A batch that the links have room for, but have not yet counted."""
        layout = self.layout
        if state.links is None:
            return None
        batch = LinkBatch(layout.links, capacity=len(columns))
        batch.times[:] = part.occurred_at
        for k, name in enumerate(layout.links.fields):
            batch.keys[:, 2 * k : 2 * k + 2] = part.hashes[name]
        self._link_members.write(batch.members, columns.types, results, part.cells)
        batch.cells[:] = part.cells[:, layout.link_cells]
        state.links.prepare(batch, count=len(columns))
        return batch

    def _condition_results(self, part: Slice, state: State) -> Cells:
        """The conditions of windows, float64[n, conditions]."""
        program = self.layout.conditions
        rows = np.empty((len(part.occurred_at), program.width))
        results = np.empty((len(rows), len(program.names)))
        if program.names:
            rows[:, : part.cells.shape[1]] = part.cells
            program.fill_columns(
                rows,
                texts={name: part.texts[name] for name in program.texts},
                occurred_at=part.occurred_at,
                lists=state.lists,
            )
            program.run_columns(rows, results)
        return results

    def _keep_words(self, part: Slice, state: State) -> None:
        """Remember the words of text features, in the order in which single events would."""
        first_seen: list[tuple[int, int, float, str]] = []
        for number, (field, position) in enumerate(self.layout.word_cells):
            cells = part.cells[:, position]
            distinct, first = np.unique(cells, return_index=True)
            words = part.texts[field]
            first_seen += [
                (index, number, cell, str(words[index]))
                for index, cell in zip(first.tolist(), distinct.tolist(), strict=True)
                if not math.isnan(cell) and cell not in state.words
            ]
        for _, _, cell, word in sorted(first_seen):
            if len(state.words) < WORDS_KEPT_MAX:
                state.words.setdefault(cell, word)
