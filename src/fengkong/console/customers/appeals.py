"""Appeals against automated decisions: taken in, worked by other hands, answered in time.

Who is concerned by a decision with great influence that was made by automation alone may ask for an
explanation and refuse it (个人信息保护法, article 24, third paragraph). The explanation is a
wording that gives nothing away; the review is done by a person who had no part in the first
decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from fengkong.console.approvals.own_hands import attempts_recorded
from fengkong.console.audit.recording import record
from fengkong.console.cases.labels import promise_label
from fengkong.console.customers.deadlines import deadline_at, deadline_named
from fengkong.console.customers.decided import decision_of, hands_in
from fengkong.console.customers.errors import (
    AnsweredAppealError,
    ConflictingAppealError,
    ExtendedAppealError,
    SameHandsError,
    UnfitAnswerError,
)
from fengkong.console.customers.models import Appeal
from fengkong.console.customers.telling import tell_answered, tell_received
from fengkong.console.customers.wordings import wordings_at
from fengkong.console.personal.sealing import open_text, seal_text
from fengkong.protection.errors import TamperedFileError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.core.bilingual import Language

TARGET: Final = "appeal"
TAKE: Final = "appeals.take"
WORK: Final = "appeals.work"
TEXT_MAX: Final = 4_000


@transaction.atomic
def take_in(
    operator: Operator,
    *,
    reference: str,
    event_id: str,
    grounds: str,
    language: Language,
    came_by: Appeal.Came,
) -> Appeal:
    """An appeal as it came; the same reference again is the same appeal.

    Raises PermissionDenied, UnknownDecisionError, ConflictingAppealError.
    """
    if not operator.may(TAKE):
        raise PermissionDenied(TAKE)
    decision = decision_of(event_id)
    now = timezone.now()
    deadline = deadline_at(now)
    try:
        with transaction.atomic():
            appeal = Appeal.objects.create(
                reference=reference,
                sequence=decision.sequence,
                event_id=event_id,
                subject=decision.subject,
                language=language,
                came_by=came_by,
                received_at=now,
                received_by=operator.username,
                due_at=deadline.due(now),
                deadline=deadline.name,
                grounds_sealed=seal_text(grounds.strip()[:TEXT_MAX], context=_grounds(reference)),
                first_deciders=hands_in(decision.sequence),
            )
    except IntegrityError:
        known = Appeal.objects.get(reference=reference)
        if known.event_id != event_id:
            raise ConflictingAppealError(f"{reference} is about another event") from None
        return known
    _record(operator, "take_appeal_in", appeal, due_at=appeal.due_at.isoformat())
    tell_received(appeal)
    return appeal


@attempts_recorded("appeal")
@transaction.atomic
def claim(operator: Operator, appeal_id: int) -> Appeal:
    """Take an appeal to work it; raises PermissionDenied, SameHandsError, AnsweredAppealError."""
    appeal = _workable(operator, appeal_id)
    before = appeal.owner.username if appeal.owner else ""
    appeal.owner = operator
    appeal.save(update_fields=("owner", "first_deciders"))
    _record(
        operator, "claim_appeal", appeal, before={"owner": before}, after={"owner": str(operator)}
    )
    return appeal


@attempts_recorded("appeal")
@transaction.atomic
def answer(
    operator: Operator, appeal_id: int, *, outcome: str, findings: str, was_good: str = ""
) -> Appeal:
    """Answer an appeal with the wording of its outcome; the core system is told.

    `was_good` ("yes") says that the event was no fraud, which becomes a label. Raises
    PermissionDenied, SameHandsError, AnsweredAppealError, UnfitAnswerError.
    """
    appeal = _workable(operator, appeal_id)
    if outcome not in Appeal.Outcome.values or not findings.strip():
        raise UnfitAnswerError(f"outcome {outcome[:20]!r}")
    appeal.owner = appeal.owner or operator
    appeal.state, appeal.outcome = Appeal.State.ANSWERED, outcome
    appeal.findings_sealed = seal_text(
        findings.strip()[:TEXT_MAX], context=_findings(appeal.reference)
    )
    appeal.answered_at, appeal.answered_by = timezone.now(), operator.username
    appeal.save()
    wordings = wordings_at(timezone.localdate(appeal.answered_at))
    _record(
        operator,
        "answer_appeal",
        appeal,
        result=outcome,
        wording=wordings.name,
        in_time=appeal.answered_at <= appeal.due_at,
        was_good=was_good == "yes",
    )
    if was_good == "yes":
        promise_label(
            f"appeal-{appeal.pk}",
            sequence=appeal.sequence,
            event_id=appeal.event_id,
            is_fraud=False,
            source="investigator",
            author=operator.username,
        )
    tell_answered(appeal, wording_of(appeal))
    return appeal


@attempts_recorded("appeal")
@transaction.atomic
def extend(operator: Operator, appeal_id: int, *, why: str) -> Appeal:
    """Give a complex appeal the longest time allowed, once.

    Raises PermissionDenied, SameHandsError, AnsweredAppealError, ExtendedAppealError.
    """
    appeal = _workable(operator, appeal_id)
    deadline = deadline_named(appeal.deadline)
    longest = deadline.due(appeal.received_at, extended=deadline.longest_days)
    if appeal.due_at >= longest or not why.strip():
        raise ExtendedAppealError(f"{appeal.reference} is due at {appeal.due_at:%F}")
    before, appeal.due_at = appeal.due_at, longest
    appeal.save(update_fields=("due_at",))
    _record(
        operator,
        "extend_appeal",
        appeal,
        before={"due_at": before.isoformat()},
        after={"due_at": longest.isoformat()},
        reason=why.strip()[:200],
    )
    return appeal


@transaction.atomic
def withdraw(operator: Operator, appeal_id: int) -> Appeal:
    """Write down that the customer took an appeal back.

    Raises PermissionDenied, AnsweredAppealError.
    """
    if not operator.may(TAKE):
        raise PermissionDenied(TAKE)
    appeal = _open(appeal_id)
    appeal.state = Appeal.State.WITHDRAWN
    appeal.save(update_fields=("state",))
    _record(operator, "withdraw_appeal", appeal)
    return appeal


def waiting_appeals() -> QuerySet[Appeal]:
    """The appeals that wait for an answer, the most urgent first."""
    return Appeal.objects.filter(state=Appeal.State.OPEN).order_by("due_at", "id")


def wording_of(appeal: Appeal) -> dict[str, str]:
    """What the customer is told of an appeal as it stands, in their language."""
    day = timezone.localdate(appeal.answered_at or appeal.received_at)
    key = appeal.outcome or "received"
    language: Language = "zh" if appeal.language == "zh" else "en"
    return wordings_at(day).appeals[key].told(language)


def grounds_of(appeal: Appeal) -> str | None:
    """What the customer wrote; None where it is gone."""
    return _opened(bytes(appeal.grounds_sealed), context=_grounds(appeal.reference))


def findings_of(appeal: Appeal) -> str | None:
    """What the review found, for the desk alone; None where there is nothing."""
    return _opened(bytes(appeal.findings_sealed), context=_findings(appeal.reference))


def is_barred(operator: Operator, appeal: Appeal) -> bool:
    """Whether somebody had a part in the first decision, so that another must review it."""
    return operator.username in {*appeal.first_deciders, *hands_in(appeal.sequence)}


def _workable(operator: Operator, appeal_id: int) -> Appeal:
    """The appeal, locked, that this operator may work."""
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    appeal = _open(appeal_id)
    if is_barred(operator, appeal):
        raise SameHandsError(f"{operator} had a part in decision {appeal.sequence}")
    return appeal


def _open(appeal_id: int) -> Appeal:
    appeal = Appeal.objects.select_for_update().get(pk=appeal_id)
    if not appeal.is_open:
        raise AnsweredAppealError(f"{appeal.reference} is {appeal.state}")
    return appeal


def _opened(sealed: bytes, *, context: str) -> str | None:
    if not sealed:
        return None
    try:
        return open_text(sealed, context=context)
    except TamperedFileError:
        return None


def _grounds(reference: str) -> str:
    return f"appeal-grounds:{reference}"


def _findings(reference: str) -> str:
    return f"appeal-findings:{reference}"


def _record(operator: Operator, action: str, appeal: Appeal, **detail: object) -> None:
    shown = {"sequence": appeal.sequence, "reference": appeal.reference} | detail
    record(operator, action, target_kind=TARGET, target=str(appeal.pk), detail=shown)
