"""One decision taken apart: what the event held, what was computed, what each rule looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fengkong.core.bilingual import Bilingual, Language
from fengkong.core.instants import format_instant
from fengkong.core.money import exponent, format_minor
from fengkong.decisions import verdict
from fengkong.decisions.decision import BilingualText
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import Policy, Rule
from fengkong.evaluation.declared import declaration, link_declaration
from fengkong.evaluation.explained import (
    Cause,
    Explanation,
    FieldShown,
    ObservedShown,
    PathShown,
    RuleTrace,
    ValueShown,
)
from fengkong.evaluation.masking import Masking, masked_names, masked_value
from fengkong.evaluation.model_witness import models_shown
from fengkong.evaluation.report import stamp
from fengkong.events.catalogue import Field
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.events.event import Event
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState
from fengkong.rules.observations import Observation, observations
from fengkong.rules.reasons import Template, format_instant_in, format_number, format_value

_VERDICTS: Final = {verdict.NO: "no", verdict.HIT: "hit", verdict.UNKNOWN: "unknown"}
_COMPARED: Final = frozenset({"<", "<=", ">", ">=", "==", "!=", "in", "not in", "is"})
"""Operators of comparisons that name all they compare; others are functions of a text or time."""
_WORDS: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)


class Witness:
    """Tells of the one decision in `block`; `lists` are as they were when it was made."""

    def __init__(
        self,
        *,
        policy: Policy,
        block: DecisionColumns,
        lists: ListState,
        event: Event,
        masking: Masking,
        paths: tuple[PathShown, ...] = (),
    ) -> None:
        self.policy = policy
        self.block = block
        self.lists = lists
        self.event = event
        self.paths = paths
        self.hidden = masked_names(policy, masking=masking)
        self.values: Mapping[str, Any] = block.values(0)

    def explanation(self, *, events_before: int) -> Explanation:
        """Everything about the decision."""
        policy, event = self.policy, self.event
        rules = tuple(self._rules())
        title = policy.catalogue.types[event.type].title
        return Explanation(
            event_id=event.id,
            event_type=event.type,
            event_title=_both(title),
            occurred_at=format_instant(event.occurred_at),
            local_time=format_instant_in(event.occurred_at, time_zone=policy.scope.time_zone),
            time_zone=policy.scope.time_zone,
            currency=event.currency,
            events_before=events_before,
            late=bool(self.block.late[0]),
            policy=stamp(policy),
            policy_title=_both(policy.title),
            outcome=self._outcome,
            points=float(self.block.judged.points[0]),
            causes=tuple(self._causes(rules)),
            reasons=_joined([rule.reason for rule in rules if rule.verdict == "hit"]),
            fields=tuple(self._fields()),
            values=tuple(self._values()),
            rules=rules,
            not_applicable=tuple(r.id for r in policy.rules if event.type not in r.types),
            models=models_shown(policy, self.block.models(0), hidden=self.hidden),
            paths=self.paths,
        )

    @property
    def _outcome(self) -> str:
        return self.policy.outcomes.order[int(self.block.judged.ranks[0])]

    # -- what the event held -----------------------------------------------------------------

    def _fields(self) -> Iterator[FieldShown]:
        """The fields that the event has, in the order of the catalogue."""
        fields = self.policy.catalogue.fields
        for name in fields:
            if name not in self.event.values:
                continue
            one, value = fields[name], self.event.values[name]
            masked = name in self.hidden
            plain = masked_value(value, field=one) if masked else self._plain_field(one, value)
            text = _same(str(plain)) if masked else self._field_text(one, value)
            yield FieldShown(
                name=name,
                title=_both(one.title),
                kind=one.kind.value,
                personal=one.personal,
                masked=masked,
                value=plain,
                text=text,
            )

    def _plain_field(self, one: Field, value: Any) -> Any:
        if one.kind is FieldKind.MONEY:
            return value / 10 ** exponent(self.event.currency or self.policy.scope.currency)
        if one.kind is FieldKind.INSTANT:
            return format_instant(value)
        return value

    def _field_text(self, one: Field, value: Any) -> BilingualText:
        match one.kind:
            case FieldKind.MONEY:
                currency = self.event.currency or self.policy.scope.currency
                return _same(f"{format_minor(value, currency=currency)} {currency}")
            case FieldKind.PLACE:
                return _same(f"{value[0]:.5f}, {value[1]:.5f}")
            case FieldKind.BOOLEAN:
                return self._text(value, Kind.BOOLEAN)
            case FieldKind.INSTANT:
                return self._text(float(value), Kind.INSTANT)
            case FieldKind.NUMBER | FieldKind.INTEGER:
                return _same(format_number(float(value)))
            case _:
                return self._text(value, Kind.TEXT)

    # -- what was computed -------------------------------------------------------------------

    def _values(self) -> Iterator[ValueShown]:
        """Window features, derived ones, scorecards and values of tables, as declared."""
        policy = self.policy
        for window in policy.windows:
            yield self._value(window.name, "window", declaration(window, policy=policy))
        for link in policy.links:
            yield self._value(link.name, "link", link_declaration(link, policy=policy))
        for name, expression in policy.derived.items():
            yield self._value(name, "derived", expression.render())
        for card in policy.scorecards:
            for name, expression in card.expressions():
                yield self._value(name, "scorecard", expression.render(), kind=expression.kind)
        for table in policy.tables:
            for output, expression in table.outputs.items():
                name = f"{table.id}.{output}"
                yield self._value(name, "table", expression.render(), kind=expression.kind)

    def _value(
        self, name: str, origin: str, declared: str, *, kind: Kind | None = None
    ) -> ValueShown:
        kind = kind or self.policy.scope.names[name]
        value = self.values.get(name)
        if name in self.hidden:
            value = masked_value(value)
            kind_shown = Kind.TEXT
        else:
            kind_shown = kind
        return ValueShown(
            name=name,
            origin=origin,
            declared=declared,
            kind=kind.value,
            value=self._plain(value, kind_shown),
            text=self._text(value, kind_shown),
        )

    # -- what each rule looked at ------------------------------------------------------------

    def _rules(self) -> Iterator[RuleTrace]:
        """The rules for this type of event, in the order of the policy."""
        verdicts = self.block.judged.verdicts[0].tolist()
        for rule, number in zip(self.policy.rules, verdicts, strict=True):
            if self.event.type not in rule.types:
                continue
            said = _VERDICTS[number]
            unknown = said == "unknown"
            yield RuleTrace(
                rule=rule.id,
                title=None if rule.title is None else _both(rule.title),
                condition=rule.when.render(),
                verdict=said,
                outcome=self._unknown_outcome(rule) if unknown else rule.outcome,
                points=rule.points,
                reason=self._reason(rule) if said == "hit" else None,
                observed=tuple(self._observed(rule)),
                missing=tuple(self._missing(rule)) if unknown else (),
                techniques=rule.techniques,
            )

    def _unknown_outcome(self, rule: Rule) -> str | None:
        if rule.unknown == "record":
            return None
        return rule.unknown or self.policy.unknown

    def _missing(self, rule: Rule) -> list[str]:
        """Names that had no value, and parameters that were not yet in force."""
        names = [name for name in rule.when.names if self.values.get(name) is None]
        parameters = self.policy.scope.parameters
        at = self.event.occurred_at
        names += [name for name in rule.when.parameters if parameters[name].at(at) is None]
        return sorted(names)

    def _observed(self, rule: Rule) -> Iterator[ObservedShown]:
        seen = observations(
            rule.when, self.values, occurred_at=self.event.occurred_at, lists=self.lists
        )
        for one in seen:
            hidden = self._hides_value(one, rule)
            kind = Kind.TEXT if hidden else one.kind
            value = masked_value(one.value, field=self._field(one.name)) if hidden else one.value
            limit_hidden = self._hides_limit(one, rule)
            limit = masked_value(one.limit_value) if limit_hidden else self._limit(one)
            yield ObservedShown(
                name=one.name,
                operator=one.operator,
                value=self._plain(value, kind),
                text=self._text(value, kind),
                limit=limit,
                limit_text=_same(str(limit)) if limit_hidden else self._limit_text(one),
                limit_source=one.limit_source,
                reference=self._reference(one.limit_source),
            )

    def _hides(self, text: str) -> bool:
        """Whether a name, or an expression's text, has something in it that is hidden."""
        return any(word in self.hidden for word in _WORDS.findall(text))

    def _hides_value(self, one: Observation, rule: Rule) -> bool:
        """Whether what was looked at is hidden."""
        if one.name in self.values:
            return one.name in self.hidden
        return self._hides(one.name) or self._may_hide(one, rule)

    def _may_hide(self, one: Observation, rule: Rule) -> bool:
        """Whether a function that does not name all it was given may have been given a secret."""
        return one.operator not in _COMPARED and bool(rule.when.names & self.hidden)

    def _hides_limit(self, one: Observation, rule: Rule) -> bool:
        """Whether a limit may be a hidden value of the event itself."""
        if one.limit_value is None or isinstance(one.limit_value, tuple):
            return False
        return self._hides(one.limit_source or "") or self._may_hide(one, rule)

    def _field(self, name: str) -> Field | None:
        return self.policy.catalogue.fields.get(name)

    def _limit(self, one: Observation) -> Any:
        """The limit as data."""
        if isinstance(one.limit_value, tuple):
            return tuple(self._plain(part, one.kind) for part in one.limit_value)
        return self._plain(one.limit_value, one.kind)

    def _limit_text(self, one: Observation) -> BilingualText | None:
        if one.limit_value is None:
            return None
        if isinstance(one.limit_value, tuple):
            parts = [self._text(part, one.kind) for part in one.limit_value]
            return BilingualText(
                zh="、".join(part.zh for part in parts), en=", ".join(part.en for part in parts)
            )
        return self._text(one.limit_value, one.kind)

    def _reference(self, source: str | None) -> BilingualText | None:
        """What justifies the parameter a limit comes from, as it stood at the event's time."""
        parameter = self.policy.scope.parameters.get(source or "")
        dated = None if parameter is None else parameter.at(self.event.occurred_at)
        if dated is None:
            return None
        return BilingualText(zh=dated.reference.zh, en=dated.reference.en)

    def _reason(self, rule: Rule) -> BilingualText | None:
        if rule.reason is None:
            return None
        return BilingualText(
            zh=self._sentence(rule.reason.zh, "zh"), en=self._sentence(rule.reason.en, "en")
        )

    def _sentence(self, template: Template, language: Language) -> str:
        """A reason with what is hidden left out of it."""
        parts: list[str] = []
        for part in template.parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.name in self.hidden:
                value = self.values.get(part.name)
                parts.append(str(masked_value(value, field=self._field(part.name))))
            else:
                scope, at = self.policy.scope, self.event.occurred_at
                parts.append(part.show(self.values, at, language, scope))
        return "".join(parts)

    # -- how the outcome came ----------------------------------------------------------------

    def _causes(self, rules: tuple[RuleTrace, ...]) -> Iterator[Cause]:
        """Everything that alone would have given this outcome; the others were weaker."""
        outcome, found = self._outcome, False
        for rule in rules:
            if rule.outcome != outcome or rule.verdict == "no":
                continue
            found = True
            hit = rule.verdict == "hit"
            zh, en = ("命中", "hit") if hit else ("无法判断", "could not be known")
            yield Cause(
                kind=rule.verdict,
                rule=rule.rule,
                threshold=None,
                text=BilingualText(zh=f"规则 {rule.rule} {zh}", en=f"rule {rule.rule} {en}"),
            )
        points = float(self.block.judged.points[0])
        least = self.policy.outcomes.thresholds.get(outcome)
        if least is not None and points >= least:
            found = True
            total, limit = format_number(points), format_number(least)
            yield Cause(
                kind="points",
                rule=None,
                threshold=least,
                text=BilingualText(
                    zh=f"合计 {total} 分，达到 {limit} 分", en=f"{total} points, {limit} needed"
                ),
            )
        if not found:
            text = BilingualText(zh="没有更强的依据", en="nothing asked for a stronger outcome")
            yield Cause(kind="nothing", rule=None, threshold=None, text=text)

    # -- values as data and as text ----------------------------------------------------------

    def _plain(self, value: Any, kind: Kind) -> Any:
        """A value of an expression as data: money in major units, instants as text."""
        if value is None or isinstance(value, str):
            return value
        if kind is Kind.MONEY:
            return value / self.policy.scope.scale
        if kind is Kind.INSTANT:
            return format_instant(int(value))
        return value

    def _text(self, value: Any, kind: Kind) -> BilingualText:
        scope = self.policy.scope
        return BilingualText(
            zh=format_value(value, kind=kind, language="zh", scope=scope),
            en=format_value(value, kind=kind, language="en", scope=scope),
        )


def _both(text: Bilingual) -> BilingualText:
    return BilingualText(zh=text.zh, en=text.en)


def _same(text: str) -> BilingualText:
    return BilingualText(zh=text, en=text)


def _joined(reasons: list[BilingualText | None]) -> BilingualText:
    known = [reason for reason in reasons if reason is not None]
    return BilingualText(
        zh="；".join(reason.zh for reason in known), en="; ".join(reason.en for reason in known)
    )
