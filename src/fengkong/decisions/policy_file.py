"""Policy files: YAML read strictly, everything checked, all faults reported at once with lines."""

from __future__ import annotations

import hashlib
import json
import re
from functools import partial
from typing import Final, cast

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import FaultsError, RiskError
from fengkong.core.instants import parse_duration
from fengkong.core.money import exponent
from fengkong.decisions.carried import without_models
from fengkong.decisions.policy import RECORDED_ONLY, REVIEW, Example, Outcomes, Policy, Rule
from fengkong.decisions.policy_examples import ExampleReader
from fengkong.decisions.policy_features import FeatureReader, Features, field_kinds
from fengkong.decisions.policy_rules import RECORD, RuleReader, read_outcomes
from fengkong.decisions.reading import Reading
from fengkong.decisions.snoozing import snooze_lists
from fengkong.events.catalogue import Catalogue, EventType
from fengkong.events.documents import load_document
from fengkong.features.state import Limits
from fengkong.links.state import LinkLimits
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListDeclaration, parse_list
from fengkong.rules.origins import Origin
from fengkong.rules.parameters import Parameter, parse_parameter
from fengkong.rules.scope import DEFAULT_TIME_ZONE, Scope
from fengkong.rules.zones import zone
from fengkong.scoring.store import ModelStore

_KEYS: Final = frozenset(
    {"policy", "version", "title", "description", "currency", "time_zone", "events", "features"}
    | {"models"}
    | {"lists", "parameters", "exchange_rates", "tables", "scorecards", "rules", "outcomes"}
    | {"unknown", "fallback", "late_after", "limits", "examples"}
)
_LINK_LIMITS: Final = {"hub_links": (2, 1024), "linked_max": (2, 10_000)}
_LIMITS: Final = frozenset({"memory_mb", *_LINK_LIMITS})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)


def load_policy(
    text: str, *, source: str, catalogue: Catalogue, store: ModelStore | None = None
) -> Policy:
    """The policy in a YAML text; all its faults raise one FaultsError with lines.

    Models come with the text (`carried`) or from the store, where the text carries none.
    """
    try:
        text, held = without_models(text, source=source)
        store = store if held is None else held
        document = load_document(text, source=source)
    except FaultsError:
        raise
    except RiskError as error:
        raise FaultsError([error.fault()]) from None
    reading = Reading(document)
    policy = _PolicyReader(reading, catalogue=catalogue, store=store).policy()
    if reading.faults or policy is None:
        raise FaultsError(reading.faults)
    return policy


def content_hash(data: object) -> str:
    """SHA-256 of a policy's content, whatever its layout and comments."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _with_hashes(top: dict[str, object], features: Features) -> dict[str, object]:
    """A policy's content with the content of its models, by their hashes."""
    if not features.models:
        return top
    hashes: dict[str, object] = {name: model.hash for name, model in features.models.items()}
    for name, one in features.challengers.items():
        hashes[name] = [hashes[name], one.model.hash, one.share, one.by]
    return {**top, "models": hashes}


class _PolicyReader:
    """Reads one document part by part."""

    def __init__(self, reading: Reading, *, catalogue: Catalogue, store: ModelStore | None) -> None:
        self.reading = reading
        self.store = store
        self.catalogue = catalogue
        self.top: dict[str, object] = {}
        for name, field in catalogue.fields.items():
            if field.label:
                message = (
                    f"{name} is a truth that is known later: use it in a feature with `delayed`"
                )
                reading.barred[name] = message

    def policy(self) -> Policy | None:
        """The policy, or None after its faults were noted."""
        reading = self.reading
        if not isinstance(reading.document.data, dict):
            reading.fault("expected a mapping that starts with `policy: NAME`")
            return None
        self.top = cast("dict[str, object]", reading.document.data)
        reading.keys(self.top, known=_KEYS)
        name, version, title = self._name(), self._version(), self._title()
        description = reading.bilingual(self.top.get("description"), "description")
        types = self._events()
        scope = self._scope(types)
        rates, limits = self._rates(scope), self._limits()
        link_limits = self._link_limits()
        reader = FeatureReader(
            reading,
            types=types,
            catalogue=self.catalogue,
            scope=scope,
            store=self.store,
            link_limits=link_limits,
        )
        features = reader.read(self.top)
        outcomes = read_outcomes(reading, self.top.get("outcomes"))
        unknown = self._unknown(outcomes)
        fallback = self._fallback(outcomes)
        rules = self._rules(reader, types=types, outcomes=outcomes)
        examples = self._examples(features, outcomes=outcomes)
        if reading.faults or name is None or version is None or title is None:
            return None
        return Policy(
            name=name,
            version=version,
            title=title,
            description=description,
            hash=content_hash(_with_hashes(self.top, features)),
            catalogue=self.catalogue,
            events=tuple(event.name for event in types),
            windows=tuple(features.windows),
            links=tuple(features.links),
            conditions=features.conditions,
            derived=features.derived,
            models=features.models,
            challengers=features.challengers,
            tables=tuple(features.tables),
            scorecards=tuple(features.scorecards),
            rules=rules,
            outcomes=outcomes,
            unknown=unknown,
            fallback=fallback,
            scope=reader.scope,
            rates=rates,
            limits=limits,
            link_limits=link_limits,
            examples=examples,
        )

    # -- the head ----------------------------------------------------------------------------

    def _name(self) -> str | None:
        name = self.top.get("policy")
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
        self.reading.fault("a policy needs a name in small letters: `policy: payments`", "policy")
        return None

    def _version(self) -> int | None:
        version = self.top.get("version")
        if isinstance(version, int) and not isinstance(version, bool) and version > 0:
            return version
        self.reading.fault("a policy needs a version, a whole number from 1", "version")
        return None

    def _title(self) -> Bilingual | None:
        if self.top.get("title") is None:
            self.reading.fault("a policy needs a title: {zh: ..., en: ...}", "title")
        return self.reading.bilingual(self.top.get("title"), "title")

    def _events(self) -> tuple[EventType, ...]:
        types: dict[str, EventType] = {}
        before = len(self.reading.faults)
        for index, name in enumerate(self.reading.items(self.top.get("events"), "events")):
            found = self.reading.attempt(
                partial(self.catalogue.event_type, str(name)), "events", index
            )
            if found is not None and found.name not in RECORDED_ONLY:
                types[found.name] = found
        if not types and len(self.reading.faults) == before:
            message = "a policy needs the event types it decides: `events: [...]`"
            self.reading.fault(message, "events")
        return tuple(types.values())

    def _unknown(self, outcomes: Outcomes) -> str | None:
        value = self.top.get("unknown")
        if value == RECORD:
            return None
        if isinstance(value, str) and value in outcomes.order:
            return value
        message = (
            "a policy says what a rule that cannot be known does: `unknown: record`, or one of "
        )
        self.reading.fault(message + ", ".join(outcomes.order), "unknown")
        return None

    def _fallback(self, outcomes: Outcomes) -> str:
        value = self.top.get("fallback", REVIEW if REVIEW in outcomes.order else outcomes.order[0])
        if isinstance(value, str) and value in outcomes.order:
            return value
        message = "`fallback` is the outcome when a decision cannot be computed, one of "
        self.reading.fault(message + ", ".join(outcomes.order), "fallback")
        return outcomes.order[0]

    def _limits(self) -> Limits:
        reading = self.reading
        data = reading.mapping(self.top.get("limits"), "limits")
        memory_mb = data.get("memory_mb", 4096)
        if not isinstance(memory_mb, int) or not 16 <= memory_mb <= 1_000_000:
            reading.fault("memory_mb is a whole number from 16", "limits", "memory_mb")
            memory_mb = 4096
        reading.keys(data, "limits", known=_LIMITS)
        late = str(self.top.get("late_after", "1d"))
        late_after = reading.attempt(partial(parse_duration, late), "late_after")
        return Limits(memory_bytes=memory_mb * 1024**2, late_after=late_after or 0)

    def _link_limits(self) -> LinkLimits:
        data = self.reading.mapping(self.top.get("limits"), "limits")
        chosen: dict[str, int] = {}
        for name, (least, most) in _LINK_LIMITS.items():
            value = data.get(name)
            if value is None:
                continue
            if type(value) is int and least <= value <= most:
                chosen[name] = value
            else:
                message = f"{name} is a whole number from {least} to {most:,}"
                self.reading.fault(message, "limits", name)
        return LinkLimits(**chosen)

    # -- names and values --------------------------------------------------------------------

    def _scope(self, types: tuple[EventType, ...]) -> Scope:
        reading = self.reading
        currency = str(self.top.get("currency", "CNY"))
        if reading.attempt(partial(exponent, currency), "currency") is None:
            currency = "CNY"
        time_zone = str(self.top.get("time_zone", DEFAULT_TIME_ZONE))
        # Without its events everything would be unknown: one fault is enough.
        named = types or tuple(self.catalogue.types.values())
        kinds = field_kinds(named, catalogue=self.catalogue)
        if reading.attempt(partial(zone, time_zone), "time_zone") is None:
            time_zone = DEFAULT_TIME_ZONE
        return Scope(
            names=kinds,
            parameters=self._parameters("parameters", time_zone=time_zone),
            lists=self._lists(),
            currency=currency,
            time_zone=time_zone,
        )

    def _lists(self) -> dict[str, ListDeclaration]:
        lists: dict[str, ListDeclaration] = {}
        for name, data in self.reading.mapping(self.top.get("lists"), "lists").items():
            declared = self.reading.attempt(partial(parse_list, name, data), "lists", name)
            if declared is not None:
                lists[name] = declared
        return lists | snooze_lists(self.top.get("rules"))

    def _parameters(self, part: str, *, time_zone: str) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for name, data in self.reading.mapping(self.top.get(part), part).items():
            at = self.reading.origin(part, name)
            origin = Origin(source=at.source, path=f"$.{part}", line=at.line)
            parameter = self.reading.attempt(
                partial(parse_parameter, name, data, time_zone=time_zone, origin=origin),
                part,
                name,
            )
            if parameter is None:
                self.reading.failed.add(name)
            else:
                parameters[name] = parameter
        return parameters

    def _rates(self, scope: Scope) -> dict[str, Parameter]:
        rates = self._parameters("exchange_rates", time_zone=scope.time_zone)
        for currency, rate in rates.items():
            self.reading.attempt(partial(exponent, currency), "exchange_rates", currency)
            positive = [isinstance(one.value, float) and one.value > 0 for one in rate.values]
            if rate.kind is not Kind.NUMBER or not all(positive):
                self.reading.fault("a rate is a number above zero", "exchange_rates", currency)
        return rates

    # -- rules and examples ------------------------------------------------------------------

    def _rules(
        self, features: FeatureReader, *, types: tuple[EventType, ...], outcomes: Outcomes
    ) -> tuple[Rule, ...]:
        reader = RuleReader(self.reading, features=features, types=types, outcomes=outcomes)
        rules = reader.read(self.top.get("rules"))
        if not self.reading.faults and not rules and not self.top.get("features"):
            self.reading.fault("a policy needs rules or features")
        return rules

    def _examples(self, features: Features, *, outcomes: Outcomes) -> tuple[Example, ...]:
        rules = self.top.get("rules")
        written = rules if isinstance(rules, list) else []
        named = {str(rule.get("id")) for rule in written if isinstance(rule, dict)}
        named |= {f"{table.id}.{row.id}" for table in features.tables for row in table.rows}
        declared = self.top.get("features")
        reader = ExampleReader(
            self.reading,
            outcomes=outcomes.order,
            rules=frozenset(named),
            features=frozenset(declared if isinstance(declared, dict) else ()),
        )
        return reader.read(self.top.get("examples"))
