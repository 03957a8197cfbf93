"""From numbers back to words: the values that were seen, the hits, the sentences."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from fengkong.decisions.decision import BilingualText, Decision, Hit, Observed, Unknown
from fengkong.decisions.layout import Layout
from fengkong.decisions.policy import ENVELOPE_KINDS, Rule, expression_kind
from fengkong.rules.expressions import Expression
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState
from fengkong.rules.observations import Look, looks
from fengkong.rules.reasons import Writer

Value = float | bool | str | None
NO_REASON: Final = BilingualText(zh="", en="")
SEPARATORS: Final = {"zh": "；", "en": "; "}


class Source(Enum):
    """Where the value of a name is found."""

    ROW = auto()
    """A cell of the frame or a window feature."""
    RESULT = auto()
    """A result of the program."""
    TEXT = auto()
    """The characters of a field."""
    WORD = auto()
    """A window feature that is the cell of a word."""
    EVALUATED = auto()
    """A computed text: the program only knows its hash."""


_TEXT, _EVALUATED, _RESULT, _WORD = Source.TEXT, Source.EVALUATED, Source.RESULT, Source.WORD


class Reader(NamedTuple):
    """How one name is read."""

    name: str
    source: Source
    position: int
    boolean: bool = False
    expression: Expression | None = None


class Seen(NamedTuple):
    """What a policy saw of one event.

    `row` are the cells of the frame and the window features, `results` what the program computed
    from them (conditions of rules may be left out), `texts` the fields that are texts.
    """

    row: Sequence[float]
    results: Sequence[float]
    texts: Mapping[str, Any]
    words: Mapping[float, str]
    lists: ListState
    occurred_at: int


class Verdict(NamedTuple):
    """How one event was judged: rule r hit is the mark r, unknown is -1 - r."""

    points: float
    rank: int
    marks: Sequence[int]
    late: bool


class _Glance(NamedTuple):
    """A comparison; with the name it looks at and its limits by date, if that is all there is.

    The limit at an instant is that of the last start before it, the first before all starts.
    """

    look: Look
    name: str | None
    money: bool
    starts: tuple[int, ...]
    limits: tuple[Any, ...]


class Explainer:
    """Explains decisions of one policy."""

    def __init__(self, layout: Layout) -> None:
        policy = layout.policy
        self.policy = policy
        self.layout = layout
        self._first_feature = len(layout.frame.cells)
        self._end_feature = self._first_feature + len(layout.plan.names)
        self._readers = {reader.name: reader for reader in self._all_readers()}
        self._rule_readers = [self.readers(_shown(rule)) for rule in policy.rules]
        names, self._scale = policy.scope.names, float(policy.scope.scale)
        writer = Writer(policy.scope)
        self.sentences = [
            None if rule.reason is None else writer.sentences(rule.reason) for rule in policy.rules
        ]
        self._glances = [[self._glance(look) for look in looks(r.when)] for r in policy.rules]
        self._windows = layout.plan.names
        windows = [self._readers[name] for name in self._windows]
        plain = [r for r in windows if r.source is Source.ROW and names[r.name] is Kind.MONEY]
        self._money = [reader.name for reader in plain]
        self._booleans = [reader.name for reader in windows if reader.boolean]
        self._worded = [reader for reader in windows if reader.source is Source.WORD]
        self._derived = self.readers(policy.derived)
        self._derived_names = tuple(policy.derived)
        self._derived_money = [n for n in policy.derived if names[n] is Kind.MONEY]

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
        row = seen.row
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
            cell = seen.results[position] if source is _RESULT else row[position]
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
                yield Reader(name, Source.TEXT, 0)
            else:
                yield Reader(name, Source.ROW, position, self._is_boolean_cell(name))
        for name in layout.frame.texts:
            if name not in layout.frame.cells:
                yield Reader(name, Source.TEXT, 0)
        for position, name in enumerate(layout.plan.names, self._first_feature):
            source = Source.WORD if name in layout.word_features else Source.ROW
            yield Reader(name, source, position, scope.names.get(name) is Kind.BOOLEAN)
        for position, (name, expression) in enumerate(layout.named.items()):
            if position >= layout.computed:
                return
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
        if verdict.marks:
            hits = tuple([self._hit(mark, seen) for mark in verdict.marks if mark >= 0])
            unknowns = tuple([self._unknown(-1 - m, seen) for m in verdict.marks if m < 0])
            reasons = _joined(hits)
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
        )

    def _features(self, seen: Seen) -> dict[str, Value]:
        """The features as people read them: money in major units, None missing."""
        cells = seen.row[self._first_feature : self._end_feature]
        features: dict[str, Value] = {
            name: cell if cell == cell else None  # noqa: PLR0124 - NaN
            for name, cell in zip(self._windows, cells, strict=True)
        }
        self._rescale(features, self._money)
        for name in self._booleans:
            if features[name] is not None:
                features[name] = bool(features[name])
        for name, _, position, _, _ in self._worded:
            features[name] = seen.words.get(seen.row[position])
        if self._derived_names:
            derived = self.values(seen, self._derived)
            self._rescale(derived, self._derived_money)
            for name in self._derived_names:
                features[name] = derived[name]
        return features

    def _rescale(self, values: dict[str, Value], names: Iterable[str]) -> None:
        for name in names:
            value = values[name]
            if isinstance(value, float):
                values[name] = value / self._scale

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
                value = value / self._scale if money else value
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

    def _unknown(self, number: int, seen: Seen) -> Unknown:
        rule = self.policy.rules[number]
        values = self.values(seen, self._rule_readers[number])
        missing = sorted(name for name in rule.when.names if values.get(name) is None)
        return Unknown(rule=rule.id, missing=tuple(missing))

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
        return value / self._scale if isinstance(value, float | int) else value


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
