"""Other thresholds: tried on the past first, then proposed, then approved by a second person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Fact, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record
from fengkong.console.shell.spoken import said as words
from fengkong.console.warnings.library import library_in_force, with_threshold
from fengkong.console.warnings.models import Annotation, Reading, ThresholdChange
from fengkong.core.errors import RiskError
from fengkong.indicators.assessment import Value
from fengkong.indicators.backtest import Alarm, Backtest, Episode, alarms_of, backtest
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.level import Level
from fengkong.indicators.thresholds import Direction, Fixed

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

ACT: Final = "indicator_threshold"
EDIT: Final = "indicators.edit"
APPROVE: Final = "indicators.approve"
_GAP_DAYS: Final = 10


class InvalidThresholdError(RiskError):
    """Bounds of an indicator are missing, or red is not worse than orange and yellow."""

    code = "warnings.invalid_threshold"
    hint = "Give at least one bound, each worse than the milder one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What bounds would have done beside those in force, on the same past values.

    `missed` and `new` are alarms (orange or worse) that only the one in force, or only the proposed
    one, would have raised.
    """

    proposed: Backtest
    current: Backtest
    missed: Sequence[Alarm]
    new: Sequence[Alarm]


def bounds(
    indicator: Indicator, *, yellow: float | None, orange: float | None, red: float | None
) -> Fixed:
    """Bounds as a rule; raises InvalidThresholdError where they are not in order."""
    given = [one for one in (yellow, orange, red) if one is not None]
    falling = indicator.thresholds.direction is Direction.BELOW
    if not given or given != sorted(given, reverse=falling):
        raise InvalidThresholdError("the bounds are not in order from mild to bad")
    return Fixed(yellow, orange, red)


def tried(indicator: Indicator, rule: Fixed) -> Tried:
    """Bounds tried on all values there are; today's alarms serve as the episodes."""
    values = past_values(indicator.id)
    current = backtest(values, thresholds=indicator.thresholds)
    episodes = [Episode(alarm.start, alarm.end) for alarm in _alarms(current)]
    proposed = backtest(
        values,
        thresholds=with_threshold(indicator.thresholds, rule),
        episodes=episodes,
        gap_days=_GAP_DAYS,
    )
    missed = [
        alarm
        for alarm, caught in zip(_alarms(current), proposed.caught, strict=True)
        if caught.alarm is None
    ]
    return Tried(proposed=proposed, current=current, missed=missed, new=proposed.false_alarms)


def past_values(indicator: str) -> list[Value]:
    """Every value that was computed of an indicator, in order of days."""
    rows = Reading.objects.filter(indicator=indicator).order_by("day")
    return [Value(day, value) for day, value in rows.values_list("day", "value")]


def propose_threshold(
    by: Operator, indicator: Indicator, rule: Fixed, *, effective_from: date, reason: str
) -> Proposal:
    """Ask a second person to approve bounds; what they would have done is in the proposal.

    Raises PermissionDenied.
    """
    found = tried(indicator, rule)
    content: dict[str, Any] = {
        "indicator": indicator.id,
        "effective_from": effective_from.isoformat(),
        "yellow": rule.yellow,
        "orange": rule.orange,
        "red": rule.red,
        "reason": reason[:160],
        "alarms": len(found.proposed.alarms),
        "alarms_now": len(found.current.alarms),
        "missed": len(found.missed),
        "years": round(found.proposed.years, 2),
    }
    return propose(by, ACT, target=indicator.id, reason=reason, content=content)


def perform_threshold(proposal: Proposal, by: Operator) -> None:
    """Put approved bounds in force from their day on."""
    said = proposal.content
    ThresholdChange.objects.update_or_create(
        indicator=said["indicator"],
        effective_from=date.fromisoformat(said["effective_from"]),
        defaults={
            **{name: said[name] for name in ("yellow", "orange", "red")},
            "reference": said["reason"],
            "by": proposal.proposed_by.username,
            "approved_by": by.username,
        },
    )


def described(proposal: Proposal) -> list[Fact]:
    """What is proposed, in words."""
    said = proposal.content
    indicator = library_in_force().indicators.get(said["indicator"])
    title = said["indicator"] if indicator is None else words(indicator.title)
    return [
        (_("Indicator"), title),
        (_("Effective from"), said["effective_from"]),
        (_("Yellow from"), said["yellow"]),
        (_("Orange from"), said["orange"]),
        (_("Red from"), said["red"]),
        (_("Alarms on past values"), said["alarms"]),
        (_("Alarms of the thresholds in force"), said["alarms_now"]),
        (_("Alarms that would be missed"), said["missed"]),
        (_("Years of values"), said["years"]),
    ]


@transaction.atomic
def annotate(by: Operator, indicator: str, *, day: date, text: str) -> Annotation:
    """Note something on a day of an indicator. Raises PermissionDenied."""
    if not by.may("warnings.work"):
        raise PermissionDenied("warnings.work")
    made = Annotation.objects.create(indicator=indicator, day=day, text=text[:300], by=by.username)
    detail = {"indicator": indicator, "day": str(day)}
    record(by, "annotate_indicator", target_kind="indicator", target=indicator, detail=detail)
    return made


def _alarms(found: Backtest) -> list[Alarm]:
    return alarms_of(list(found.assessments), at_least=Level.ORANGE, gap_days=_GAP_DAYS)
