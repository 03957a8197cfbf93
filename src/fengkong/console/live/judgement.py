"""A recorded decision as its page shows it: why, by which rules, of which features and models.

Everything here comes from the journal and the policy's text, without replaying anything. What
would tell who the customer is stays hidden, in values as in sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext as _

from fengkong.console.live.titles import feature_titles
from fengkong.console.personal.masking import mask_of, masked
from fengkong.console.shell.figures import money_text, reading_language
from fengkong.console.shell.spoken import field_title, operator_word, said
from fengkong.core.money import exponent
from fengkong.decisions.policy import Policy, Rule
from fengkong.evaluation.declared import declaration, link_declaration
from fengkong.evaluation.masking import Masking, masked_names
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.event import Event
from fengkong.features.declarations import Aggregate
from fengkong.rules.kinds import Kind
from fengkong.rules.reasons import NO, UNKNOWN, YES, format_instant_in, format_number

HIDDEN: Final = "***"
_ORDER: Final = ("hit", "unknown", "no")
_REPEATING: Final = frozenset({Aggregate.FIRST, Aggregate.LAST, Aggregate.MIN, Aggregate.MAX})
"""Aggregates whose value is the content of a field of some event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A value that a rule looked at, against its limit, as text."""

    name: str
    operator: str
    value: str
    limit: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A rule and what came of it: `verdict` is hit, unknown or no."""

    rule: str
    title: str
    verdict: str
    outcome: str | None
    points: float
    reason: str
    condition: str
    seen: Sequence[Seen]
    missing: Sequence[str]
    techniques: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSeen:
    """A feature's value and what it means; `declared` is how the policy says it."""

    name: str
    title: str
    value: str
    missing: bool
    origin: str
    declared: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What an input of a model did: `amount` in log odds, up or down."""

    title: str
    value: str
    amount: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSeen:
    """What a model said."""

    name: str
    title: str
    version: str
    hash: str
    probability: float
    pushes: Sequence[Push]
    challenged: bool
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSeen:
    """A field of the event."""

    name: str
    title: str
    value: str
    masked: bool


class Judgement:
    """The parts of one decision; `policy` is the one that made it, None where it is not known."""

    def __init__(self, decision: Mapping[str, Any], *, event: Event, policy: Policy | None) -> None:
        self.decision = decision
        self.event = event
        self.policy = policy
        self.hidden = _masked_fields() if policy is None else _hidden_names(policy)
        self._features: Mapping[str, Any] = decision["features"]
        self._rules = {} if policy is None else {rule.id: rule for rule in policy.rules}

    # -- rules -------------------------------------------------------------------------------

    def traces(self) -> list[Trace]:
        """Every rule that applied, those that hit first, then those that could not be known."""
        hits = {hit["rule"]: hit for hit in self.decision["hits"]}
        unknowns = {one["rule"]: one for one in self.decision["unknowns"]}
        applied = [
            rule.id for rule in self._rules.values() if self.decision["event_type"] in rule.types
        ]
        names = dict.fromkeys([*applied, *hits, *unknowns])
        found = [self._trace(name, hits.get(name), unknowns.get(name)) for name in names]
        return sorted(found, key=lambda one: _ORDER.index(one.verdict))

    def _trace(
        self, name: str, hit: Mapping[str, Any] | None, unknown: Mapping[str, Any] | None
    ) -> Trace:
        rule = self._rules.get(name)
        verdict = "hit" if hit else "unknown" if unknown else "no"
        outcome = hit["outcome"] if hit else rule.outcome if rule else None
        return Trace(
            rule=name,
            title="" if rule is None or rule.title is None else said(rule.title),
            verdict=verdict,
            outcome=outcome,
            points=hit["points"] if hit else rule.points if rule else 0.0,
            reason="" if hit is None else self._reason(hit, rule),
            condition="" if rule is None else rule.when.render(),
            seen=[] if hit is None else [self._seen(one) for one in hit.get("observed", ())],
            missing=[self.title(one) for one in unknown["missing"]] if unknown else [],
            techniques=rule.techniques if rule else (),
        )

    def reasons(self) -> list[str]:
        """The sentences of the rules that hit."""
        found = [self._reason(hit, self._rules.get(hit["rule"])) for hit in self.decision["hits"]]
        return [reason for reason in found if reason]

    def _reason(self, hit: Mapping[str, Any], rule: Rule | None) -> str:
        """A rule's sentence as it was recorded; one that names what is hidden is made anew."""
        if hit["reason"] is None:
            return ""
        if rule is None or rule.reason is None:
            return said(hit["reason"]) if self.policy is not None else HIDDEN
        template = rule.reason.zh if reading_language() == "zh" else rule.reason.en
        names = {part.name for part in template.parts if not isinstance(part, str)}
        if not names & self.hidden:
            return said(hit["reason"])
        return "".join(
            part if isinstance(part, str) else self._named(part.name) for part in template.parts
        )

    def _named(self, name: str) -> str:
        if name in self.hidden:
            return HIDDEN
        return self._text(name, self._features.get(name, self.event.values.get(name)))

    def _seen(self, one: Mapping[str, Any]) -> Seen:
        hides = one["name"] in self.hidden
        limit = one.get("limit")
        source = one.get("limit_source") or ""
        shown = HIDDEN if source in self.hidden else self._limit(one["name"], limit)
        says_all = isinstance(limit, bool) and one["value"] is limit
        return Seen(
            name=self.title(one["name"]),
            operator="" if says_all else operator_word(one["operator"]),
            value=HIDDEN if hides else self._text(one["name"], one["value"]),
            limit="" if says_all else shown,
            source=source,
        )

    def _limit(self, name: str, limit: Any) -> str:
        if limit is None:
            return ""
        if isinstance(limit, list | tuple):
            return ", ".join(self._text(name, part) for part in limit)
        return self._text(name, limit)

    # -- features and models -----------------------------------------------------------------

    def title(self, name: str) -> str:
        """What a feature or field is called."""
        return self._titles.get(name) or field_title(name)

    @cached_property
    def _titles(self) -> dict[str, str]:
        return {} if self.policy is None else feature_titles(self.policy)

    def features(self) -> list[FeatureSeen]:
        """The features that the decision saw, as the policy orders them."""
        titles = self._titles
        declared = dict(self._declared())
        names = [name for name in titles if name in self._features]
        names += [name for name in self._features if name not in titles]
        return [
            FeatureSeen(
                name=name,
                title=titles.get(name, name),
                value=self._shown(name, self._features[name]),
                missing=self._features[name] is None,
                origin=declared.get(name, ("", ""))[0],
                declared=declared.get(name, ("", ""))[1],
            )
            for name in names
        ]

    def _declared(self) -> Iterator[tuple[str, tuple[str, str]]]:
        policy = self.policy
        if policy is None:
            return
        for window in policy.windows:
            yield window.name, (_("window"), declaration(window, policy=policy))
        for link in policy.links:
            yield link.name, (_("link"), link_declaration(link, policy=policy))
        for name, expression in policy.derived.items():
            yield name, (_("derived"), expression.render())

    def models(self) -> list[ModelSeen]:
        """What the models said, with their contributions."""
        return [self._model(one) for one in self.decision.get("models", ())]

    def _model(self, one: Mapping[str, Any]) -> ModelSeen:
        known = None if self.policy is None else self.policy.models.get(one["name"])
        other = one.get("other")
        return ModelSeen(
            name=one["name"],
            title=one["model"] if known is None else said(known.about.title),
            version=one["version"],
            hash=one["hash"],
            probability=one["probability"],
            pushes=[self._push(push) for push in one.get("contributions", ())],
            challenged=bool(one.get("challenged", False)),
            other=""
            if other is None
            else f"{other['model']} {other['version']} ({other['probability']:.4f})",
        )

    def _push(self, push: Mapping[str, Any]) -> Push:
        hides = push["input"] in self.hidden
        return Push(
            title=self.title(push["input"]),
            value=HIDDEN if hides else self._text(push["input"], push["value"]),
            amount=push["amount"],
            reason=HIDDEN if hides else said(push["reason"]),
        )

    # -- the event ---------------------------------------------------------------------------

    def fields(self) -> list[FieldSeen]:
        """The fields of the event in the order of the catalogue, what is personal masked."""
        catalogue = shipped_catalogue().fields
        names = [name for name in catalogue if name in self.event.values]
        return [
            FieldSeen(
                name=name,
                title=said(catalogue[name].title),
                value=self._field(name, self.event.values[name]),
                masked=name in self.hidden,
            )
            for name in names
        ]

    def _field(self, name: str, value: Any) -> str:
        field = shipped_catalogue().fields[name]
        if name in self.hidden:
            return str(masked(name, value))
        if field.kind is FieldKind.MONEY:
            return money_text(value, currency=self.event.currency or "CNY")
        if field.kind is FieldKind.PLACE:
            return f"{value[0]:.2f}, {value[1]:.2f}"
        if field.kind is FieldKind.INSTANT:
            return format_instant_in(value, time_zone="Asia/Shanghai")
        return _plain(value)

    # -- values as text ----------------------------------------------------------------------

    def _shown(self, name: str, value: Any) -> str:
        return HIDDEN if name in self.hidden and value is not None else self._text(name, value)

    def _text(self, name: str, value: Any) -> str:
        """A value as recorded (money in major units) as people read it."""
        kind = None if self.policy is None else self.policy.scope.names.get(name)
        if kind is Kind.MONEY and isinstance(value, int | float):
            currency = self.event.currency or "CNY"
            return money_text(round(value * 10 ** exponent(currency)), currency=currency)
        return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return said(UNKNOWN)
    if isinstance(value, bool):
        return said(YES if value else NO)
    if isinstance(value, int | float):
        return format_number(float(value))
    return str(value)


def _masked_fields() -> frozenset[str]:
    """Fields of which screens show no more than a mask."""
    return frozenset(name for name in shipped_catalogue().fields if mask_of(name) is not None)


def _hidden_names(policy: Policy) -> frozenset[str]:
    """These fields, and the features and texts of a policy that repeat one."""
    hidden = _masked_fields() | masked_names(policy, masking=Masking.SENSITIVE)
    hidden |= {
        one.name for one in policy.windows if one.argument in hidden and one.aggregate in _REPEATING
    }
    for name, expression in policy.derived.items():  # declared in the order of their use
        if expression.kind is Kind.TEXT and expression.names & hidden:
            hidden |= {name}
    return hidden
