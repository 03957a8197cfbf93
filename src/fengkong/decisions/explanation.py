"""From numbers back to words: the values that were seen, the hits, the sentences."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import UNSET, UnsetType

from fengkong.decisions.decision import BilingualText, Decision, Hit, Observed, Scored, Unknown
from fengkong.decisions.layout import Layout
from fengkong.decisions.model_reasons import ModelReasons
from fengkong.decisions.policy import ENVELOPE_KINDS, Rule, expression_kind
from fengkong.decisions.seen import Reader, Seen, Source, Value, Verdict
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.observations import Look, looks
from fengkong.rules.reasons import Writer

UNKNOWNS_MAX: Final = 256
"""Sets of unknown rules, and of missing cells for each, that are remembered."""
_NOWHERE: Final = -1
"""The position of a text that has no cell."""
NO_REASON: Final = BilingualText(zh="", en="")
SEPARATORS: Final = {"zh": "；", "en": "; "}


_TEXT, _EVALUATED, _WORD = Source.TEXT, Source.EVALUATED, Source.WORD


class _Glance(NamedTuple):
    """A comparison; with the name it looks at and its limits by date, if that is all there is.

    The limit at an instant is that of the last start before it, the first before all starts.
    """

    look: Look
    name: str | None
    money: bool
    starts: tuple[int, ...]
    limits: tuple[Any, ...]


class _UnknownPlan(NamedTuple):
    """For some unknown rules the cells they need, and what was said when some were missing.

    Without cells what is missing is more than a matter of cells.
    """

    cells: tuple[int, ...] | None
    known: dict[tuple[bool, ...], tuple[Unknown, ...]]


class Explainer:
    """Explains decisions of one policy."""

    def __init__(self, layout: Layout) -> None:
        policy = layout.policy
        self.policy = policy
        self.layout = layout
        self._readers = {reader.name: reader for reader in self._all_readers()}
        self._rule_readers = [self.readers(_shown(rule)) for rule in policy.rules]
        names, self.scale = policy.scope.names, float(policy.scope.scale)
        writer = Writer(policy.scope)
        self.sentences = [
            None if rule.reason is None else writer.sentences(rule.reason) for rule in policy.rules
        ]
        self._glances = [[self._glance(look) for look in looks(r.when)] for r in policy.rules]
        shown = [self._readers[name] for name in (*layout.counted_names, *policy.derived)]
        self.shown = tuple([(reader.name, reader.position) for reader in shown])
        """The features in every decision, each with the position of its cell."""
        plain = [r for r in shown if r.source in (Source.ROW, Source.RESULT)]
        self.money = [reader.name for reader in plain if names[reader.name] is Kind.MONEY]
        self.booleans = [reader.name for reader in plain if reader.boolean]
        worded = [reader.name for reader in shown if reader not in plain]
        self.worded = {name: self.readers([name]) for name in worded}
        """The features among them that are more than their cell, and what each needs."""
        self._unknowns: dict[tuple[int, ...], _UnknownPlan] = {}
        self._models = ModelReasons(self) if policy.models else None

    # -- values ------------------------------------------------------------------------------

    def reader(self, name: str) -> Reader:
        """How a name is read."""
        return self._readers[name]

    def readers(self, names: Iterable[str]) -> tuple[Reader, ...]:
        """How some names are read, with the names that computed texts among them need."""
        wanted: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            reader = self._readers.get(name)
            if reader is None or name in wanted:
                continue
            wanted.add(name)
            if reader.expression is not None:
                pending.extend(reader.expression.names)
        return tuple(reader for name, reader in self._readers.items() if name in wanted)

    def values(self, seen: Seen, readers: Iterable[Reader] | None = None) -> dict[str, Value]:
        """The values of names as events hold them, money in minor units; without readers all."""
        values: dict[str, Value] = {}
        chosen = self._readers.values() if readers is None else readers
        cells = seen.cells
        for name, source, position, boolean, expression in chosen:
            if source is _TEXT:
                text = seen.texts.get(name)
                values[name] = None if text is None else str(text)
                continue
            if source is _EVALUATED:
                assert expression is not None, "an evaluated name has its expression"
                moment = Moment(values, seen.occurred_at, seen.lists)
                values[name] = evaluate(expression, moment=moment)
                continue
            cell = cells[position]
            if cell != cell:  # noqa: PLR0124 - NaN
                values[name] = None
            elif boolean:
                values[name] = bool(cell)
            else:
                values[name] = seen.words.get(cell) if source is _WORD else cell
        return values

    def _all_readers(self) -> Iterable[Reader]:
        layout, scope = self.layout, self.policy.scope
        for position, name in enumerate(layout.frame.cells):
            if layout.is_text(name):
                yield Reader(name, Source.TEXT, position)
            else:
                yield Reader(name, Source.ROW, position, self._is_boolean_cell(name))
        for name in layout.frame.texts:
            if name not in layout.frame.cells:
                yield Reader(name, Source.TEXT, _NOWHERE)
        for position, name in enumerate(layout.counted_names, len(layout.frame.cells)):
            source = Source.WORD if name in layout.word_features else Source.ROW
            yield Reader(name, source, position, scope.names.get(name) is Kind.BOOLEAN)
        for position, name in enumerate(self.policy.models, layout.models_at):
            yield Reader(name, Source.ROW, position)
        computed = list(layout.named.items())[: layout.computed]
        for position, (name, expression) in enumerate(computed, layout.seen):
            if expression.kind is Kind.TEXT:
                yield Reader(name, Source.EVALUATED, position, expression=expression)
            else:
                yield Reader(name, Source.RESULT, position, expression.kind is Kind.BOOLEAN)

    def _is_boolean_cell(self, name: str) -> bool:
        fields = self.policy.catalogue.fields
        if name in ENVELOPE_KINDS or name not in fields:
            return False
        return expression_kind(fields[name].kind) is Kind.BOOLEAN

    # -- decisions ---------------------------------------------------------------------------

    def decision(self, seen: Seen, verdict: Verdict, *, event_id: str, event_type: str) -> Decision:
        """The decision in words."""
        policy = self.policy
        hits: tuple[Hit, ...] = ()
        unknowns: tuple[Unknown, ...] = ()
        reasons = NO_REASON
        hit = [mark for mark in verdict.marks if mark >= 0]
        if verdict.marks:
            hits, reasons = self.hits(hit, seen)
            unknown = tuple([-1 - mark for mark in verdict.marks if mark < 0])
            unknowns = self.unknowns(unknown, seen) if unknown else ()
        return Decision(
            event_id=event_id,
            event_type=event_type,
            occurred_at=seen.occurred_at,
            outcome=policy.outcomes.order[verdict.rank],
            points=verdict.points,
            hits=hits,
            unknowns=unknowns,
            features=self._features(seen),
            reasons=reasons,
            late=verdict.late,
            policy=policy.name,
            policy_version=policy.version,
            policy_hash=policy.hash,
            models=self.scored(seen, hit),
        )

    def scored(self, seen: Seen, hits: Sequence[int]) -> tuple[Scored, ...] | UnsetType:
        """What is said of the models where some rules hit; unset if the policy has none."""
        return UNSET if self._models is None else self._models.scored(seen, hits)

    def models(self, seen: Seen) -> tuple[Scored, ...]:
        """What every model said, with its main contributions."""
        return () if self._models is None else self._models.explained(seen)

    def _features(self, seen: Seen) -> dict[str, Value]:
        """The features as people read them: money in major units, None missing."""
        cells, scale = seen.cells, self.scale
        features: dict[str, Any] = {
            name: cell if (cell := cells[at]) == cell else None for name, at in self.shown
        }
        for name in self.money:
            value = features[name]
            if value is not None:
                features[name] = value / scale
        for name in self.booleans:
            value = features[name]
            if value is not None:
                features[name] = bool(value)
        for name, readers in self.worded.items():
            features[name] = self.values(seen, readers)[name]
        return features

    def hits(self, numbers: Sequence[int], seen: Seen) -> tuple[tuple[Hit, ...], BilingualText]:
        """What is said of the rules that hit, and their reasons together."""
        hits = tuple([self._hit(number, seen) for number in numbers])
        return hits, _joined(hits)

    def _hit(self, number: int, seen: Seen) -> Hit:
        rule = self.policy.rules[number]
        values = self.values(seen, self._rule_readers[number])
        sentences, reason = self.sentences[number], None
        if sentences is not None:
            zh, en = sentences.write(values, occurred_at=seen.occurred_at)
            reason = BilingualText(zh, en)
        observed: list[Observed] = []
        for look, name, money, starts, limits in self._glances[number]:
            if name is None:
                observed.append(self._observe(look, values, seen))
                continue
            value = values[name]
            limit = limits[bisect_right(starts, seen.occurred_at)] if starts else limits[0]
            if type(value) is float:
                value = value / self.scale if money else value
                value = value if math.isfinite(value) else None
            observed.append(
                Observed(
                    name=look.name,
                    value=value,
                    operator=look.operator,
                    limit=limit,
                    limit_source=look.limit_source,
                )
            )
        return Hit(
            rule=rule.id,
            outcome=rule.outcome,
            points=rule.points,
            reason=reason,
            observed=tuple(observed),
            techniques=rule.techniques,
        )

    def unknowns(self, numbers: tuple[int, ...], seen: Seen) -> tuple[Unknown, ...]:
        """What is said of some rules that could not be known.

        The same rules with the same cells missing come again and again, so this is remembered.
        """
        plan = self._plan(numbers)
        if plan.cells is None:
            return tuple([self._unknown(number, seen) for number in numbers])
        cells = seen.cells
        missing = tuple([(cell := cells[at]) != cell for at in plan.cells])
        found = plan.known.get(missing)
        if found is None:
            if len(plan.known) >= UNKNOWNS_MAX:
                plan.known.clear()
            found = tuple([self._unknown(number, seen) for number in numbers])
            plan.known[missing] = found
        return found

    @property
    def cells_needed(self) -> list[int]:
        """The cells that rules need, whichever of them are unknown."""
        needs = map(self._needed, self.policy.rules)
        return sorted({at for need in needs for at in need or ()})

    def unknown_by_cells(self, numbers: tuple[int, ...]) -> bool:
        """Whether the cells that are missing say all that `unknowns` says of some rules."""
        return self._plan(numbers).cells is not None

    def _plan(self, numbers: tuple[int, ...]) -> _UnknownPlan:
        """How it is found what is said of some unknown rules, which is then remembered."""
        plan = self._unknowns.get(numbers)
        if plan is None:
            if len(self._unknowns) >= UNKNOWNS_MAX:
                self._unknowns.clear()
            plan = self._unknowns[numbers] = self._plan_unknown(numbers)
        return plan

    def _plan_unknown(self, numbers: tuple[int, ...]) -> _UnknownPlan:
        needs = [self._needed(self.policy.rules[number]) for number in numbers]
        if any(need is None for need in needs):
            return _UnknownPlan(None, {})
        cells = sorted({at for need in needs for at in need or ()})
        return _UnknownPlan(tuple(cells), {})

    def _unknown(self, number: int, seen: Seen) -> Unknown:
        rule = self.policy.rules[number]
        values = self.values(seen, self._rule_readers[number])
        missing = sorted(name for name in rule.when.names if values.get(name) is None)
        return Unknown(rule=rule.id, missing=tuple(missing))

    def _needed(self, rule: Rule) -> list[int] | None:
        """The cells of the names a rule needs: a name is missing whose cell is.

        None if there is a name of which that cannot be said: a word may be forgotten, and a text
        may have no cell.
        """
        readers = [self._readers.get(name) for name in rule.when.names]
        needed = [
            reader.position
            for reader in readers
            if reader is not None and reader.position != _NOWHERE
            if reader.source in (Source.ROW, Source.RESULT, Source.TEXT)
        ]
        return needed if len(needed) == len(readers) else None

    def _glance(self, look: Look) -> _Glance:
        """What can be said of a comparison beforehand."""
        money = look.subject.kind is Kind.MONEY
        starts, limits = look.dated_limits()
        return _Glance(
            look,
            look.plain_name,
            money,
            starts,
            tuple(map(self._major, limits)) if money else limits,
        )

    def _observe(self, look: Look, values: Mapping[str, Value], seen: Seen) -> Observed:
        """What any other comparison saw."""
        found = look.observe(Moment(values, seen.occurred_at, seen.lists))
        shown: Callable[[Any], Any] = self._major if found.kind is Kind.MONEY else _as_it_is
        return Observed(
            name=found.name,
            value=shown(found.value),
            operator=found.operator,
            limit=shown(found.limit_value),
            limit_source=found.limit_source,
        )

    def _major(self, value: Any) -> Any:
        """Money in major units, alone or several; anything else as it is."""
        if isinstance(value, tuple):
            return tuple(map(self._major, value))
        return value / self.scale if isinstance(value, float | int) else value


def _as_it_is(value: object) -> object:
    return value


def _shown(rule: Rule) -> frozenset[str]:
    """The names that a rule reads or its reason shows."""
    names = rule.when.names
    if rule.reason is not None:
        names = names | rule.reason.zh.names | rule.reason.en.names
    return names


def _joined(hits: Sequence[Hit]) -> BilingualText:
    reasons = [hit.reason for hit in hits if hit.reason is not None]
    return BilingualText(
        zh=SEPARATORS["zh"].join([reason.zh for reason in reasons]),
        en=SEPARATORS["en"].join([reason.en for reason in reasons]),
    )
