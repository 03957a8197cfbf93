"""A draft run over a held history: only what it changes is computed.

Conditions that mean the same as in the live policy keep their verdicts; the others are compiled by
the ordinary compiler and run in columns by the register machine over what is held. A feature that
is not held is counted by the engine's kernel over the held events. The outcome of an event is
judged again only where a verdict or what follows from it may have changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.engine import Engine
from fengkong.decisions.frame import Frame
from fengkong.decisions.layout import Layout, rule_name
from fengkong.decisions.model_cells import model_cells
from fengkong.decisions.policy import Policy, Rule
from fengkong.decisions.verdict import Judge
from fengkong.evaluation.held_history import (
    Cells,
    HeldBatch,
    HeldHistory,
    change_list,
    list_changes,
)
from fengkong.evaluation.judgements import NOT_DECIDED
from fengkong.evaluation.meanings import Meanings
from fengkong.events.columns import EventColumns
from fengkong.rules.expressions import Expression
from fengkong.rules.lists import ListState
from fengkong.rules.program import Program, compile_program

_CHUNK: Final = 65_536
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one rule says of held events: bool[n] each."""

    hits: Mask
    unknowns: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a draft says of every held decided event, batch after batch.

    `ranks` uint8[n]; `verdicts` by rule; `computed` are the rules whose conditions had to be
    evaluated, `fresh` the features that had to be counted.
    """

    policy: Policy
    ranks: NDArray[np.uint8]
    verdicts: Mapping[str, Verdicts]
    computed: tuple[str, ...]
    fresh: tuple[str, ...]


def run_trial(held: HeldHistory, draft: Policy) -> Trial:
    """Run a draft over what is held; raises what its features raise."""
    runner = _Runner(held, draft)
    parts = list(runner.parts())
    names = [rule.id for rule in draft.rules]
    return Trial(
        policy=draft,
        ranks=np.concatenate([ranks for ranks, _ in parts]) if parts else np.empty(0, np.uint8),
        verdicts={
            name: Verdicts(
                np.concatenate([found[name].hits for _, found in parts] or [np.empty(0, bool)]),
                np.concatenate([found[name].unknowns for _, found in parts] or [np.empty(0, bool)]),
            )
            for name in names
        },
        computed=tuple(rule.id for rule in runner.changed),
        fresh=runner.fresh,
    )


class _Runner:
    """One draft against one held history."""

    def __init__(self, held: HeldHistory, draft: Policy) -> None:
        self._held = held
        self._draft = draft
        self._live = held.policy
        self._layout = Layout(draft)
        mine, theirs = Meanings(self._layout), held.meanings
        before = {theirs.of_condition(rule): i for i, rule in enumerate(self._live.rules)}
        self._kept = {
            rule.id: before[mine.of_condition(rule)]
            for rule in draft.rules
            if mine.of_condition(rule) in before
        }
        self.changed = [rule for rule in draft.rules if rule.id not in self._kept]
        self._evaluation = _Evaluation(self._layout, self.changed)
        supplied = held.batches[0].values.keys() if held.batches else ()
        self._as_held = {
            name
            for name in self._evaluation.supplied
            if name in supplied and mine.of_name(name) == theirs.of_name(name)
        }
        self.fresh = tuple(sorted(self._evaluation.supplied - self._as_held))
        self._counting = _Counting(draft, self.fresh) if self.fresh else None
        self._judge = Judge(draft, program=self._layout.program)
        self._same_events = set(draft.events) == set(self._live.events)
        self._gone = self._rules_gone()

    def parts(self) -> Iterator[tuple[NDArray[np.uint8], dict[str, Verdicts]]]:
        """Ranks and verdicts, a batch at a time."""
        lists = _lists_for(self._held.lists, self._draft)
        for batch in self._held.batches:
            counted = {} if self._counting is None else self._counting.values(batch)
            values = {name: batch.values[name] for name in self._as_held} | counted
            said = self._evaluation.verdicts(batch, values, lists)
            for rule_id, place in self._kept.items():
                hits, unknowns = (batch.has_bit(b, place) for b in (batch.hits, batch.unknowns))
                said[rule_id] = Verdicts(hits, unknowns)
            yield self._ranks(batch, said), said

    def _ranks(self, batch: HeldBatch, said: Mapping[str, Verdicts]) -> NDArray[np.uint8]:
        """The rank of each event under the draft."""
        if self._judges_all():
            rows = np.arange(len(batch))
        else:
            touched = np.zeros(len(batch), dtype=np.bool_)
            for rule in self._refollowed():
                touched |= said[rule.id].hits | said[rule.id].unknowns
            for place in self._gone:
                touched |= batch.has_bit(batch.hits, place)
                touched |= batch.has_bit(batch.unknowns, place)
            rows = np.flatnonzero(touched)
        ranks = batch.ranks.copy()
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            ranks[part] = self._judged(batch, said, part)
        if not self._same_events:
            undecided = ~self._layout.decided[batch.facts.types]
            ranks[undecided] = NOT_DECIDED
        return ranks

    def _judged(
        self, batch: HeldBatch, said: Mapping[str, Verdicts], rows: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        program = self._layout.program
        results = np.zeros((len(rows), len(program.names)))
        for rule in self._draft.rules:
            column = said[rule.id].hits[rows].astype(np.float64)
            column[said[rule.id].unknowns[rows]] = np.nan
            results[:, program.index(rule_name(rule))] = column
        types = batch.facts.types[rows].astype(np.int64)
        return self._judge.rows(results, types).ranks.astype(np.uint8)

    def _judges_all(self) -> bool:
        """Whether what follows from the same verdicts may be another outcome everywhere."""
        mine, theirs = self._draft, self._live
        return (
            mine.outcomes.order != theirs.outcomes.order
            or dict(mine.outcomes.thresholds) != dict(theirs.outcomes.thresholds)
            or mine.unknown != theirs.unknown
            or not self._same_events
        )

    def _refollowed(self) -> list[Rule]:
        """Rules of the draft whose verdict or whose consequence is not that of the live policy."""
        found = list(self.changed)
        for rule in self._draft.rules:
            if rule.id in self._kept:
                before = self._live.rules[self._kept[rule.id]]
                if _follows(rule) != _follows(before):
                    found.append(rule)
        return found

    def _rules_gone(self) -> list[int]:
        """Rules of the live policy that no rule of the draft took the verdict of."""
        taken = set(self._kept.values())
        return [i for i in range(len(self._live.rules)) if i not in taken]


def _follows(rule: Rule) -> tuple[object, ...]:
    return (rule.outcome, rule.points, rule.unknown)


def _lists_for(before: ListState, draft: Policy) -> ListState:
    """The lists before the first held event, for a policy that may declare others."""
    saved = before.save()
    lists = {name: saved["lists"].get(name, {}) for name in draft.scope.lists}
    return ListState.restore({"version": saved["version"], "lists": lists})


class _Evaluation:
    """The conditions of some rules of a policy, compiled over what is held."""

    def __init__(self, layout: Layout, rules: list[Rule]) -> None:
        self._layout = layout
        self._policy = layout.policy
        self._rules = rules
        named = _needed(layout, rules)
        read = {name for expression in named.values() for name in expression.names}
        supplied = {*layout.counted_names, *model_cells(self._policy)}
        self.supplied = read & supplied
        """Windows, links and models that the conditions read."""
        self._lists = {name for expression in named.values() for name in expression.lists}
        names = read - supplied - named.keys()
        cells = sorted(names)
        self._order = sorted(self.supplied)
        self._program: Program = compile_program(list(named.items()), frame=[*cells, *self._order])
        self._frame = Frame(
            cells=cells,
            hashed=[name for name in cells if layout.is_text(name)],
            texts=sorted(set(self._program.texts)),
            catalogue=self._policy.catalogue,
            currency=self._policy.scope.currency,
            rates=self._policy.rates,
        )
        self._fields = {*cells, *self._program.texts}

    def verdicts(
        self, batch: HeldBatch, values: Mapping[str, Cells], lists: ListState
    ) -> dict[str, Verdicts]:
        """What each of the rules says; the lists are brought to the end of the batch."""
        if not self._rules:
            return {}
        results = np.empty((len(batch), len(self._program.names)))
        columns = _only(batch.columns, self._fields)
        for events, rows in self._stretches(batch, lists):
            self._run(columns.take(events), rows, values=values, lists=lists, out=results)
        types = batch.facts.types
        said: dict[str, Verdicts] = {}
        for rule in self._rules:
            applies = self._layout.type_mask(rule.types)[types]
            column = results[:, self._program.index(rule_name(rule))]
            said[rule.id] = Verdicts(applies & (column == 1.0), applies & np.isnan(column))
        return said

    def _stretches(
        self, batch: HeldBatch, lists: ListState
    ) -> Iterator[tuple[NDArray[np.int64], slice]]:
        """Events between changes of the lists that are read, and their rows."""
        start = 0
        if self._lists:
            for at in list_changes(batch.columns).tolist():
                end = int(np.searchsorted(batch.decided, at))
                yield from _pieces(batch, start, end)
                start = end
                change_list(lists, batch.columns, at, policy=self._policy)
        yield from _pieces(batch, start, len(batch))

    def _run(
        self,
        events: EventColumns,
        rows: slice,
        *,
        values: Mapping[str, Cells],
        lists: ListState,
        out: Cells,
    ) -> None:
        frame = self._frame.of_columns(events)
        width = frame.cells.shape[1]
        filled = np.empty((len(events), self._program.width))
        filled[:, :width] = frame.cells
        for place, name in enumerate(self._order, width):
            filled[:, place] = values[name][rows]
        self._program.fill_columns(
            filled,
            texts={name: frame.texts[name] for name in self._program.texts},
            occurred_at=frame.occurred_at,
            lists=lists,
        )
        part = np.empty((len(events), out.shape[1]))
        self._program.run_columns(filled, part)
        out[rows] = part


def _pieces(batch: HeldBatch, start: int, end: int) -> Iterator[tuple[NDArray[np.int64], slice]]:
    for first in range(start, end, _CHUNK):
        rows = slice(first, min(first + _CHUNK, end))
        yield batch.decided[rows], rows


def _needed(layout: Layout, rules: list[Rule]) -> dict[str, Expression]:
    """The expressions that some conditions need, in the order in which they may be computed."""
    wanted = {rule_name(rule) for rule in rules}
    for name in reversed(layout.named):
        if name in wanted:
            wanted |= layout.named[name].names
    return {name: one for name, one in layout.named.items() if name in wanted}


def _only(columns: EventColumns, names: set[str]) -> EventColumns:
    """The same events with the fields that are read."""
    kept = {name: column for name, column in columns.values.items() if name in names}
    return replace(columns, values=kept)


class _Counting:
    """Features that are not held, counted by the engine over the held events."""

    def __init__(self, draft: Policy, names: tuple[str, ...]) -> None:
        wanted = set(names)
        modelled = wanted & set(model_cells(draft))
        policy = replace(draft, rules=(), tables=(), scorecards=())
        if not modelled:
            policy = replace(
                policy,
                windows=tuple(one for one in draft.windows if one.name in wanted),
                links=tuple(one for one in draft.links if one.name in wanted),
                derived={},
                models={},
                challengers={},
            )
        if not any(one.lists for one in policy.conditions.values()) and not modelled:
            policy = replace(policy, scope=replace(policy.scope, lists={}))
        self._engine = Engine(policy)
        self._state = self._engine.new_state()
        layout = self._engine.layout
        order = [*layout.frame.cells, *layout.counted_names, *model_cells(policy)]
        self._places = {name: order.index(name) for name in names}

    def values(self, batch: HeldBatch) -> dict[str, Cells]:
        """Each feature as float64[n] for the decided events of a batch."""
        columns = batch.columns
        rows = np.flatnonzero(self._engine.layout.decided[columns.types])
        blocks = [one for one in self._engine.decide_columns(columns, self._state) if len(one)]
        found: dict[str, Cells] = {}
        for name, place in self._places.items():
            whole = np.full(len(columns), np.nan)
            if blocks:
                whole[rows] = np.concatenate([block.rows[:, place] for block in blocks])
            found[name] = whole[batch.decided]
        return found
