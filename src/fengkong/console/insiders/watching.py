"""Raises alerts by the worker's schedule, and closes them: never by the one concerned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from fengkong.console.audit.models import Verification
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.insiders.measuring import counts_until
from fengkong.console.insiders.models import InsiderAlert, WorkingHours
from fengkong.console.insiders.watches import LEDGER, WATCHES, Judged, judged
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from datetime import time

    from fengkong.console.accounts.models import Operator
    from fengkong.console.outbox.models import Job

REASON_MIN: Final = 8
_GROWN: Final = 1.5
"""An alert of the day is told again once the count has grown by half."""


class ClosedAlertError(RiskError):
    """The alert was closed before."""

    code = "console.closed_alert"
    hint = "Open the alert again to see who closed it and why."


def watch(_job: Job) -> None:
    """Look at today, and at yesterday, whose last minutes came after the last look."""
    today = timezone.localdate()
    for day in (today, today - timedelta(days=1)):
        raise_alerts(day)
    _watch_ledger(today)


def raise_alerts(day: date) -> int:
    """Raise what is unusual on a day; how many alerts are new or have grown."""
    counts, raised = counts_until(day), 0
    for (kind, operator, counted_on), observed in sorted(counts.of.items()):
        if counted_on != day:
            continue
        history = counts.history(kind, operator, before=day)
        found = judged(WATCHES[kind], observed=observed, history=history)
        if found is not None:
            raised += _raised(kind, operator, day, found)
    return raised


def visible_alerts(operator: Operator) -> QuerySet[InsiderAlert]:
    """The alerts that an operator may see: never those about themselves."""
    if not operator.may("insiders.view"):
        return InsiderAlert.objects.none()
    found = InsiderAlert.objects.select_related("operator", "closed_by")
    return found.exclude(operator=operator)


@transaction.atomic
def close_alert(operator: Operator, alert_id: int, *, reason: str) -> InsiderAlert:
    """Close an alert with a reason; raises PermissionDenied, ClosedAlertError.

    Raises InsiderAlert.DoesNotExist where it is about the operator: they do not know of it.
    """
    if not operator.may("insiders.close"):
        raise PermissionDenied("insiders.close")
    alert = visible_alerts(operator).select_for_update(of=("self",)).get(pk=alert_id)
    if alert.state != InsiderAlert.State.OPEN:
        raise ClosedAlertError(f"{alert} was closed before")
    alert.state, alert.closed_by = InsiderAlert.State.CLOSED, operator
    alert.closed_at, alert.reason = timezone.now(), reason.strip()[:400]
    alert.save()
    detail = {"kind": alert.kind, "reason": alert.reason}
    record(
        operator,
        "close_insider_alert",
        target_kind="insider_alert",
        target=str(alert.pk),
        detail=detail,
    )
    return alert


@transaction.atomic
def set_working_hours(
    operator: Operator, about: Operator, *, starts_at: time, ends_at: time, weekends: bool
) -> None:
    """Say when an operator works; raises PermissionDenied, also where it is oneself."""
    if not operator.may("insiders.close") or operator.pk == about.pk:
        raise PermissionDenied("insiders.close")
    old = WorkingHours.objects.filter(operator=about).first()
    before = None if old is None else _hours_facts(old)
    new, _ = WorkingHours.objects.update_or_create(
        operator=about,
        defaults={"starts_at": starts_at, "ends_at": ends_at, "weekends": weekends},
    )
    record(
        operator,
        "set_working_hours",
        target_kind="operator",
        target=about.username,
        detail={"before": before, "after": _hours_facts(new)},
    )


def _hours_facts(hours: WorkingHours) -> dict[str, object]:
    return {
        "begins": f"{hours.starts_at:%H:%M}",
        "ends": f"{hours.ends_at:%H:%M}",
        "weekends": hours.weekends,
    }


@transaction.atomic
def _raised(kind: str, operator: int | None, day: date, found: Judged) -> bool:
    """Put an alert in, or let it grow; no name stands in the entry: the one concerned may read."""
    alert, is_new = InsiderAlert.objects.select_for_update().get_or_create(
        kind=kind,
        operator_id=operator,
        day=day,
        defaults={"observed": found.observed, "limit": found.limit, "usual": found.usual},
    )
    if not is_new:
        if alert.state == InsiderAlert.State.CLOSED or found.observed < alert.observed * _GROWN:
            return False
        alert.observed = found.observed
        alert.save(update_fields=("observed",))
    detail = {"kind": kind, "observed": found.observed, "limit": found.limit}
    record(
        SYSTEM,
        "raise_insider_alert",
        target_kind="insider_alert",
        target=str(alert.pk),
        detail=detail,
    )
    return True


def _watch_ledger(today: date) -> None:
    """A ledger that was found broken concerns whoever could have done it."""
    last = Verification.objects.exclude(state=Verification.State.RUNNING).first()
    if last is not None and last.state == Verification.State.BROKEN:
        known = InsiderAlert.objects.filter(kind=LEDGER, state=InsiderAlert.State.OPEN)
        if not known.exists():
            _raised(LEDGER, None, today, Judged(last.entry or 1, 0, None))
