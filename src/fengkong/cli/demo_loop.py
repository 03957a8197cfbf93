"""The loop of a demonstration: alerts closed by what their labels say, and a random sample."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from fengkong.cli.language import current_language
from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import dispose
from fengkong.console.alerts.models import Alert, AlertDecision
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.feedback.models import Labelled
from fengkong.console.feedback.sampling import propose_random_share
from fengkong.console.feedback.settings import loop_settings, set_loop
from fengkong.core.bilingual import Bilingual

RANDOM_SHARE: Final = 0.01
QUALITY_SHARE: Final = 0.3
_WHY: Final = Bilingual(zh="用于估计漏判", en="To measure what is missed")
CLOSED: Final = 60
_WRONG_EVERY: Final = 12
"""People err: every so manieth alert is closed against its label."""
_WORKERS: Final = ("analyst", "senior_analyst", "credit_officer")


def begun_demo_loop() -> None:
    """Have a share of allowed traffic reviewed; needs a started Django and demo operators."""
    try:
        senior = Operator.objects.filter(username="senior_analyst").first()
        other = Operator.objects.filter(username="compliance_officer").first()
        if senior is not None and other is not None:
            cost = loop_settings().hour_cost_minor
            share = propose_random_share(senior, RANDOM_SHARE, reason=_WHY.of(current_language()))
            approve(other, share.pk)
            set_loop(senior, quality_share=QUALITY_SHARE, hour_cost_minor=cost)
    finally:
        connection.close()


def made_demo_loop() -> int:
    """Alerts closed by their labels, unlabelled ones as false alarms; how many."""
    try:
        workers = list(Operator.objects.filter(username__in=_WORKERS).order_by("username"))
        alerts = Alert.objects.filter(state=Alert.State.OPEN, made=True, case_id=None)
        chosen = list(alerts.order_by("first_sequence").values_list("pk", flat=True)[:CLOSED])
        if not workers:
            return 0
        for number, alert in enumerate(chosen):
            _close(alert, workers[number % len(workers)], wrong=number % _WRONG_EVERY == 0)
        return len(chosen)
    finally:
        connection.close()


@transaction.atomic
def _close(alert: str, worker: Operator, *, wrong: bool) -> None:
    sequences = AlertDecision.objects.filter(alert=alert).values("sequence")
    is_fraud = Labelled.objects.filter(sequence__in=sequences, is_fraud=True).exists()
    Alert.objects.filter(pk=alert).update(
        claimed_by=worker, claimed_at=timezone.now(), claimed_until=F("due_at")
    )
    if is_fraud != wrong:
        dispose([alert], "confirmed_fraud", "customer_denies", worker)
    else:
        dispose([alert], "false_positive", "usual_behaviour", worker)
