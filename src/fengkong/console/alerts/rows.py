"""An alert as one row of the queue shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from fengkong.console.alerts.claiming import holder_of
from fengkong.console.alerts.models import Alert, AlertDecision, Disposition
from fengkong.console.alerts.terms import Terms
from fengkong.console.alerts.watching import watchers
from fengkong.console.alerts.words import TONES, reason_title, team_title, typology_title
from fengkong.console.audit.models import AuditEntry
from fengkong.console.shell.spoken import event_title


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a row shows; `holder` is empty where nobody has claimed it."""

    alert: Alert
    typology: str
    team: str
    event: str
    holder: str
    looking: str
    clock: Clock
    address: str
    disposition_tone: str
    reason: str


@dataclass(frozen=True, slots=True)
class Clock:
    """How an alert stands against its SLA: `tone` is green, amber or red."""

    due_at: datetime
    tone: str
    overdue: int
    seconds: float


def clock_of(alert: Alert, *, now: datetime) -> Clock:
    """The clock of an alert, stopped where it is closed; amber in its last quarter."""
    at = alert.closed_at or now
    left = (alert.due_at - at).total_seconds()
    whole = max(1.0, (alert.due_at - alert.opened_at).total_seconds())
    tone = "red" if left < 0 else "amber" if left < whole / 4 else "green"
    whole_minutes = abs(left) // 60 * 60
    return Clock(alert.due_at, tone, int(left < 0), whole_minutes or abs(left))


def rows_of(alerts: Sequence[Alert], *, terms: Terms) -> list[Row]:
    """The rows of some alerts."""
    now = timezone.now()
    looking = watchers(alert.pk for alert in alerts)
    return [_row(alert, looking=looking, now=now, terms=terms) for alert in alerts]


def version() -> str:
    """What stays the same while no row of the queue can have changed; cheap to ask."""
    told = AlertDecision.objects.aggregate(newest=Max("sequence"))["newest"]
    done = AuditEntry.objects.aggregate(newest=Max("sequence"))["newest"]
    return f"{told}-{done}-{timezone.now():%H%M}"


def fingerprint(alerts: Iterable[Alert], total: int | None) -> str:
    """What changes when rows would show something else; the minute, because clocks run."""
    told: list[Any] = [total, f"{timezone.now():%H%M}"]
    told += [
        (one.pk, one.newest_sequence, one.state, holder_of(one), one.case_id, one.team)
        for one in alerts
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _row(alert: Alert, *, looking: Mapping[str, list[str]], now: datetime, terms: Terms) -> Row:
    return Row(
        alert=alert,
        typology=typology_title(alert.typology, terms),
        team=team_title(alert.team, terms),
        event=event_title(alert.event_type),
        holder="" if holder_of(alert) is None else str(alert.claimed_by),
        looking=", ".join(looking.get(alert.pk, [])),
        clock=clock_of(alert, now=now),
        address=reverse("alerts:alert", args=[alert.pk]),
        disposition_tone=TONES[Disposition(alert.disposition)] if alert.disposition else "",
        reason=reason_title(alert.reason_code) if alert.reason_code else "",
    )
