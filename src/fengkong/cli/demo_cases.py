"""Cases of a demonstration: some worked to their end, one open, and an appeal with its clock."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.utils import timezone, translation

from fengkong.cli.language import current_language
from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.terms import reason_codes
from fengkong.console.cases import changing
from fengkong.console.cases.checklist import tick, ticked_steps
from fengkong.console.cases.models import Case
from fengkong.console.cases.notes import write_note
from fengkong.console.cases.opening import case_for
from fengkong.console.customers import appeals
from fengkong.console.customers.models import Appeal
from fengkong.console.journaled.models import Decision

CLOSED: Final = 4
"""Cases that were worked to their end; one more is open."""
_OUTCOMES: Final = ("confirmed_fraud", "false_positive", "confirmed_fraud", "customer_confirmed")
_NOTES: Final = {
    "zh": "已致电客户，客户表示不认识收款人；等待调取设备信息。",
    "en": "Called the customer, who does not know the payee; waiting for the device's records.",
}
_GROUNDS: Final = {
    "zh": "这笔付款是我本人操作的，请说明被拒绝的原因。",
    "en": "I made this payment myself. Please tell me why it was refused.",
}


def made_demo_cases() -> int:
    """Cases from the dearest alerts and an appeal; how many cases. None where there are some.

    Needs a started Django, and the roles' demo operators.
    """
    try:
        with translation.override("zh-hans" if current_language() == "zh" else "en"):
            worker = Operator.objects.filter(username="analyst").first()
            if worker is None or Case.objects.exists():
                return 0
            return _made(worker)
    finally:
        connection.close()


def _made(worker: Operator) -> int:
    alerts = Alert.objects.filter(state=Alert.State.OPEN, made=True).exclude(subject="")
    chosen = {one.subject: one for one in alerts.order_by("expected_loss_minor")}
    dearest = list(chosen.values())[::-1][: CLOSED + 1]
    for number, alert in enumerate(dearest):
        with transaction.atomic():
            case = case_for([alert.pk], worker)
            for one in ticked_steps(case)[: 2 if number == len(dearest) - 1 else None]:
                tick(worker, case.pk, one.step.id, "done")
            write_note(worker, case.pk, _NOTES["zh" if current_language() == "zh" else "en"])
            if number < len(dearest) - 1:
                outcome = _OUTCOMES[number % len(_OUTCOMES)]
                changing.close(worker, case.pk, outcome=outcome, reason_code=_reason_of(outcome))
    _appeal(worker)
    return len(dearest)


def _appeal(worker: Operator) -> None:
    denied = Decision.objects.filter(outcome="deny", erased=False).order_by("-occurred_at").first()
    if denied is None:
        return
    with transaction.atomic():
        appeals.take_in(
            worker,
            reference=f"DEMO-{timezone.localdate():%Y%m%d}",
            event_id=denied.event_id,
            grounds=_GROUNDS["zh" if current_language() == "zh" else "en"],
            language="zh" if current_language() == "zh" else "en",
            came_by=Appeal.Came.OPERATOR,
        )


def _reason_of(outcome: str) -> str:
    return next(code for code, one in reason_codes().items() if outcome in one.dispositions)
