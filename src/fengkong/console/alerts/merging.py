"""Decisions become alerts: a pure fold in the order of the journal.

A decision joins the newest alert of its subject and typology while that one's window is open and
nobody has closed it, or while subject and typology are snoozed; else it opens a new one, whose id
follows from subject, typology and its own place in the journal. No clock, no dice: the same
decisions give the same alerts, however they are cut into batches.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple

from fengkong.console.alerts.terms import Terms
from fengkong.console.journaled.seen import SeenDecision

STRENGTH: Final = ("allow", "challenge", "review", "delay", "deny")
RULES_MAX: Final = 40
"""Ids of rules that an alert keeps; its decisions have them all."""
_UNIT_MINOR: Final = 100
_MINUTE_US: Final = 60_000_000
_ID_CHARS: Final = 24


class Key(NamedTuple):
    """What decisions are merged by."""

    subject: str
    typology: str


@dataclass(frozen=True, slots=True)
class Rest:
    """A snooze; `until` is in microseconds since 1970."""

    from_sequence: int
    until: int
    ended_sequence: int | None

    def holds_for(self, decision: SeenDecision) -> bool:
        """Whether a decision came while it rested."""
        if decision.sequence <= self.from_sequence or decision.recorded_at >= self.until:
            return False
        return self.ended_sequence is None or decision.sequence <= self.ended_sequence


@dataclass(slots=True, kw_only=True)
class MadeAlert:
    """An alert as far as it is made of decisions; instants in microseconds since 1970."""

    id: str
    subject: str
    typology: str
    event_type: str
    policy: str
    outcome: str
    first_sequence: int
    newest_sequence: int
    opened_at: int
    newest_at: int
    due_at: int
    rank_at: int
    decisions: int
    points: float
    probability: float | None
    exposure_minor: int
    expected_loss_minor: int
    currency: str
    rules: list[str]
    team: str
    skill: str
    closed_sequence: int | None = None


class Joined(NamedTuple):
    """A decision and the alert that it joined; `slept` while that one was snoozed."""

    decision: SeenDecision
    alert: str
    slept: bool


@dataclass(slots=True)
class Fold:
    """The newest alert of every key that is concerned, and what the decisions at hand make of it.

    `closed` knows how far the journal was read when an alert of an id was closed, where the fold
    makes alerts again that operators have closed before.
    """

    newest: dict[Key, MadeAlert]
    rests: Mapping[Key, Sequence[Rest]] = field(default_factory=dict)
    closed: Mapping[str, int] = field(default_factory=dict)
    touched: dict[str, MadeAlert] = field(default_factory=dict)
    joined: list[Joined] = field(default_factory=list)

    def take(self, decision: SeenDecision, *, typology: str, terms: Terms) -> None:
        """Merge one decision that is worth an alert."""
        key = Key(decision.subject, typology)
        alert = self.newest.get(key)
        rests = any(rest.holds_for(decision) for rest in self.rests.get(key, ()))
        if alert is None or not (rests or _is_open_for(alert, decision, terms=terms)):
            alert = _opened(decision, typology=typology, terms=terms)
            alert.closed_sequence = self.closed.get(alert.id)
            self.newest[key] = alert
        _add(alert, decision, terms=terms)
        self.touched[alert.id] = alert
        self.joined.append(Joined(decision, alert.id, rests))


def alert_id(subject: str, typology: str, sequence: int) -> str:
    """The id of the alert that a decision opens."""
    made = hashlib.sha256(f"{subject}\0{typology}\0{sequence}".encode()).hexdigest()
    return made[:_ID_CHARS]


def worth_an_alert(
    decisions: Iterable[SeenDecision],
    *,
    terms_at: Callable[[int], Terms],
    is_sampled: Callable[[SeenDecision, Terms], bool],
) -> Iterable[SeenDecision]:
    """The decisions of which alerts are made: about somebody, of an outcome that terms name.

    Others are those that `is_sampled` picks at random.
    """
    for one in decisions:
        if not one.subject or one.erased:
            continue
        terms = terms_at(one.sequence)
        if one.outcome in terms.outcomes or is_sampled(one, terms):
            yield one


def rank_of(*, due_at: int, expected_loss_minor: int, terms: Terms) -> int:
    """When an alert would be due if a doubled loss were worth some minutes, in microseconds.

    Of two that fall due together the costlier one goes first; of two that cost the same, the
    older. The order of two alerts does not change as time goes by, so an index can keep it.
    """
    doublings = math.log2(1 + max(0, expected_loss_minor) / _UNIT_MINOR)
    return due_at - round(doublings * terms.minutes_per_doubling) * _MINUTE_US


def _is_open_for(alert: MadeAlert, decision: SeenDecision, *, terms: Terms) -> bool:
    if alert.closed_sequence is not None and decision.sequence > alert.closed_sequence:
        return False
    return decision.recorded_at < alert.opened_at + terms.window_us


def _opened(decision: SeenDecision, *, typology: str, terms: Terms) -> MadeAlert:
    declared = terms.typology(typology)
    due_at = decision.recorded_at + declared.sla_minutes * _MINUTE_US
    return MadeAlert(
        id=alert_id(decision.subject, typology, decision.sequence),
        subject=decision.subject,
        typology=typology,
        event_type=decision.event_type,
        policy=decision.policy,
        outcome=decision.outcome,
        first_sequence=decision.sequence,
        newest_sequence=decision.sequence,
        opened_at=decision.recorded_at,
        newest_at=decision.recorded_at,
        due_at=due_at,
        rank_at=due_at,
        decisions=0,
        points=decision.points,
        probability=None,
        exposure_minor=0,
        expected_loss_minor=0,
        currency=terms.currency,
        rules=[],
        team=declared.team,
        skill=typology,
    )


def _add(alert: MadeAlert, decision: SeenDecision, *, terms: Terms) -> None:
    alert.decisions += 1
    alert.newest_sequence = decision.sequence
    alert.newest_at = max(alert.newest_at, decision.recorded_at)
    alert.points = max(alert.points, decision.points)
    if STRENGTH.index(decision.outcome) > STRENGTH.index(alert.outcome):
        alert.outcome = decision.outcome
    if decision.probability is not None:
        alert.probability = max(alert.probability or 0.0, decision.probability)
    exposure, loss = _loss(decision, terms=terms)
    alert.exposure_minor += exposure
    alert.expected_loss_minor += loss
    known = set(alert.rules)
    fresh = [rule for rule in decision.rules if rule not in known]
    alert.rules = [*alert.rules, *fresh][:RULES_MAX]
    alert.rank_at = rank_of(
        due_at=alert.due_at, expected_loss_minor=alert.expected_loss_minor, terms=terms
    )


def _loss(decision: SeenDecision, *, terms: Terms) -> tuple[int, int]:
    """What is at risk in a decision, and what of it is lost on average, in whole minor units."""
    amount = abs(decision.amount_minor or 0)
    exposure = terms.in_own_currency(amount, decision.currency) * terms.at_risk(decision.outcome)
    probability = (
        terms.probability(decision.outcome)
        if decision.probability is None
        else Fraction(decision.probability)
    )
    return round(exposure), round(exposure * probability)
