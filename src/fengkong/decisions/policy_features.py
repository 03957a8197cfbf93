"""The features of a policy file, and the scorecards and tables that build on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from fengkong.decisions.model_inputs import Names
from fengkong.decisions.policy import ENVELOPE_KINDS, LIST_CHANGED, RECORDED_ONLY, expression_kind
from fengkong.decisions.policy_models import check_models, read_challengers, read_models
from fengkong.decisions.reading import InvalidPolicyError, Reading
from fengkong.events.catalogue import TEXT_LIKE, Catalogue, EventType
from fengkong.features.declarations import (
    Aggregate,
    WindowFeature,
    is_window_declaration,
    parse_feature,
)
from fengkong.features.plan import check_features, result_kind
from fengkong.links.declarations import (
    LinkFeature,
    Measure,
    is_link_declaration,
    parse_link_feature,
)
from fengkong.links.plan import check_link_features
from fengkong.links.state import LinkLimits
from fengkong.rules.expressions import Expression, parse, parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import Name, OnList, TextFunction, walk
from fengkong.rules.origins import Origin
from fengkong.rules.scope import Scope
from fengkong.rules.scorecards import Scorecard, parse_scorecard
from fengkong.rules.tables import DecisionTable, parse_table
from fengkong.scoring.challengers import Challenger
from fengkong.scoring.model import Model
from fengkong.scoring.store import ModelStore

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
_OF_THE_EVENT: Final = frozenset(
    {Aggregate.SHARE, Aggregate.SEEN_BEFORE, Aggregate.DISTANCE, Aggregate.SPEED}
)
"""Aggregates that compare the window with the event's own value."""


@dataclass(slots=True)
class Features:
    """What a policy computes before its rules.

    `needed` are the fields that an event must have for a feature to be known of it.
    """

    windows: list[WindowFeature] = field(default_factory=list)
    links: list[LinkFeature] = field(default_factory=list)
    conditions: dict[str, Expression] = field(default_factory=dict)
    derived: dict[str, Expression] = field(default_factory=dict)
    scorecards: list[Scorecard] = field(default_factory=list)
    tables: list[DecisionTable] = field(default_factory=list)
    needed: dict[str, frozenset[str]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    challengers: dict[str, Challenger] = field(default_factory=dict)

    def fields_of(self, expression: Expression, *, catalogue: Catalogue) -> frozenset[str]:
        """The fields that an event must have for an expression to apply to it."""
        needed: set[str] = set()
        for name in _with_inputs(expression.names, self.models):
            needed |= self.needed.get(name, frozenset())
            if name in catalogue.fields:
                needed.add(name)
        return frozenset(needed)

    @property
    def computed(self) -> frozenset[str]:
        """Names whose values are computed, so that their characters are not at hand."""
        outputs = {f"{table.id}.{name}" for table in self.tables for name in table.outputs}
        counted = {one.name for one in self.windows} | {one.name for one in self.links}
        return frozenset(counted | self.models.keys() | set(self.derived) | outputs)


def _with_inputs(names: Iterable[str], models: Mapping[str, Model]) -> Iterable[str]:
    """Names, and what the models among them are fed with."""
    for name in names:
        yield name
        if name in models:
            yield from (one.name for one in models[name].inputs)


def field_kinds(types: Iterable[EventType], *, catalogue: Catalogue) -> dict[str, Kind]:
    """The kinds that expressions may use of some event types; truths known later are left out."""
    fields = catalogue.fields
    kinds = all_kinds(types, catalogue=catalogue)
    return {n: kind for n, kind in kinds.items() if n not in fields or not fields[n].label}


def all_kinds(types: Iterable[EventType], *, catalogue: Catalogue) -> dict[str, Kind]:
    """The kinds of all fields of some event types, truths included."""
    kinds: dict[str, Kind] = dict(ENVELOPE_KINDS)
    for name in sorted({name for event in types for name in event.fields}):
        kind = expression_kind(catalogue.fields[name].kind)
        if kind is not None:
            kinds[name] = kind
    return kinds


class FeatureReader:
    """Reads features, scorecards and tables in the order in which they may use each other."""

    def __init__(
        self,
        reading: Reading,
        *,
        types: tuple[EventType, ...],
        catalogue: Catalogue,
        scope: Scope,
        store: ModelStore | None,
        link_limits: LinkLimits,
    ) -> None:
        self.reading = reading
        self.link_limits = link_limits
        self.store = store
        self.types = types
        self.catalogue = catalogue
        self.scope = scope
        """Grows with every name that is read."""
        self.features = Features()

    def read(self, top: Mapping[str, object]) -> Features:
        """The features of a document; `scope` then has all their names."""
        declarations = self._declarations(top)
        for name, text in declarations.items():
            if is_link_declaration(text):
                self._link(name, text)
            elif is_window_declaration(text):
                self._window(name, text)
        self._name(self._window_kinds())
        self._name({link.name: Kind.NUMBER for link in self.features.links})
        self._models(top)
        for name, text in declarations.items():
            if not (is_link_declaration(text) or is_window_declaration(text)):
                self._derived(name, text)
        features = self.features
        check_models(self.reading, features.models, features.challengers, names=self._names())
        for index, data in enumerate(self.reading.items(top.get("scorecards"), "scorecards")):
            self._scorecard(data, index)
        for index, data in enumerate(self.reading.items(top.get("tables"), "tables")):
            self._table(data, index)
        return self.features

    def _name(self, kinds: Mapping[str, Kind]) -> None:
        self.scope = self.scope.with_names(kinds)

    def _new(self, names: Iterable[str], *path: str | int) -> bool:
        """Whether names are still free; a fault for each that is not."""
        known = self.scope.names.keys() | self.catalogue.fields.keys()
        taken = [name for name in names if name in known]
        for name in taken:
            self.reading.fault(f"there is already something called {name}", *path)
        return not taken

    def _declarations(self, top: Mapping[str, object]) -> dict[str, str]:
        declarations: dict[str, str] = {}
        reading = self.reading
        for name, text in reading.mapping(top.get("features"), "features").items():
            if not _NAME.fullmatch(name):
                reading.fault(f"{name[:80]!r} is not a name in small letters", "features", name)
            elif name in self.catalogue.fields or name in ENVELOPE_KINDS:
                reading.fault(f"{name} is already the name of a field", "features", name)
            elif not isinstance(text, str):
                reading.fault("expected a declaration such as count() over card", "features", name)
            else:
                declarations[name] = text
                continue
            reading.failed |= {name} - self.catalogue.fields.keys() - ENVELOPE_KINDS.keys()
        return declarations

    # -- windows -----------------------------------------------------------------------------

    def _window(self, name: str, text: str) -> None:
        place = ("features", name)
        feature = self.reading.attempt(partial(parse_feature, text, name=name), *place)
        if feature is None or not self._sound(feature):
            self.reading.failed.add(name)
            return
        self.features.windows.append(feature)
        compared = {feature.argument} if feature.aggregate in _OF_THE_EVENT else set()
        needed = {*feature.over, *(name for name in compared if name is not None)}
        self.features.needed[name] = frozenset(needed)

    def _sound(self, feature: WindowFeature) -> bool:
        """Whether a feature fits the fields, its event types and its condition."""
        reading, place = self.reading, ("features", feature.name)
        before = len(reading.faults)
        counted = self._counted(feature)
        reading.attempt(partial(check_features, [feature], fields=self.catalogue.fields), *place)
        if len(reading.faults) > before:
            return False
        needed = {*feature.over, *([feature.argument] if feature.argument else [])}
        if counted and not any(needed <= event.fields for event in counted):
            names = ", ".join(event.name for event in counted)
            reading.fault(f"no event of {names} has {', '.join(sorted(needed))} together", *place)
        self._condition(feature, counted, delayed=feature.delayed > 0)
        return len(reading.faults) == before

    def _condition(
        self, feature: WindowFeature | LinkFeature, counted: list[EventType], *, delayed: bool
    ) -> None:
        """Note the condition of a feature; it may read a truth when it is told, or delayed."""
        where, place = feature.where, ("features", feature.name)
        if where is None or where in self.features.conditions:
            return
        told = all(event.name in RECORDED_ONLY for event in counted)
        kinds = all_kinds if told or delayed else field_kinds
        inside = self.scope.with_names(kinds(counted, catalogue=self.catalogue))
        origin = self.reading.origin(*place)
        condition = self.reading.attempt(
            partial(parse_condition, where, scope=inside, origin=origin), *place
        )
        if condition is not None:
            self.features.conditions[where] = condition

    # -- links -------------------------------------------------------------------------------

    def _link(self, name: str, text: str) -> None:
        place = ("features", name)
        feature = self.reading.attempt(partial(parse_link_feature, text, name=name), *place)
        if feature is None or not self._sound_link(feature):
            self.reading.failed.add(name)
            return
        self.features.links.append(feature)
        closing = feature.measure is Measure.CYCLE_HOPS
        self.features.needed[name] = frozenset(feature.entities if closing else (feature.over,))

    def _sound_link(self, feature: LinkFeature) -> bool:
        """Whether a link feature fits the fields, its event types and its condition."""
        reading, place = self.reading, ("features", feature.name)
        before = len(reading.faults)
        counted = self._counted(feature)
        reading.attempt(
            partial(check_link_features, [feature], fields=self.catalogue.fields), *place
        )
        if len(reading.faults) > before:
            return False
        pairs = [{feature.entities[0], other} for other in feature.entities[1:]]
        if counted and not any(pair <= event.fields for event in counted for pair in pairs):
            names = ", ".join(event.name for event in counted)
            together = ", ".join(sorted(feature.entities))
            reading.fault(f"no event of {names} has two of {together} to link", *place)
        self._condition(feature, counted, delayed=False)
        return len(reading.faults) == before

    def _counted(self, feature: WindowFeature | LinkFeature) -> list[EventType]:
        """The event types that a feature counts."""
        if feature.event_types is None:
            return list(self.types)
        place = ("features", feature.name)
        found = [
            self.reading.attempt(partial(self.catalogue.event_type, name), *place)
            for name in feature.event_types
        ]
        if LIST_CHANGED in feature.event_types:
            self.reading.fault(f"{LIST_CHANGED} changes lists; it is not counted", *place)
        return [event for event in found if event is not None]

    def _window_kinds(self) -> dict[str, Kind]:
        fields = self.catalogue.fields
        windows = self.features.windows
        kinds = {w.name: expression_kind(result_kind(w, fields=fields)) for w in windows}
        return {name: kind for name, kind in kinds.items() if kind is not None}

    # -- models ------------------------------------------------------------------------------

    def _models(self, top: Mapping[str, object]) -> None:
        """Read the models; what they are fed with may stand further down."""
        models = read_models(self.reading, top.get("models"), store=self.store)
        for name, model in models.items():
            if not _NAME.fullmatch(name):
                self.reading.fault(f"{name[:80]!r} is not a name in small letters", "models", name)
            elif self._new([name], "models", name):
                self.features.models[name] = model
        fields = {name for event in self.types for name in event.fields}
        kept = self.catalogue.fields
        self.features.challengers = read_challengers(
            self.reading,
            top.get("models"),
            models=self.features.models,
            texts=frozenset(n for n in fields if kept[n].kind in TEXT_LIKE and not kept[n].label),
            store=self.store,
        )
        self._name(dict.fromkeys(self.features.models, Kind.PROBABILITY))

    def _names(self) -> Names:
        """Everything that a model may be fed with."""
        features = self.features
        return Names(
            events=tuple(event.name for event in self.types),
            catalogue=self.catalogue,
            scope=self.scope,
            windows={window.name: window for window in features.windows},
            links={link.name: link for link in features.links},
            link_limits=self.link_limits,
            conditions=features.conditions,
            derived=features.derived,
        )

    # -- what is computed from them ----------------------------------------------------------

    def _derived(self, name: str, text: str) -> None:
        place = ("features", name)
        origin = self.reading.origin(*place)
        expression = self.reading.attempt(
            partial(parse, text, scope=self.scope, origin=origin), *place
        )
        if expression is not None and self.readable(expression, origin):
            self.features.derived[name] = expression
            needed = self.features.fields_of(expression, catalogue=self.catalogue)
            self.features.needed[name] = needed
            self._name({name: expression.kind})
        else:
            self.reading.failed.add(name)

    def _scorecard(self, data: object, index: int) -> None:
        place = ("scorecards", index)
        origin = self.reading.origin(*place)
        card = self.reading.attempt(
            partial(parse_scorecard, data, scope=self.scope, origin=origin), *place
        )
        if card is None:
            self._fail(data)
            return
        kinds = {name: expression.kind for name, expression in card.expressions()}
        readable = [self.readable(expression, origin) for _, expression in card.expressions()]
        if self._new(kinds, *place) and all(readable):
            self.features.scorecards.append(card)
            self._name(kinds)

    def _table(self, data: object, index: int) -> None:
        place = ("tables", index)
        origin = self.reading.origin(*place)
        table = self.reading.attempt(
            partial(parse_table, data, scope=self.scope, origin=origin), *place
        )
        if table is None:
            self._fail(data)
            return
        kinds = {f"{table.id}.{name}": output.kind for name, output in table.outputs.items()}
        readable = [self.readable(expression, origin) for _, expression in table.expressions()]
        if self._new(kinds, *place) and all(readable):
            self.features.tables.append(table)
            self._name(kinds)

    def _fail(self, data: object) -> None:
        """Remember what a faulty scorecard or table, and what it gives, would be called."""
        content = data if isinstance(data, dict) else {}
        name = str(content.get("id"))
        parts = [content.get("characteristics"), content.get("rows"), [content]]
        entries = [one for part in parts if isinstance(part, list) for one in part]
        inner: set[str] = set()
        for entry in entries:
            if isinstance(entry, dict):
                given = [entry.get("then"), entry.get("otherwise")]
                inner |= {str(key) for one in given if isinstance(one, dict) for key in one}
                inner.add(str(entry.get("id")))
        self.reading.failed |= {name, *(f"{name}.{one}" for one in inner)}

    def readable(self, expression: Expression, origin: Origin) -> bool:
        """Whether an expression reads the characters of fields only; a fault if it does not."""
        probed = {
            inner.name
            for part in walk(expression.node)
            if isinstance(part, TextFunction | OnList)
            for inner in walk(part)
            if isinstance(inner, Name)
        }
        computed = probed & self.features.computed
        if not computed:
            return True
        message = f"{min(computed)} is computed: compare it, but its characters cannot be read"
        error = InvalidPolicyError(
            message, path=origin.path, source=origin.source, line=origin.line
        )
        self.reading.faults.append(error.fault())
        return False
