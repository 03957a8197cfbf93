"""Where everything of a policy stands: the cells of its frame, its keys, its programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.frame import ENVELOPE_TEXTS, Frame
from fengkong.decisions.model_cells import ModelCells, model_cells, model_fields
from fengkong.decisions.policy import ENVELOPE_KINDS, Policy, Rule
from fengkong.events.catalogue import TEXT_LIKE
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.features.declarations import Aggregate
from fengkong.features.plan import Plan, compile_plan
from fengkong.features.tree import StreamSpec
from fengkong.links.plan import LinkPlan, LinkStream, compile_link_plan
from fengkong.rules.expressions import Expression
from fengkong.rules.program import Program, compile_program

_KEPT: Final = (Aggregate.FIRST, Aggregate.LAST)


class Stream(NamedTuple):
    """Which events a window counts: by type, a condition's result, the presence of a cell."""

    types: NDArray[np.bool_]
    condition: int | None
    present: int | None


class Layout:
    """A policy compiled: positions instead of names.

    The cells of the frame stand in groups: plain values, texts, coordinates, the event's time.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.plan: Plan = compile_plan(
            policy.windows, fields=policy.catalogue.fields, default_types=policy.events
        )
        self.links: LinkPlan = compile_link_plan(
            policy.links, fields=policy.catalogue.fields, default_types=policy.events
        )
        self.named = dict(_named_expressions(policy))
        self.word_fields = self._kept_words()
        self.word_features = frozenset(
            window.name
            for window in policy.windows
            if window.aggregate in _KEPT and window.argument in self.word_fields
        )
        cells = self._cell_names()
        self.conditions: Program = compile_program(list(policy.conditions.items()), frame=cells)
        first = [*cells, *self.counted_names]
        self.program: Program = compile_program(
            list(self.named.items()), frame=[*first, *model_cells(policy)]
        )
        self.models_at = len(first)
        """Where the probabilities of models begin in the program's row."""
        self.models = ModelCells(policy, frame=first) if policy.models else None
        self.frame = Frame(
            cells=cells,
            hashed=self._hashed_names(cells),
            texts=sorted(self._text_names()),
            catalogue=policy.catalogue,
            currency=policy.scope.currency,
            rates=policy.rates,
        )
        self.type_numbers = {name: i for i, name in enumerate(policy.catalogue.type_names)}
        self.counted = self.type_mask(policy.counted_types)
        self.decided = self.type_mask(policy.events)
        self.plan_cells = np.array([cells.index(name) for name in self.plan.cells], dtype=np.int64)
        self.streams = tuple(self._stream(one, one.present) for one in self.plan.streams)
        self.link_cells = np.array([cells.index(name) for name in self.links.cells], dtype=np.int64)
        self.link_streams = tuple(self._stream(one, None) for one in self.links.streams)
        self.word_cells = tuple((name, cells.index(name)) for name in self.word_fields)
        self.seen = len(first) + len(model_cells(policy))
        """How many cells of the program's row are of frame, windows, links, models, the first."""
        self.computed = sum(not name.startswith("rule:") for name in self.named)
        """How many of the program's results, the first ones, are not conditions of rules."""

    @property
    def counted_names(self) -> tuple[str, ...]:
        """Window features, then link features: what stands behind the frame's cells."""
        return (*self.plan.names, *self.links.names)

    def type_mask(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """For each type number whether the type is one of some names."""
        wanted = frozenset(names)
        return np.array([name in wanted for name in self.policy.catalogue.type_names])

    def is_text(self, name: str) -> bool:
        """Whether a name of the frame is a text, whose cell is a hash."""
        fields = self.policy.catalogue.fields
        return name in ENVELOPE_TEXTS or (name in fields and fields[name].kind in TEXT_LIKE)

    def _read_names(self) -> set[str]:
        """All names that expressions read or reasons show."""
        expressions = [*self.policy.conditions.values(), *self.named.values()]
        names = {name for expression in expressions for name in expression.names}
        names |= model_fields(self.policy)
        reasons = [rule.reason for rule in self.policy.rules if rule.reason]
        return names | {name for reason in reasons for name in reason.zh.names | reason.en.names}

    def _cell_names(self) -> list[str]:
        fields = self.policy.catalogue.fields
        names = {n for n in self._read_names() if n in fields or n in ENVELOPE_KINDS}

        def group(name: str) -> int:
            if self.is_text(name):
                return 1
            if name == "occurred_at":
                return 3
            field = fields.get(name.split(".", maxsplit=1)[0])
            return 2 if field is not None and field.kind is FieldKind.PLACE else 0

        names |= {*self.plan.cells, *self.links.cells}
        return sorted(names, key=lambda name: (group(name), name))

    def _kept_words(self) -> tuple[str, ...]:
        """Text fields whose first or last value is a feature."""
        fields = self.policy.catalogue.fields
        kept = {f.argument for f in self.policy.windows if f.aggregate in _KEPT and f.argument}
        return tuple(sorted(name for name in kept if fields[name].kind in TEXT_LIKE))

    def _text_names(self) -> set[str]:
        """Text names whose characters are read or shown."""
        return {name for name in self._read_names() if self.is_text(name)} | set(self.word_fields)

    def _hashed_names(self, cells: list[str]) -> list[str]:
        keys = {name for keyspace in self.plan.keyspaces for name in keyspace}
        keys |= set(self.links.fields)
        return sorted(keys | {name for name in cells if self.is_text(name)})

    def _stream(self, stream: StreamSpec | LinkStream, present: str | None) -> Stream:
        cells = self.frame.cells
        if present is not None and present not in cells:
            present = f"{present}.lat"
        return Stream(
            types=self.type_mask(stream.event_types),
            condition=None if stream.where is None else self.conditions.index(stream.where),
            present=None if present is None else cells.index(present),
        )


def rule_name(rule: Rule) -> str:
    """What a rule's condition is called in the program."""
    return f"rule:{rule.id}"


def _named_expressions(policy: Policy) -> Iterator[tuple[str, Expression]]:
    """Everything the main program computes, in the order in which it may be used."""
    yield from policy.derived.items()
    for card in policy.scorecards:
        yield from card.expressions()
    for table in policy.tables:
        for name, output in table.outputs.items():
            yield f"{table.id}.{name}", output
    for rule in policy.rules:
        yield rule_name(rule), rule.when
