"""Claims: whose alert it is for now, given by the queue or taken by hand, ended by time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import WORK, ClosedAlertError
from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.queries import free_for, inbox_of
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

LASTS: Final = timedelta(minutes=30)


class ClaimedAlertError(RiskError):
    """A colleague is at this alert."""

    code = "alerts.claimed_alert"
    hint = "Take another one, or wait until the claim ends; it does so by itself."


@transaction.atomic
def take_next(operator: Operator) -> Alert | None:
    """Claim the first alert of somebody's inbox that nobody is at; None where there is none.

    Two who ask at the same time get two alerts. Raises PermissionDenied.
    """
    _demand(operator)
    now = timezone.now()
    waiting = inbox_of(operator).filter(free_for(operator, now=now))
    if connection.vendor == "postgresql":
        waiting = waiting.select_for_update(skip_locked=True, of=("self",))
    alert = waiting.first()
    if alert is not None:
        _give(alert, operator)
    return alert


@transaction.atomic
def claim(alert_id: str, operator: Operator) -> Alert:
    """Claim an alert, or a claim of one's own anew.

    Raises PermissionDenied, ClaimedAlertError, ClosedAlertError, Alert.DoesNotExist.
    """
    _demand(operator)
    alert = Alert.objects.select_for_update().get(pk=alert_id)
    if alert.state == Alert.State.CLOSED:
        raise ClosedAlertError(f"alert {alert.short_id} is closed")
    if holder_of(alert) not in {None, operator.pk}:
        raise ClaimedAlertError(f"alert {alert.short_id} is claimed")
    _give(alert, operator)
    return alert


@transaction.atomic
def release(alert_id: str, operator: Operator) -> None:
    """Give a claim of one's own back; harmless where there is none."""
    mine = Alert.objects.filter(pk=alert_id, claimed_by=operator)
    if mine.update(claimed_by=None, claimed_at=None, claimed_until=None):
        record(operator, "release_alert", target_kind="alert", target=alert_id)


@transaction.atomic
def move(alert_id: str, team: str, operator: Operator) -> None:
    """Put an alert into another team's inbox, without its claim; raises PermissionDenied."""
    _demand(operator)
    alert = Alert.objects.select_for_update().get(pk=alert_id)
    before, alert.team = alert.team, team
    alert.claimed_by = alert.claimed_at = alert.claimed_until = None
    alert.save(update_fields=("team", "claimed_by", "claimed_at", "claimed_until"))
    detail = {"before": before, "after": team}
    record(operator, "move_alert", target_kind="alert", target=alert_id, detail=detail)


def holder_of(alert: Alert) -> int | None:
    """Who is at an alert now; None where nobody is, or the claim has ended."""
    ended = alert.claimed_until is None or alert.claimed_until <= timezone.now()
    return None if ended else alert.claimed_by_id


def _give(alert: Alert, operator: Operator) -> None:
    now = timezone.now()
    if alert.claimed_by_id != operator.pk or alert.claimed_at is None:
        alert.claimed_at = now
    alert.claimed_by, alert.claimed_until = operator, now + LASTS
    alert.save(update_fields=("claimed_by", "claimed_at", "claimed_until"))
    record(operator, "claim_alert", target_kind="alert", target=alert.pk)


def _demand(operator: Operator) -> None:
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
