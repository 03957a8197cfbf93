"""A made desk for the tests of the loop: alerts, closings that stand, labels that came later."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from tests.console.journaled.test_intake import decided, entries
from tests.console.operators import new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import dispose
from fengkong.console.alerts.models import Alert, Closing
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.feedback.desk import count_desk
from fengkong.console.feedback.sampling import propose_random_share
from fengkong.console.journaled.intake import take_in
from fengkong.console.journaled.seen import SeenDecision, SeenLabel
from fengkong.console.outbox.models import Job

DAY_US = 86_400_000_000


def agreed_share(share: float) -> None:
    """Two people agree on how much allowed traffic is reviewed at random."""
    senior, officer = new_operator("senior_analyst"), new_operator("compliance_officer")
    approve(officer, propose_random_share(senior, share, reason="to know what is missed").pk)


def now_us() -> int:
    """This instant in microseconds."""
    return (timezone.now() - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def lately(sequence: int, *, days: float = 1.0, **fields: Any) -> SeenDecision:
    """A decision of some days ago, about somebody of its own."""
    at = now_us() - int(days * DAY_US) + sequence
    made = {"occurred_at": at, "recorded_at": at, "subject": f"{sequence:032x}"}
    return decided(sequence, **(made | fields))


def truth(sequence: int, place: int, *, is_fraud: bool, days: float = 0.5) -> SeenLabel:
    """The label of a decision, given some days ago."""
    at = now_us() - int(days * DAY_US)
    return SeenLabel(f"e-{sequence}", is_fraud, "fraud", at, place, source="issuer")


def told(*labels: SeenLabel, after: int) -> None:
    """Labels arrive."""
    take_in(entries(after=after, upto=max(one.sequence for one in labels), labels=list(labels)))


REASONS = {"confirmed_fraud": "customer_denies", "false_positive": "usual_behaviour"}


def close(alert: Alert, disposition: str, operator: Operator, reason: str) -> None:
    """Close an alert, long enough ago that it stands."""
    closing = dispose([alert.pk], disposition, reason, operator)
    Closing.objects.filter(pk=closing.pk).update(undo_until=timezone.now() - timedelta(seconds=1))


def count() -> None:
    """What the worker does every half minute."""
    count_desk(Job())
