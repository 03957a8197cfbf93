"""Snoozes: an alert rests until a time, and what comes about it joins it without waking anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import WORK, ClosedAlertError, locked_position
from fengkong.console.alerts.models import Alert, Snooze
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.outbox.models import Job
from fengkong.core.errors import RiskError

LONGEST: Final = timedelta(days=30)
LENGTHS: Final = {"1h": 3_600, "4h": 14_400, "1d": 86_400, "7d": 604_800, "30d": 2_592_000}
"""How long one may snooze, in seconds."""


class EndlessSnoozeError(RiskError):
    """A snooze ends in the past, or lasts too long."""

    code = "alerts.endless_snooze"
    hint = "Choose an end within the next 30 days."


@transaction.atomic
def snooze(alert_id: str, operator: Operator, *, until: datetime, reason: str) -> Snooze:
    """Have an alert rest; it comes back by itself, with everything that came meanwhile.

    Raises PermissionDenied, ClosedAlertError, EndlessSnoozeError, Alert.DoesNotExist.
    """
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    now = timezone.now()
    if not now < until <= now + LONGEST:
        raise EndlessSnoozeError(f"until {until:%F %R}")
    read_upto = locked_position()
    alert = Alert.objects.select_for_update().get(pk=alert_id)
    if alert.state != Alert.State.OPEN:
        raise ClosedAlertError(f"alert {alert.short_id} is {alert.state}")
    alert.state, alert.snoozed_until = Alert.State.SNOOZED, until
    alert.claimed_by = alert.claimed_at = alert.claimed_until = None
    alert.save(
        update_fields=("state", "snoozed_until", "claimed_by", "claimed_at", "claimed_until")
    )
    made = Snooze.objects.create(
        alert_id=alert.pk,
        subject=alert.subject,
        typology=alert.typology,
        from_sequence=read_upto,
        until=until,
        reason=reason.strip()[:400],
        operator=operator,
    )
    record(
        operator,
        "snooze_alert",
        target_kind="alert",
        target=alert.pk,
        detail={"until": until.isoformat(), "reason": made.reason},
    )
    return made


@transaction.atomic
def wake(alert_id: str, operator: Operator) -> None:
    """End a snooze before its time; raises PermissionDenied."""
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    read_upto = locked_position()
    asleep = Alert.objects.filter(pk=alert_id, state=Alert.State.SNOOZED)
    if asleep.update(state=Alert.State.OPEN, snoozed_until=None):
        resting = Snooze.objects.filter(alert_id=alert_id, ended_sequence=None)
        resting.update(ended_sequence=read_upto)
        record(operator, "wake_alert", target_kind="alert", target=alert_id)


def wake_alerts(_job: Job) -> None:
    """Wake the alerts whose snooze is over; the worker does so every few seconds."""
    with transaction.atomic():
        over = Alert.objects.filter(state=Alert.State.SNOOZED, snoozed_until__lte=timezone.now())
        ids = list(over.values_list("pk", flat=True)[:500])
        if not ids:
            return
        Alert.objects.filter(pk__in=ids).update(state=Alert.State.OPEN, snoozed_until=None)
        record(
            SYSTEM,
            "wake_alert",
            target_kind="alert",
            target=ids[0],
            detail={"alerts": ids[:100], "count": len(ids)},
        )
