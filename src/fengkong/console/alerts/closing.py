"""Closes alerts with a disposition, and takes it back within the time of undo.

A disposition is what an operator says; what it teaches, the label, is sent to the decision
service once it cannot be undone any more (`labelling`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert, Closing, Disposition
from fengkong.console.alerts.terms import reason_codes
from fengkong.console.audit.recording import record
from fengkong.console.journaled.intake import TAIL
from fengkong.console.journaled.models import Cursor
from fengkong.console.outbox.jobs import put
from fengkong.core.errors import RiskError

WORK: Final = "alerts.work"
LABEL_JOB: Final = "send_alert_labels"
UNDO: Final = timedelta(seconds=10)
CLOSED_AT_ONCE_MAX: Final = 500
_SHOWN: Final = 200


class UnknownReasonError(RiskError):
    """A disposition has no reason code, or one that does not go with it."""

    code = "alerts.unknown_reason"
    hint = "Choose one of the reason codes of this disposition."


class ClosedAlertError(RiskError):
    """An alert was closed before."""

    code = "alerts.closed_alert"
    hint = "Open the alert to see what became of it; reopen it to decide anew."


class ChangedAlertError(RiskError):
    """An alert got further decisions after it was looked at."""

    code = "alerts.changed_alert"
    hint = "Look at its new decisions, then close it."


class TooManyAlertsError(RiskError):
    """More alerts than can be closed at once."""

    code = "alerts.too_many"
    hint = "Close them in several parts."


class PastUndoError(RiskError):
    """The time to undo is over, or it was undone before."""

    code = "alerts.past_undo"
    hint = "Reopen the alert and close it anew; the newer label replaces the older one."


@transaction.atomic
def dispose(
    alert_ids: Sequence[str],
    disposition: str,
    reason_code: str,
    operator: Operator,
    *,
    remark: str = "",
    seen: Mapping[str, int] | None = None,
    most: int = CLOSED_AT_ONCE_MAX,
) -> Closing:
    """Close alerts together; all of them or none.

    `most` is how many may be closed at once. `seen` is how far (`newest_sequence`) each was
    looked at, where that is known. Raises PermissionDenied, UnknownReasonError,
    ClosedAlertError, ChangedAlertError, TooManyAlertsError.
    """
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    _check_reason(disposition, reason_code)
    if len(alert_ids) > most:
        raise TooManyAlertsError(f"{len(alert_ids):,} alerts, {most:,} at most")
    read_upto, now = locked_position(), timezone.now()
    alerts = list(Alert.objects.select_for_update().filter(pk__in=alert_ids).order_by("pk"))
    _check(alerts, alert_ids, seen=seen or {})
    closing = Closing.objects.create(
        disposition=disposition,
        reason_code=reason_code,
        remark=remark.strip(),
        operator=operator,
        at=now,
        undo_until=now + UNDO,
    )
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(
        state=Alert.State.CLOSED,
        disposition=disposition,
        reason_code=reason_code,
        closing=closing,
        closed_by=operator,
        closed_at=now,
        closed_sequence=read_upto,
        snoozed_until=None,
    )
    record(
        operator,
        "close_alerts",
        target_kind="alert_closing",
        target=str(closing.pk),
        detail={
            "alerts": [alert.pk for alert in alerts[:_SHOWN]],
            "count": len(alerts),
            "disposition": disposition,
            "reason_code": reason_code,
        },
    )
    put(LABEL_JOB, {"closing": closing.pk}, due_at=closing.undo_until)
    return closing


@transaction.atomic
def undo(closing_id: int, operator: Operator) -> Closing:
    """Open again what one closed a moment ago; raises PastUndoError, PermissionDenied."""
    closing = Closing.objects.select_for_update().get(pk=closing_id)
    if closing.operator_id != operator.pk:
        raise PermissionDenied("only who closed an alert may undo it")
    now = timezone.now()
    if closing.undone_at is not None or closing.labelled_at is not None or now > closing.undo_until:
        raise PastUndoError(f"closing {closing.pk} ended at {closing.undo_until:%T}")
    closing.undone_at = now
    closing.save(update_fields=("undone_at",))
    count = _open(closing.alerts.all())
    record(
        operator,
        "undo_close_alerts",
        target_kind="alert_closing",
        target=str(closing.pk),
        detail={"count": count},
    )
    return closing


@transaction.atomic
def reopen(alert_id: str, operator: Operator, *, reason: str) -> None:
    """Open a closed alert again, to be decided anew; raises PermissionDenied.

    The label that was sent stays what is known until another one replaces it.
    """
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    if _open(Alert.objects.filter(pk=alert_id, state=Alert.State.CLOSED)):
        record(
            operator,
            "reopen_alert",
            target_kind="alert",
            target=alert_id,
            detail={"reason": reason},
        )


def locked_position() -> int:
    """How far the journal was read; the tail waits until the transaction at hand is over."""
    cursor = Cursor.objects.select_for_update().filter(name=TAIL).first()
    return 0 if cursor is None else cursor.sequence


def _open(alerts: object) -> int:
    opened: int = alerts.update(  # type: ignore[attr-defined]
        state=Alert.State.OPEN,
        disposition="",
        reason_code="",
        closed_by=None,
        closed_at=None,
        closed_sequence=None,
    )
    return opened


def _check_reason(disposition: str, reason_code: str) -> None:
    known = reason_codes().get(reason_code)
    if disposition not in Disposition.values or known is None:
        raise UnknownReasonError(f"{disposition[:40]!r} with reason {reason_code[:40]!r}")
    if disposition not in known.dispositions:
        raise UnknownReasonError(f"{reason_code} is no reason for {disposition}")


def _check(alerts: Sequence[Alert], wanted: Sequence[str], *, seen: Mapping[str, int]) -> None:
    found = {alert.pk for alert in alerts}
    missing = set(wanted) - found
    closed = [alert.pk for alert in alerts if alert.state == Alert.State.CLOSED]
    if missing or closed or not found:
        raise ClosedAlertError(f"{len(missing) + len(closed)} of {len(wanted)} are not open")
    changed = [a.pk for a in alerts if a.newest_sequence > seen.get(a.pk, a.newest_sequence)]
    if changed:
        raise ChangedAlertError(f"{', '.join(changed[:3])} changed meanwhile")
