"""Policy files: YAML read strictly, everything checked, all faults reported at once with lines."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar, cast

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.core.instants import parse_duration
from fengkong.core.money import exponent
from fengkong.decisions.policy import (
    ALLOW,
    ENVELOPE_KINDS,
    OUTCOMES,
    RECORDED_ONLY,
    Example,
    Outcomes,
    Policy,
    Rule,
    expression_kind,
)
from fengkong.events.catalogue import Catalogue, EventType, Field
from fengkong.events.documents import Document, Path, load_document, unknown_keys
from fengkong.events.spelling import did_you_mean
from fengkong.features.declarations import WindowFeature, is_window_declaration, parse_feature
from fengkong.features.plan import check_features, result_kind
from fengkong.features.state import Limits
from fengkong.rules.expressions import Expression, parse, parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListDeclaration, parse_list
from fengkong.rules.origins import Origin
from fengkong.rules.parameters import Parameter, parse_parameter
from fengkong.rules.reasons import parse_reason
from fengkong.rules.scope import DEFAULT_TIME_ZONE, Scope
from fengkong.rules.scorecards import Scorecard, parse_scorecard
from fengkong.rules.tables import DecisionTable, parse_table

T = TypeVar("T")

_KEYS: Final = frozenset(
    {"policy", "version", "title", "description", "currency", "time_zone", "events", "features"}
    | {"lists", "parameters", "exchange_rates", "tables", "scorecards", "rules", "outcomes"}
    | {"unknown", "late_after", "limits", "examples"}
)
_RULE_KEYS: Final = frozenset(
    {"id", "when", "outcome", "points", "reason", "unknown", "events", "techniques", "title"}
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
_RULE_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*", re.ASCII)
_RECORD: Final = "record"
_POINTS_MAX: Final = 1_000_000
_RATIO: Final = re.compile(r"ratio\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.ASCII)


class InvalidPolicyError(RiskError):
    """A policy file does not say what a policy must say."""

    code = "policy.invalid"
    hint = "Correct the policy at the line named; nothing was activated."


def load_policy(text: str, *, source: str, catalogue: Catalogue) -> Policy:
    """The policy in a YAML text; all its faults raise one FaultsError with lines."""
    document = load_document(text, source=source)
    reader = _PolicyReader(document=document, catalogue=catalogue)
    policy = reader.policy()
    if reader.faults or policy is None:
        raise FaultsError(reader.faults)
    return policy


class _PolicyReader:
    """Reads one document part by part and collects the faults of all parts."""

    def __init__(self, *, document: Document, catalogue: Catalogue) -> None:
        self.document = document
        self.catalogue = catalogue
        self.faults: list[Fault] = []
        self.top: dict[str, object] = {}

    # -- faults ------------------------------------------------------------------------------

    def fault(self, message: str, *path: str | int) -> None:
        """Note a fault at a place of the document."""
        self.faults.append(self.document.fault(InvalidPolicyError, message, *path))

    def attempt(self, make: Callable[[], T], *path: str | int) -> T | None:
        """The result of a step, or None with its faults noted at their place."""
        try:
            return make()
        except FaultsError as error:
            self.faults += [self._located(fault, path) for fault in error.faults]
        except RiskError as error:
            self.faults.append(self._located(error.fault(), path))
        return None

    def _located(self, fault: Fault, path: Path) -> Fault:
        if fault.line is not None and fault.source is not None:
            return fault
        at = self.document.fault(InvalidPolicyError, fault.message, *path)
        where = at.path if fault.path == "$" else fault.path
        return Fault(
            code=fault.code,
            message=fault.message,
            path=where,
            hint=fault.hint,
            source=at.source,
            line=at.line,
            column=fault.column,
        )

    def origin(self, *path: str | int) -> Origin:
        """Where an expression stands, for its errors."""
        at = self.document.fault(InvalidPolicyError, "", *path)
        line, column = self.document.text_at(*path)
        return Origin(source=at.source, path=at.path, line=line, column=column)

    # -- plain parts -------------------------------------------------------------------------

    def mapping(self, value: object, *path: str | int) -> dict[str, object]:
        """A mapping, empty where the part is missing."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return cast("dict[str, object]", value)
        self.fault("expected a mapping of names", *path)
        return {}

    def items(self, value: object, *path: str | int) -> list[object]:
        """A list, empty where the part is missing."""
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.fault("expected a list", *path)
        return []

    def bilingual(self, value: object, *path: str | int) -> Bilingual | None:
        """A text in both languages, or None where the part is missing."""
        if value is None:
            return None
        if isinstance(value, dict) and set(value) == {"zh", "en"} and all(value.values()):
            return Bilingual(zh=str(value["zh"]), en=str(value["en"]))
        self.fault("expected a text in both languages: {zh: ..., en: ...}", *path)
        return None

    # -- the whole ---------------------------------------------------------------------------

    def policy(self) -> Policy | None:
        """The policy, or None with `faults` filled."""
        if not isinstance(self.document.data, dict):
            self.fault("expected a mapping that starts with `policy: NAME`")
            return None
        self.top = cast("dict[str, object]", self.document.data)
        self.faults += unknown_keys(self.document, self.top, known=_KEYS, path=())
        name, version = self._name(), self._version()
        title = self.bilingual(self.top.get("title"), "title")
        if self.top.get("title") is None:
            self.fault("a policy needs a title: {zh: ..., en: ...}")
        types = self._events()
        scope = self._scope(types)
        windows, conditions = self._windows(types, scope)
        scope = scope.with_names(self._window_kinds(windows))
        derived, scope = self._derived(scope)
        scorecards, scope = self._scorecards(scope)
        tables, scope = self._tables(scope)
        outcomes = self._outcomes()
        limits = self._limits()
        rules = self._rules(scope, types=types, outcomes=outcomes, windows=windows)
        rules = (*rules, *self._table_rules(tables, types, windows=windows))
        self._check_rules(rules)
        if self.faults or name is None or version is None or title is None:
            return None
        return Policy(
            name=name,
            version=version,
            title=title,
            description=self.bilingual(self.top.get("description"), "description"),
            hash=content_hash(self.top),
            catalogue=self.catalogue,
            events=tuple(event.name for event in types),
            windows=windows,
            conditions=conditions,
            derived=derived,
            tables=tables,
            scorecards=scorecards,
            rules=rules,
            outcomes=outcomes,
            unknown=self._unknown(outcomes),
            scope=scope,
            rates=self._rates(scope),
            limits=limits,
            examples=self._examples(),
        )

    def _name(self) -> str | None:
        name = self.top.get("policy")
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
        self.fault("a policy needs a name in small letters: `policy: payments`", "policy")
        return None

    def _version(self) -> int | None:
        version = self.top.get("version")
        if isinstance(version, int) and not isinstance(version, bool) and version > 0:
            return version
        self.fault("a policy needs a version, a whole number from 1", "version")
        return None

    def _events(self) -> tuple[EventType, ...]:
        types: dict[str, EventType] = {}
        for index, name in enumerate(self.items(self.top.get("events"), "events")):
            found = self.attempt(
                lambda name=name: self.catalogue.event_type(str(name)),  # type: ignore[misc]
                "events",
                index,
            )
            if found is not None and found.name not in RECORDED_ONLY:
                types[found.name] = found
        if not types and not self.faults:
            self.fault("a policy needs the event types it decides: `events: [...]`", "events")
        return tuple(types.values())

    # -- names and values --------------------------------------------------------------------

    def _field_kinds(self, types: Iterable[EventType]) -> dict[str, Kind]:
        names = {name for event in types for name in event.fields}
        kinds: dict[str, Kind] = dict(ENVELOPE_KINDS)
        for name in sorted(names):
            kind = expression_kind(self.catalogue.fields[name].kind)
            if kind is not None and not self.catalogue.fields[name].label:
                kinds[name] = kind
        return kinds

    def _scope(self, types: tuple[EventType, ...]) -> Scope:
        currency = str(self.top.get("currency", "CNY"))
        if self.attempt(lambda: exponent(currency), "currency") is None:
            currency = "CNY"
        time_zone = self.top.get("time_zone", DEFAULT_TIME_ZONE)
        lists: dict[str, ListDeclaration] = {}
        for name, data in self.mapping(self.top.get("lists"), "lists").items():
            declared = self.attempt(
                lambda name=name, data=data: parse_list(name, data),  # type: ignore[misc]
                "lists",
                name,
            )
            if declared is not None:
                lists[name] = declared
        parameters = self._parameters("parameters", time_zone=str(time_zone))
        kinds = self._field_kinds(types)
        made = self.attempt(
            lambda: Scope(
                names=kinds,
                parameters=parameters,
                lists=lists,
                currency=currency,
                time_zone=str(time_zone),
            ),
            "time_zone",
        )
        return made or Scope(names=kinds)

    def _parameters(self, part: str, *, time_zone: str) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for name, data in self.mapping(self.top.get(part), part).items():
            origin = self.origin(part)
            parameter = self.attempt(
                lambda name=name, data=data, origin=origin: parse_parameter(  # type: ignore[misc]
                    name, data, time_zone=time_zone, origin=origin
                ),
                part,
                name,
            )
            if parameter is not None:
                parameters[name] = parameter
        return parameters

    def _rates(self, scope: Scope) -> dict[str, Parameter]:
        rates = self._parameters("exchange_rates", time_zone=scope.time_zone)
        for currency, rate in rates.items():
            self.attempt(
                lambda currency=currency: exponent(currency),  # type: ignore[misc]
                "exchange_rates",
                currency,
            )
            if rate.kind is not Kind.NUMBER:
                self.fault("a rate is a number", "exchange_rates", currency)
        return rates

    # -- features ----------------------------------------------------------------------------

    def _declarations(self) -> dict[str, str]:
        declarations: dict[str, str] = {}
        for name, text in self.mapping(self.top.get("features"), "features").items():
            if not _NAME.fullmatch(name):
                self.fault(f"{name!r} is not a name in small letters", "features", name)
            elif name in self.catalogue.fields or name in ENVELOPE_KINDS:
                self.fault(f"{name} is already the name of a field", "features", name)
            elif not isinstance(text, str):
                self.fault("expected a declaration such as count() over card", "features", name)
            else:
                declarations[name] = text
        return declarations

    def _windows(
        self, types: tuple[EventType, ...], scope: Scope
    ) -> tuple[tuple[WindowFeature, ...], dict[str, Expression]]:
        windows: list[WindowFeature] = []
        conditions: dict[str, Expression] = {}
        for name, text in self._declarations().items():
            if not is_window_declaration(text):
                continue
            feature = self.attempt(
                lambda name=name, text=text: parse_feature(text, name=name),  # type: ignore[misc]
                "features",
                name,
            )
            if feature is None or not self._sound(feature, types, scope, conditions):
                continue
            windows.append(feature)
        return tuple(windows), conditions

    def _sound(
        self,
        feature: WindowFeature,
        types: tuple[EventType, ...],
        scope: Scope,
        conditions: dict[str, Expression],
    ) -> bool:
        """Whether a feature fits the fields, its event types and its condition."""
        place = ("features", feature.name)
        before = len(self.faults)
        counted = list(types)
        if feature.event_types is not None:
            found = [
                self.attempt(lambda name=name: self.catalogue.event_type(name), *place)  # type: ignore[misc]
                for name in feature.event_types
            ]
            counted = [event for event in found if event is not None]
        self.attempt(lambda: check_features([feature], fields=self.catalogue.fields), *place)
        if len(self.faults) > before:
            return False
        needed = {*feature.over, *([feature.argument] if feature.argument else [])}
        if counted and not any(needed <= event.fields for event in counted):
            names = ", ".join(event.name for event in counted)
            self.fault(f"no event of {names} has {', '.join(sorted(needed))} together", *place)
        if feature.where is not None and feature.where not in conditions:
            inside = scope.with_names(self._field_kinds(counted))
            condition = self.attempt(
                lambda: parse_condition(
                    cast("str", feature.where), scope=inside, origin=self.origin(*place)
                ),
                *place,
            )
            if condition is not None:
                conditions[feature.where] = condition
        return len(self.faults) == before

    def _window_kinds(self, windows: Iterable[WindowFeature]) -> dict[str, Kind]:
        fields: Mapping[str, Field] = self.catalogue.fields
        kinds = {w.name: expression_kind(result_kind(w, fields=fields)) for w in windows}
        return {name: kind for name, kind in kinds.items() if kind is not None}

    def _derived(self, scope: Scope) -> tuple[dict[str, Expression], Scope]:
        derived: dict[str, Expression] = {}
        for name, text in self._declarations().items():
            if is_window_declaration(text):
                continue
            source = _RATIO.sub(r"(\1 / \2)", text)
            within = scope
            expression = self.attempt(
                lambda source=source, name=name, within=within: parse(  # type: ignore[misc]
                    source, scope=within, origin=self.origin("features", name)
                ),
                "features",
                name,
            )
            if expression is not None:
                derived[name] = expression
                scope = scope.with_names({name: expression.kind})
        return derived, scope

    def _scorecards(self, scope: Scope) -> tuple[tuple[Scorecard, ...], Scope]:
        cards: list[Scorecard] = []
        for index, data in enumerate(self.items(self.top.get("scorecards"), "scorecards")):
            within = scope
            card = self.attempt(
                lambda data=data, within=within, index=index: parse_scorecard(  # type: ignore[misc]
                    data, scope=within, origin=self.origin("scorecards", index)
                ),
                "scorecards",
                index,
            )
            if card is not None:
                cards.append(card)
                scope = scope.with_names({name: e.kind for name, e in card.expressions()})
        return tuple(cards), scope

    def _tables(self, scope: Scope) -> tuple[tuple[DecisionTable, ...], Scope]:
        tables: list[DecisionTable] = []
        for index, data in enumerate(self.items(self.top.get("tables"), "tables")):
            within = scope
            table = self.attempt(
                lambda data=data, within=within, index=index: parse_table(  # type: ignore[misc]
                    data, scope=within, origin=self.origin("tables", index)
                ),
                "tables",
                index,
            )
            if table is not None:
                tables.append(table)
                outputs = {f"{table.id}.{name}": e.kind for name, e in table.outputs.items()}
                scope = scope.with_names(outputs)
        return tuple(tables), scope

    # -- rules and outcomes ------------------------------------------------------------------

    def _outcomes(self) -> Outcomes:
        data = self.mapping(self.top.get("outcomes"), "outcomes")
        order = [str(name) for name in self.items(data.get("order"), "outcomes", "order")]
        for name in order:
            if name not in OUTCOMES:
                self.fault(f"unknown outcome {name!r}{did_you_mean(name, OUTCOMES)}", "outcomes")
        if order and (order[-1] != ALLOW or len(set(order)) != len(order)):
            self.fault("the order names each outcome once and ends with allow", "outcomes", "order")
        thresholds: dict[str, float] = {}
        points = self.mapping(data.get("points"), "outcomes", "points")
        for name, least in points.items():
            if name not in (order or OUTCOMES) or not _is_number(least):
                self.fault("expected outcome: points", "outcomes", "points", name)
            else:
                thresholds[name] = float(cast("float", least))
        for key in data.keys() - {"order", "points"}:
            self.fault(f"unknown key {key!r}; expected order, points", "outcomes", key)
        return Outcomes(order=tuple(order) or OUTCOMES, thresholds=thresholds)

    def _unknown(self, outcomes: Outcomes) -> str | None:
        value = self.top.get("unknown")
        if value == _RECORD:
            return None
        if isinstance(value, str) and value in outcomes.order:
            return value
        self.fault(
            "a policy says what a rule that cannot be known does: `unknown: record`, or an outcome",
            "unknown",
        )
        return None

    def _limits(self) -> Limits:
        data = self.mapping(self.top.get("limits"), "limits")
        memory_mb = data.get("memory_mb", 4096)
        if not isinstance(memory_mb, int) or not 16 <= memory_mb <= 1_000_000:
            self.fault("memory_mb is a whole number from 16", "limits", "memory_mb")
            memory_mb = 4096
        for key in data.keys() - {"memory_mb"}:
            self.fault(f"unknown key {key!r}; expected memory_mb", "limits", key)
        late = str(self.top.get("late_after", "1d"))
        late_after = self.attempt(lambda: parse_duration(late), "late_after")
        return Limits(memory_bytes=memory_mb * 1024**2, late_after=late_after or 0)

    def _rules(
        self,
        scope: Scope,
        *,
        types: tuple[EventType, ...],
        outcomes: Outcomes,
        windows: tuple[WindowFeature, ...],
    ) -> tuple[Rule, ...]:
        rules: list[Rule] = []
        for index, data in enumerate(self.items(self.top.get("rules"), "rules")):
            if not isinstance(data, dict):
                self.fault("expected a rule with id and when", "rules", index)
                continue
            rule = self._rule(
                cast("dict[str, object]", data),
                index,
                scope=scope,
                types=types,
                outcomes=outcomes,
                windows=windows,
            )
            if rule is not None:
                rules.append(rule)
        return tuple(rules)

    def _rule(
        self,
        data: dict[str, object],
        index: int,
        *,
        scope: Scope,
        types: tuple[EventType, ...],
        outcomes: Outcomes,
        windows: tuple[WindowFeature, ...],
    ) -> Rule | None:
        place: Path = ("rules", index)
        before = len(self.faults)
        self.faults += unknown_keys(self.document, data, known=_RULE_KEYS, path=place)
        rule_id = str(data.get("id", ""))
        if not _RULE_ID.fullmatch(rule_id):
            self.fault("a rule needs an id such as velocity.cards_per_device", *place)
        origin = self.origin(*place, "when")
        when = self.attempt(
            lambda: parse_condition(str(data.get("when", "")), scope=scope, origin=origin),
            *place,
            "when",
        )
        reason = self.attempt(
            lambda: parse_reason(data.get("reason"), scope=scope, origin=self.origin(*place)),
            *place,
        )
        outcome = self._rule_outcome(data.get("outcome"), outcomes, *place, "outcome")
        unknown = data.get("unknown")
        if unknown != _RECORD:
            unknown = self._rule_outcome(unknown, outcomes, *place, "unknown")
        points = data.get("points", 0)
        if not _is_number(points) or abs(cast("float", points)) > _POINTS_MAX:
            self.fault("points are a number up to a million", *place, "points")
        if outcome is None and not data.get("points"):
            self.fault("a rule gives an outcome, points, or both", *place)
        if when is None or len(self.faults) > before:
            return None
        applicable = self._applicable(when, types, windows=windows)
        named = data.get("events")
        if named is not None:
            wanted = {str(name) for name in self.items(named, *place, "events")}
            for name in sorted(wanted - {event.name for event in types}):
                message = f"{name!r} is not decided by this policy"
                known = [event.name for event in types]
                self.fault(message + did_you_mean(name, known), *place, "events")
            applicable &= wanted
        if not applicable:
            self.fault("no event type of this policy has all fields that the rule needs", *place)
            return None
        return Rule(
            id=rule_id,
            when=when,
            outcome=outcome,
            points=float(cast("float", points)),
            reason=reason,
            types=frozenset(applicable),
            unknown=unknown,
            techniques=tuple(map(str, self.items(data.get("techniques"), *place, "techniques"))),
            title=self.bilingual(data.get("title"), *place, "title"),
        )

    def _rule_outcome(self, value: object, outcomes: Outcomes, *path: str | int) -> str | None:
        if value is None:
            return None
        if isinstance(value, str) and value in outcomes.order:
            return value
        text = str(value)
        self.fault(f"unknown outcome {text[:40]!r}{did_you_mean(text, outcomes.order)}", *path)
        return None

    def _applicable(
        self,
        expression: Expression,
        types: tuple[EventType, ...],
        *,
        windows: tuple[WindowFeature, ...],
    ) -> set[str]:
        """The decided event types that have every field an expression needs."""
        needed = self._needed_fields(expression, {window.name: window for window in windows})
        return {event.name for event in types if needed <= event.fields}

    def _needed_fields(
        self, expression: Expression, windows: Mapping[str, WindowFeature]
    ) -> set[str]:
        needed: set[str] = set()
        for name in expression.names:
            if name in windows:
                needed |= set(windows[name].over)
            elif name in self.catalogue.fields:
                needed.add(name)
        return needed

    def _table_rules(
        self,
        tables: tuple[DecisionTable, ...],
        types: tuple[EventType, ...],
        *,
        windows: tuple[WindowFeature, ...],
    ) -> tuple[Rule, ...]:
        return tuple(
            Rule(
                id=f"{table.id}.{row.id}",
                when=row.when,
                outcome=row.outcome,
                points=row.points,
                reason=row.reason,
                types=frozenset(self._applicable(row.when, types, windows=windows)),
            )
            for table in tables
            for row in table.rows
            if row.outcome is not None or row.points
        )

    def _check_rules(self, rules: tuple[Rule, ...]) -> None:
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                self.fault(f"two rules are called {rule.id}", "rules")
            seen.add(rule.id)
        if not rules and not self.faults and not self.top.get("features"):
            self.fault("a policy needs rules or features")

    # -- examples ----------------------------------------------------------------------------

    def _examples(self) -> tuple[Example, ...]:
        examples: list[Example] = []
        for index, data in enumerate(self.items(self.top.get("examples"), "examples")):
            place = ("examples", index)
            if not isinstance(data, dict) or set(data) != {"name", "given", "expect"}:
                self.fault("an example has name, given and expect", *place)
                continue
            given = self.items(data["given"], *place, "given")
            expect = self.mapping(data["expect"], *place, "expect")
            if not given or not all(isinstance(event, dict) for event in given):
                self.fault("given is a list of events", *place, "given")
                continue
            name = data["name"]
            examples.append(
                Example(
                    name=str(name["en"] if isinstance(name, dict) and "en" in name else name),
                    given=tuple(cast("list[dict[str, object]]", given)),
                    expect=expect,
                    source=self.document.source,
                    line=self.document.line_of(*place),
                    lines=tuple(
                        self.document.line_of(*place, "given", number)
                        for number in range(len(given))
                    ),
                )
            )
        return tuple(examples)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def content_hash(data: object) -> str:
    """SHA-256 of a policy's content, whatever its layout and comments."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
