"""A policy: features, lists, parameters, rules and outcomes, checked and ready to be compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.events.catalogue import Catalogue, EventType
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.features.declarations import WindowFeature
from fengkong.features.state import Limits
from fengkong.links.declarations import LinkFeature
from fengkong.links.plan import event_types
from fengkong.links.state import LinkLimits
from fengkong.rules.expressions import Expression
from fengkong.rules.kinds import Kind
from fengkong.rules.parameters import Parameter
from fengkong.rules.reasons import Reason
from fengkong.rules.scope import Scope
from fengkong.rules.scorecards import Scorecard
from fengkong.rules.tables import DecisionTable
from fengkong.scoring.challengers import Challenger
from fengkong.scoring.model import Model

LIST_CHANGED: Final = "list.changed"
RECORDED_ONLY: Final = frozenset({"label.confirmed", LIST_CHANGED})
"""Event types that tell a truth or change a list; they are counted, never decided."""
OUTCOMES: Final = ("deny", "delay", "review", "challenge", "allow")
"""The outcomes there are, the strongest first, as a policy without an order of its own has them."""
ALLOW: Final = "allow"
REVIEW: Final = "review"

_KINDS: Final = {
    FieldKind.MONEY: Kind.MONEY,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.INTEGER: Kind.NUMBER,
    FieldKind.BOOLEAN: Kind.BOOLEAN,
    FieldKind.CATEGORY: Kind.TEXT,
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.ENTITY: Kind.TEXT,
    FieldKind.INSTANT: Kind.INSTANT,
}
ENVELOPE_KINDS: Final = {
    "event_type": Kind.TEXT,
    "currency": Kind.TEXT,
    "occurred_at": Kind.INSTANT,
}
"""Names that every event has beside its fields."""


def expression_kind(kind: FieldKind) -> Kind | None:
    """The kind that a field has in an expression; a place has none."""
    return _KINDS.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition and what follows from it.

    `outcome` None gives points only; `unknown` is the outcome when the condition cannot be known
    (None: the policy's own); `types` are the decided event types that have all it needs;
    `techniques` are identifiers of the MITRE Fight Fraud Framework, `typology` is that of the
    alerts which the rule makes.
    """

    id: str
    when: Expression
    outcome: str | None
    points: float
    reason: Reason | None
    types: frozenset[str]
    unknown: str | None = None
    techniques: tuple[str, ...] = ()
    title: Bilingual | None = None
    typology: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The order of outcomes (strongest first), and the points from which each is reached."""

    order: tuple[str, ...] = OUTCOMES
    thresholds: Mapping[str, float]

    def rank(self, outcome: str) -> int:
        """0 for the strongest."""
        return self.order.index(outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Events in wire form and what must be decided about the last decided one.

    `line` is where the example stands in its source, `lines` where each of its events does.
    """

    name: str
    given: tuple[dict[str, object], ...]
    expect: Mapping[str, object]
    source: str
    line: int | None
    lines: tuple[int | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Everything that a decision depends on beside the event and the state.

    `derived` are features computed from other features; `unknown` is the outcome of an unknown
    rule that names none (None: unknowns are recorded and change nothing); `fallback` is the outcome
    of a decision that could not be computed; `hash` is the SHA-256 of the policy's content;
    `models` are those whose probabilities the policy uses, by the names it gives these, and
    `challengers` those that take their place for a share of the subjects.
    """

    name: str
    version: int
    title: Bilingual
    hash: str
    catalogue: Catalogue
    events: tuple[str, ...]
    windows: tuple[WindowFeature, ...]
    conditions: Mapping[str, Expression]
    derived: Mapping[str, Expression]
    tables: tuple[DecisionTable, ...]
    scorecards: tuple[Scorecard, ...]
    rules: tuple[Rule, ...]
    outcomes: Outcomes
    unknown: str | None
    fallback: str
    scope: Scope
    rates: Mapping[str, Parameter]
    limits: Limits
    examples: tuple[Example, ...]
    description: Bilingual | None = None
    links: tuple[LinkFeature, ...] = ()
    link_limits: LinkLimits = field(default_factory=LinkLimits)
    models: Mapping[str, Model] = field(default_factory=dict)
    challengers: Mapping[str, Challenger] = field(default_factory=dict)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Window features, link features and derived ones, in declared order within each kind."""
        windows = [feature.name for feature in self.windows]
        return (*windows, *(feature.name for feature in self.links), *self.derived)

    @property
    def decided_types(self) -> tuple[EventType, ...]:
        """The event types that get a decision."""
        return tuple(self.catalogue.types[name] for name in self.events)

    @property
    def counted_types(self) -> frozenset[str]:
        """All event types that change the state: decided, counted by a feature, list changes."""
        counted = {name for feature in self.windows for name in feature.event_types or ()}
        changes = {LIST_CHANGED} if self.scope.lists else set()
        return frozenset(self.events) | counted | event_types(self.links) | changes
