"""The pure engine: a decision is a function of the event, the state and the policy version.

No clock, no dice, no file: whoever calls brings the event with its time. Deciding changes the
state it is given, and nothing else; the same events in the same order always give the same bytes,
one at a time, in batches of any size, or all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions import verdict
from fengkong.decisions.decision import Decision
from fengkong.decisions.frame import Cells, Frame, Keys, Slice, combine
from fengkong.decisions.outcome import DecisionColumns, Judged
from fengkong.decisions.policy import ENVELOPE_KINDS, Policy, Rule
from fengkong.events.catalogue import TEXT_LIKE
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.features.declarations import Aggregate
from fengkong.features.plan import Plan, compile_plan
from fengkong.features.state import WindowState
from fengkong.rules.expressions import Expression
from fengkong.rules.lists import ListChange, ListState
from fengkong.rules.program import Program, compile_program

LIST_CHANGE: Final = "list.changed"
TEXTS_KEPT_MAX: Final = 1_000_000
"""Words of text features kept so that they can be shown; later ones are shown as unknown."""


@dataclass(slots=True)
class State:
    """Everything that earlier events left behind: windows, lists, words of text features."""

    windows: WindowState
    lists: ListState
    words: dict[float, str]

    def save(self) -> dict[str, Any]:
        """Plain data from which `Engine.restore` makes the same state."""
        return {
            "windows": self.windows.save(),
            "lists": self.lists.save(),
            "words": [[cell, word] for cell, word in self.words.items()],
        }


class Engine:
    """A compiled policy. It holds scratch space of its own: use one in one thread."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        catalogue = policy.catalogue
        self.plan: Plan = compile_plan(
            policy.windows, fields=catalogue.fields, default_types=policy.events
        )
        self.named = dict(_named_expressions(policy))
        cells = self._cell_names()
        self.conditions: Program = compile_program(list(policy.conditions.items()), frame=cells)
        self.program: Program = compile_program(
            list(self.named.items()), frame=[*cells, *self.plan.names]
        )
        self.frame = Frame(
            cells=cells,
            hashed=self._hashed_names(cells),
            texts=sorted(self._text_names()),
            catalogue=catalogue,
            currency=policy.scope.currency,
            rates=policy.rates,
        )
        self._type_numbers = {name: i for i, name in enumerate(catalogue.type_names)}
        self._counted = self._type_mask(policy.counted_types)
        self._decided = self._type_mask(policy.events)
        self._place_cells()
        self._place_rules()
        self._buffers()

    def new_state(self) -> State:
        """The state before the first event."""
        windows = WindowState(self.plan, limits=self.policy.limits)
        return State(windows, ListState(self.policy.scope.lists), {})

    def restore(self, saved: Mapping[str, Any]) -> State:
        """The state that `State.save` gave; refuses one of other feature declarations."""
        state = self.new_state()
        state.windows.restore(saved["windows"])
        kept = saved["lists"]["lists"]
        lists = {name: kept.get(name, {}) for name in self.policy.scope.lists}
        state.lists = ListState.restore({"version": saved["lists"]["version"], "lists": lists})
        state.words = {float(cell): str(word) for cell, word in saved["words"]}
        return state

    # -- compiling ---------------------------------------------------------------------------

    def _expressions(self) -> list[Expression]:
        return [*self.policy.conditions.values(), *self.named.values()]

    def _shown_names(self) -> set[str]:
        """Names whose values are shown in reasons."""
        reasons = [rule.reason for rule in self.policy.rules if rule.reason]
        return {name for reason in reasons for name in reason.zh.names | reason.en.names}

    def _is_field(self, name: str) -> bool:
        return name in self.policy.catalogue.fields or name in ENVELOPE_KINDS

    def _cell_names(self) -> list[str]:
        """Cells of the frame: fields that expressions, windows and reasons read."""
        names = {name for expression in self._expressions() for name in expression.names}
        names |= self._shown_names()
        fields = {name for name in names if self._is_field(name)}
        return sorted(fields | set(self.plan.cells))

    def _text_names(self) -> set[str]:
        """Text names whose characters are read or shown."""
        names = {name for e in self._expressions() for name in e.names} | self._shown_names()
        fields = self.policy.catalogue.fields
        texts = {n for n in names if n in fields and fields[n].kind in TEXT_LIKE}
        return texts | (names & {"event_type", "currency"}) | set(self._word_fields)

    def _hashed_names(self, cells: list[str]) -> list[str]:
        fields = self.policy.catalogue.fields
        keys = {name for keyspace in self.plan.keyspaces for name in keyspace}
        texts = {n for n in cells if n in ("event_type", "currency")}
        texts |= {n for n in cells if n in fields and fields[n].kind in TEXT_LIKE}
        return sorted(keys | texts)

    @cached_property
    def _word_fields(self) -> tuple[str, ...]:
        """Text fields whose first or last value is a feature."""
        fields = self.policy.catalogue.fields
        kept = (Aggregate.FIRST, Aggregate.LAST)
        return tuple(
            sorted(
                {
                    f.argument
                    for f in self.policy.windows
                    if f.aggregate in kept and f.argument and fields[f.argument].kind in TEXT_LIKE
                }
            )
        )

    @cached_property
    def word_features(self) -> frozenset[str]:
        """Window features whose value is a text."""
        return frozenset(
            f.name for f in self.policy.windows if f.argument in self._word_fields
            and f.aggregate in (Aggregate.FIRST, Aggregate.LAST)
        )  # fmt: skip

    def _type_mask(self, names: frozenset[str] | tuple[str, ...]) -> NDArray[np.bool_]:
        return np.array([name in names for name in self.policy.catalogue.type_names])

    def _place_cells(self) -> None:
        cells = self.frame.cells
        self._plan_cells = np.array([cells.index(name) for name in self.plan.cells], dtype=np.int64)
        hashed = self.frame.hashed
        self._keyspaces = [
            [hashed.index(name) for name in keyspace] for keyspace in self.plan.keyspaces
        ]
        condition = {name: self.conditions.index(name) for name in self.policy.conditions}
        self._streams = [
            (
                self._type_mask(stream.event_types),
                None if stream.where is None else condition[stream.where],
                None if stream.present is None else self._presence_cell(stream.present),
            )
            for stream in self.plan.streams
        ]

    def _presence_cell(self, field: str) -> int:
        cells = self.frame.cells
        return cells.index(field if field in cells else f"{field}.lat")

    def _place_rules(self) -> None:
        policy, order = self.policy, self.policy.outcomes.order
        types = policy.catalogue.type_names
        self._columns = np.array(
            [self.program.index(_rule_name(rule)) for rule in policy.rules], dtype=np.int64
        )
        self._applicable = np.array(
            [[name in rule.types for rule in policy.rules] for name in types], dtype=np.uint8
        ).reshape(len(types), len(policy.rules))
        self._points = np.array([rule.points for rule in policy.rules], dtype=np.float64)

        def rank(outcome: str | None) -> int:
            return verdict.NOTHING if outcome is None else order.index(outcome)

        self._ranks = np.array([rank(r.outcome) for r in policy.rules], dtype=np.int64)
        unknowns = [_unknown_outcome(rule, policy) for rule in policy.rules]
        self._unknown_ranks = np.array([rank(outcome) for outcome in unknowns], dtype=np.int64)
        thresholds = policy.outcomes.thresholds
        self._thresholds = np.array(list(thresholds.values()), dtype=np.float64)
        self._threshold_ranks = np.array([rank(name) for name in thresholds], dtype=np.int64)

    def _buffers(self) -> None:
        self._row = self.program.new_row()[None, :]
        self._condition_row = self.conditions.new_row()[None, :]
        self._members = np.zeros((1, len(self._streams)), dtype=np.uint8)
        self._key = np.zeros((1, 2 * len(self._keyspaces)), dtype=np.uint64)

    # -- deciding ----------------------------------------------------------------------------

    def decide(self, event: Event, state: State) -> Decision | None:
        """Count one event and decide it; None for an event that the policy only records."""
        number = self._type_numbers[event.type]
        if not self._counted[number]:
            return None
        if event.type == LIST_CHANGE:
            self._change_list(event, state)
            return None
        cells, hashes, texts = self.frame.of_event(event)
        columns = len(self.frame.cells)
        features, late = self._advance_one(event, number, cells, hashes, texts, state)
        if not self._decided[number]:
            return None
        row = self._row
        row[0, :columns] = cells
        row[0, columns : columns + len(features)] = features
        self.program.fill_row(row[0], texts=texts, occurred_at=event.occurred_at, lists=state.lists)
        results = self.program.run_row(row[0])
        judged = self._judge(results[None, :], np.array([number]))
        return DecisionColumns(
            engine=self,
            state=state,
            ids=[event.id],
            types=[event.type],
            occurred_at=np.array([event.occurred_at]),
            cells=row[:, :columns].copy(),
            features=features[None, :],
            results=results[None, :],
            texts={name: [text] for name, text in texts.items()},
            late=np.array([late]),
            judged=judged,
        ).decision(0)

    def _advance_one(  # noqa: PLR0917 - to go
        self,
        event: Event,
        number: int,
        cells: Cells,
        hashes: Keys,
        texts: Mapping[str, str | None],
        state: State,
    ) -> tuple[Cells, bool]:
        results: Cells | None = None
        if self.policy.conditions:
            row = self._condition_row
            row[0, : len(cells)] = cells
            self.conditions.fill_row(
                row[0], texts=texts, occurred_at=event.occurred_at, lists=state.lists
            )
            results = self.conditions.run_row(row[0])
        members = self._members
        for s, (types, condition, present) in enumerate(self._streams):
            members[0, s] = (
                types[number]
                and (condition is None or (results is not None and results[condition] == 1.0))
                and (present is None or cells[present] == cells[present])
            )
        for k, parts in enumerate(self._keyspaces):
            if len(parts) == 1:
                self._key[0, 2 * k : 2 * k + 2] = hashes[parts[0]]
            else:
                key = combine([hashes[part : part + 1] for part in parts])
                self._key[0, 2 * k : 2 * k + 2] = key[0]
        for field in self._word_fields:
            word = texts.get(field)
            if word is not None and len(state.words) < TEXTS_KEPT_MAX:
                state.words[float(cells[self.frame.cells.index(field)])] = word
        inputs = cells[self._plan_cells][None, :]
        state.windows.check_range(inputs)
        advanced = state.windows.advance(
            times=np.array([event.occurred_at]), keys=self._key, members=members, cells=inputs
        )
        return advanced.values[0], bool(advanced.late[0])

    def decide_columns(self, columns: EventColumns, state: State) -> Iterator[DecisionColumns]:
        """Count a batch and decide it; one block of decisions a stretch without list changes."""
        counted = self._counted[columns.types]
        if not counted.all():
            columns = columns.take(np.flatnonzero(counted))
        for part in self._stretches(columns, state):
            if len(part):
                yield self._decide_stretch(part, state)

    def _stretches(self, columns: EventColumns, state: State) -> Iterator[EventColumns]:
        """The batch cut where a list changes; each change is applied where it stands."""
        changes = np.flatnonzero(columns.types == self._type_numbers[LIST_CHANGE])
        start = 0
        for at in changes.tolist():
            if at > start:
                yield columns.take(np.arange(start, at))
            (change,) = columns.take(np.array([at])).to_events()
            self._change_list(change, state)
            start = at + 1
        yield columns if start == 0 else columns.take(np.arange(start, len(columns)))

    def _change_list(self, event: Event, state: State) -> None:
        if event.values.get("list") in self.policy.scope.lists:
            state.lists.apply(ListChange.of(event.values, occurred_at=event.occurred_at))

    def _decide_stretch(self, columns: EventColumns, state: State) -> DecisionColumns:
        part = self.frame.of_columns(columns)
        advanced = state.windows.advance(**self._window_inputs(columns, part, state))
        decided = np.flatnonzero(self._decided[columns.types])
        whole = len(decided) == len(columns)

        def chosen(array: NDArray[Any]) -> NDArray[Any]:
            return array if whole else array[decided]

        texts = {
            name: series if whole else series.gather(decided) for name, series in part.texts.items()
        }
        occurred_at = chosen(part.occurred_at)
        cells, features = chosen(part.cells), chosen(advanced.values)
        rows = np.empty((len(decided), self.program.width))
        width = cells.shape[1]
        rows[:, :width] = cells
        rows[:, width : width + features.shape[1]] = features
        self.program.fill_columns(
            rows,
            texts={name: texts[name] for name in self.program.texts},
            occurred_at=occurred_at,
            lists=state.lists,
        )
        results = np.empty((len(decided), len(self.program.names)))
        self.program.run_columns(rows, results)
        types = chosen(columns.types)
        names = columns.catalogue.type_names
        return DecisionColumns(
            engine=self,
            state=state,
            ids=columns.ids if whole else columns.ids.gather(decided),
            types=[names[number] for number in types.tolist()],
            occurred_at=occurred_at,
            cells=cells,
            features=features,
            results=results,
            texts=texts,
            late=chosen(advanced.late),
            judged=self._judge(results, types.astype(np.int64)),
        )

    def _window_inputs(
        self, columns: EventColumns, part: Slice, state: State
    ) -> dict[str, NDArray[Any]]:
        count = len(columns)
        results: Cells | None = None
        if self.policy.conditions:
            rows = np.empty((count, self.conditions.width))
            rows[:, : part.cells.shape[1]] = part.cells
            self.conditions.fill_columns(
                rows,
                texts={name: part.texts[name] for name in self.conditions.texts},
                occurred_at=part.occurred_at,
                lists=state.lists,
            )
            results = np.empty((count, len(self.conditions.names)))
            self.conditions.run_columns(rows, results)
        members = np.zeros((count, len(self._streams)), dtype=np.uint8)
        for s, (types, condition, present) in enumerate(self._streams):
            member = types[columns.types]
            if condition is not None and results is not None:
                member = member & (results[:, condition] == 1.0)
            if present is not None:
                member = member & ~np.isnan(part.cells[:, present])
            members[:, s] = member
        keys = np.empty((count, 2 * len(self._keyspaces)), dtype=np.uint64)
        for k, keyspace in enumerate(self.plan.keyspaces):
            keys[:, 2 * k : 2 * k + 2] = combine([part.hashes[name] for name in keyspace])
        self._keep_words(part, state)
        inputs = part.cells[:, self._plan_cells]
        state.windows.check_range(inputs)
        return {"times": part.occurred_at, "keys": keys, "members": members, "cells": inputs}

    def _keep_words(self, part: Slice, state: State) -> None:
        for field in self._word_fields:
            cells = part.cells[:, self.frame.cells.index(field)]
            _, first = np.unique(cells, return_index=True)
            words = part.texts[field]
            for index in sorted(first.tolist()):
                word = words[index]
                if word is not None and len(state.words) < TEXTS_KEPT_MAX:
                    state.words[float(cells[index])] = str(word)

    def _judge(self, results: Cells, types: NDArray[np.int64]) -> Judged:
        count = len(results)
        verdicts = np.empty((count, len(self.policy.rules)), dtype=np.uint8)
        points = np.empty(count)
        ranks = np.full(count, len(self.policy.outcomes.order) - 1, dtype=np.int64)
        verdict.judge(
            results, types, self._columns, self._applicable, self._points, self._ranks,
            self._unknown_ranks, self._thresholds, self._threshold_ranks, verdicts, points, ranks,
        )  # fmt: skip
        return Judged(verdicts, points, ranks)


def _rule_name(rule: Rule) -> str:
    return f"rule:{rule.id}"


def _unknown_outcome(rule: Rule, policy: Policy) -> str | None:
    if rule.unknown == "record":
        return None
    return rule.unknown or policy.unknown


def _named_expressions(policy: Policy) -> Iterator[tuple[str, Expression]]:
    """Everything the main program computes, in the order in which it may be used."""
    yield from policy.derived.items()
    for card in policy.scorecards:
        yield from card.expressions()
    for table in policy.tables:
        for name, output in table.outputs.items():
            yield f"{table.id}.{name}", output
    for rule in policy.rules:
        yield _rule_name(rule), rule.when
