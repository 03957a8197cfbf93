"""The rules and outcomes of a policy file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final, cast

from fengkong.decisions.policy import ALLOW, OUTCOMES, Outcomes, Rule
from fengkong.decisions.policy_features import FeatureReader
from fengkong.decisions.reading import Reading, is_number
from fengkong.decisions.snoozing import with_snooze
from fengkong.events.catalogue import EventType
from fengkong.events.spelling import did_you_mean
from fengkong.rules.expressions import Expression, parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.reasons import Reason, parse_reason

RECORD: Final = "record"
"""What stands for: an unknown is written down and changes nothing."""
_RULE_KEYS: Final = frozenset(
    {
        "id",
        "when",
        "outcome",
        "points",
        "reason",
        "unknown",
        "events",
        "techniques",
        "title",
        "snooze",
        "typology",
    }
)
_TYPOLOGY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_RULE_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*", re.ASCII)
_POINTS_MAX: Final = 1_000_000


def read_outcomes(reading: Reading, value: object) -> Outcomes:
    """The order of outcomes and the points that reach them; the usual order where none is given."""
    data = reading.mapping(value, "outcomes")
    order = [str(name) for name in reading.items(data.get("order"), "outcomes", "order")]
    for name in order:
        if name not in OUTCOMES:
            message = f"unknown outcome {name[:40]!r}{did_you_mean(name, OUTCOMES)}"
            reading.fault(message, "outcomes", "order")
    if order and (order[-1] != ALLOW or len(set(order)) != len(order)):
        reading.fault("the order names each outcome once and ends with allow", "outcomes", "order")
    thresholds: dict[str, float] = {}
    for name, least in reading.mapping(data.get("points"), "outcomes", "points").items():
        if name not in (order or OUTCOMES) or not is_number(least):
            reading.fault("expected outcome: points", "outcomes", "points", name)
        else:
            thresholds[name] = float(cast("float", least))
    reading.keys(data, "outcomes", known=frozenset({"order", "points"}))
    return Outcomes(order=tuple(order) or OUTCOMES, thresholds=thresholds)


def read_outcome(
    reading: Reading, value: object, *path: str | int, outcomes: Outcomes
) -> str | None:
    """An outcome of the policy's order, or None where none is given."""
    if value is None:
        return None
    if isinstance(value, str) and value in outcomes.order:
        return value
    text = str(value)
    reading.fault(f"unknown outcome {text[:40]!r}{did_you_mean(text, outcomes.order)}", *path)
    return None


class RuleReader:
    """Reads the rules of a policy whose features are known."""

    def __init__(
        self,
        reading: Reading,
        *,
        features: FeatureReader,
        types: tuple[EventType, ...],
        outcomes: Outcomes,
    ) -> None:
        self.reading = reading
        self.features = features
        self.types = types
        self.outcomes = outcomes

    def read(self, value: object) -> tuple[Rule, ...]:
        """The rules as written, then those of the decision tables."""
        rules: list[Rule] = []
        seen: set[str] = set()
        for index, data in enumerate(self.reading.items(value, "rules")):
            if not isinstance(data, dict):
                self.reading.fault("expected a rule with id and when", "rules", index)
                continue
            rule = self._rule(cast("dict[str, object]", data), index)
            name = data.get("id")
            if isinstance(name, str) and name in seen:
                self.reading.fault(f"two rules are called {name[:80]}", "rules", index, "id")
            seen.add(str(name))
            if rule is not None:
                rules.append(rule)
        for index, rule in self._table_rules():
            if rule.id in seen:
                self.reading.fault(f"two rules are called {rule.id}", "tables", index)
            place = ("tables", index)
            read_outcome(self.reading, rule.outcome, *place, outcomes=self.outcomes)
            seen.add(rule.id)
            rules.append(rule)
        return tuple(rules)

    def _rule(self, data: dict[str, object], index: int) -> Rule | None:
        reading, place = self.reading, ("rules", index)
        before = len(reading.faults)
        reading.keys(data, *place, known=_RULE_KEYS)
        name = self._id(data.get("id"), index)
        when, reason = self._when(data.get("when"), index), self._reason(data, index)
        outcome = read_outcome(
            reading, data.get("outcome"), *place, "outcome", outcomes=self.outcomes
        )
        unknown = data.get("unknown")
        if unknown != RECORD:
            unknown = read_outcome(reading, unknown, *place, "unknown", outcomes=self.outcomes)
        points = self._points(data.get("points", 0), index)
        if data.get("outcome") is None and not data.get("points"):
            reading.fault("a rule gives an outcome, points, or both", *place)
        title = reading.bilingual(data.get("title"), *place, "title")
        named = self._named_types(data.get("events"), index)
        snooze = self._snooze(data.get("snooze"), index)
        if when is None or name is None or len(reading.faults) > before:
            return None
        applicable = self._applicable(when) if named is None else named
        if not applicable:
            self._not_applicable(when, index)
            return None
        return Rule(
            id=name,
            when=when if snooze is None else with_snooze(when, rule_id=name, field=snooze),
            outcome=outcome,
            points=points,
            reason=reason,
            types=frozenset(applicable),
            unknown=unknown if isinstance(unknown, str) else None,
            techniques=self._techniques(data.get("techniques"), index),
            title=title,
            typology=self._typology(data.get("typology"), index),
        )

    def _id(self, value: object, index: int) -> str | None:
        if isinstance(value, str) and len(value) <= 120 and _RULE_ID.fullmatch(value):
            return value
        self.reading.fault(
            "a rule needs an id such as velocity.cards_per_device", "rules", index, "id"
        )
        return None

    def _when(self, value: object, index: int) -> Expression | None:
        place = ("rules", index, "when")
        if value is None:
            self.reading.fault("a rule needs a condition: `when: ...`", *place)
            return None
        origin = self.reading.origin(*place)
        when = self.reading.attempt(
            partial(parse_condition, str(value), scope=self.features.scope, origin=origin), *place
        )
        if when is not None and not self.features.readable(when, origin):
            return None
        return when

    def _reason(self, data: dict[str, object], index: int) -> Reason | None:
        place = ("rules", index, "reason")
        origin = self.reading.origin(*place)
        return self.reading.attempt(
            partial(parse_reason, data.get("reason"), scope=self.features.scope, origin=origin),
            *place,
        )

    def _points(self, value: object, index: int) -> float:
        if is_number(value) and abs(cast("float", value)) <= _POINTS_MAX:
            return float(cast("float", value))
        self.reading.fault("points are a number up to a million", "rules", index, "points")
        return 0.0

    def _snooze(self, value: object, index: int) -> str | None:
        """The field for whose values a rule may sleep, None where it may not."""
        if value is None:
            return None
        names = self.features.scope.names
        if isinstance(value, str) and names.get(value) is Kind.TEXT:
            return value
        texts = [name for name, kind in names.items() if kind is Kind.TEXT]
        message = f"expected a text field such as card, was {str(value)[:40]!r}"
        self.reading.fault(message + did_you_mean(str(value), texts), "rules", index, "snooze")
        return None

    def _typology(self, value: object, index: int) -> str | None:
        """The typology of the alerts that the rule makes, None where it names none."""
        if value is None or (isinstance(value, str) and _TYPOLOGY.fullmatch(value)):
            return value
        message = f"expected a typology such as mule_ring, was {str(value)[:40]!r}"
        self.reading.fault(message, "rules", index, "typology")
        return None

    def _techniques(self, value: object, index: int) -> tuple[str, ...]:
        return tuple(map(str, self.reading.items(value, "rules", index, "techniques")))

    def _named_types(self, value: object, index: int) -> frozenset[str] | None:
        """The event types that a rule names, None if it leaves them to what it needs."""
        known = [event.name for event in self.types]
        if value is None:
            return None
        place = ("rules", index, "events")
        named = {str(name) for name in self.reading.items(value, *place)}
        for name in sorted(named - set(known)):
            message = f"{name[:80]!r} is not decided by this policy"
            self.reading.fault(message + did_you_mean(name, known), *place)
        return frozenset(named)

    def _applicable(self, expression: Expression) -> frozenset[str]:
        """The decided event types that have every field an expression needs."""
        needed = self._needed(expression)
        return frozenset(event.name for event in self.types if needed <= event.fields)

    def _needed(self, expression: Expression) -> frozenset[str]:
        features = self.features
        return features.features.fields_of(expression, catalogue=features.catalogue)

    def _not_applicable(self, when: Expression, index: int) -> None:
        if not self.types:
            return
        lacking = ", ".join(
            f"{event.name} has no {', '.join(sorted(self._needed(when) - event.fields))}"
            for event in self.types
            if self._needed(when) - event.fields
        )
        message = "no event type of this policy has all fields that the rule needs"
        self.reading.fault(f"{message}: {lacking}"[:500], "rules", index, "when")

    def _table_rules(self) -> Sequence[tuple[int, Rule]]:
        return [
            (
                index,
                Rule(
                    id=f"{table.id}.{row.id}",
                    when=row.when,
                    outcome=row.outcome,
                    points=row.points,
                    reason=row.reason,
                    types=self._applicable(row.when),
                ),
            )
            for index, table in enumerate(self.features.features.tables)
            for row in table.rows
            if row.outcome is not None or row.points
        ]
