"""What is done to a case: handed over, merged, split, closed, opened again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator as OperatorRow
from fengkong.console.audit.recording import record
from fengkong.console.cases import alerted
from fengkong.console.cases.errors import (
    UnfitMergeError,
    UnfitOwnerError,
    UnfitSplitError,
    UnknownReasonError,
)
from fengkong.console.cases.labels import promise_label
from fengkong.console.cases.models import TARGET, Case, CaseDecision, ChecklistTick, Disposition
from fengkong.console.cases.opening import (
    PERMISSION,
    count_again,
    demand_work,
    gather,
    open_case,
)
from fengkong.console.journaled.models import Decision

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

IS_FRAUD: Final = {
    Disposition.CONFIRMED_FRAUD: True,
    Disposition.FALSE_POSITIVE: False,
    Disposition.CUSTOMER_CONFIRMED: False,
}
"""What an outcome says of the events; that something is suspicious says neither."""
_SHOWN: Final = 100


@transaction.atomic
def hand_over(operator: Operator, case_id: int, *, to: str, remark: str) -> Case:
    """Give a case to somebody else who works cases.

    Raises PermissionDenied, ClosedCaseError, UnfitOwnerError.
    """
    demand_work(operator)
    case = open_case(case_id)
    taker = OperatorRow.objects.filter(username=to, is_active=True).first()
    if taker is None or not taker.may(PERMISSION):
        raise UnfitOwnerError(f"{to[:64]!r} may not work cases")
    before = case.owner.username if case.owner else ""
    case.owner = taker
    case.save(update_fields=("owner",))
    _record(
        operator,
        "hand_over_case",
        case,
        before={"owner": before},
        after={"owner": taker.username},
        remark=remark[:400],
    )
    return case


@transaction.atomic
def merge(operator: Operator, source_id: int, *, into: int) -> Case:
    """Make two open cases one: all that the first holds belongs to the second afterwards.

    Raises PermissionDenied, UnfitMergeError.
    """
    demand_work(operator)
    # In the order of their numbers, so that two merges never wait for each other.
    found = {
        one.pk: one
        for one in Case.objects.select_for_update().filter(pk__in={source_id, into}).order_by("pk")
    }
    if source_id == into:
        raise UnfitMergeError(f"case {into} is this case itself: choose another open case")
    for number in (source_id, into):
        if number not in found or not found[number].is_open:
            what = "there is no case" if number not in found else "not open any more is case"
            raise UnfitMergeError(f"{what} {number}: choose two open cases")
    source, target = found[source_id], found[into]
    sequences = list(source.gathered.values_list("sequence", flat=True))
    moved = alerted.move_alerts(source, target)
    gather(target, sequences, by=operator.username)
    source.gathered.all().delete()
    for papers in (source.notes, source.files):
        papers.filter(came_from=None).update(came_from=source.pk)
        papers.update(case=target)
    known = target.ticks.values_list("item", flat=True)
    ChecklistTick.objects.filter(case=source).exclude(item__in=list(known)).update(case=target)
    target.due_at = min(target.due_at, source.due_at)
    target.save(update_fields=("due_at",))
    source.state, source.merged_into = Case.State.MERGED, target
    source.closed_at, source.closed_by = timezone.now(), operator.username
    source.save()
    detail = {"decisions": sequences[:_SHOWN], "alerts": moved, "into": target.pk}
    _record(operator, "merge_case", source, **detail)
    _record(operator, "take_in_case", target, **(detail | {"from": source.pk}))
    return target


@transaction.atomic
def split(operator: Operator, case_id: int, sequences: Sequence[int], *, why: str) -> Case:
    """Make a new case of some of a case's decisions; an alert goes whole, with all it is made of.

    Raises PermissionDenied, ClosedCaseError, UnfitSplitError.
    """
    demand_work(operator)
    case = open_case(case_id)
    held = set(case.gathered.values_list("sequence", flat=True))
    chosen = alerted.whole_alerts(case, held & set(sequences)) & held
    if not chosen or chosen == held:
        raise UnfitSplitError(f"{len(chosen)} of {len(held)} decisions of case {case.pk}")
    first = Decision.objects.filter(sequence__in=list(chosen)).order_by("sequence").first()
    part = Case.objects.create(
        subject=case.subject if first is None else first.subject,
        subject_kind=case.subject_kind,
        typology=case.typology,
        team=case.team,
        owner=operator,
        opened_by=operator.username,
        due_at=case.due_at,
        split_from=case,
    )
    alerted.move_alerts(case, part, sequences=sorted(chosen))
    CaseDecision.objects.filter(case=case, sequence__in=list(chosen)).delete()
    gather(part, sorted(chosen), by=operator.username)
    count_again(case)
    detail = {"decisions": sorted(chosen)[:_SHOWN], "reason": why[:400]}
    _record(operator, "split_case", case, **(detail | {"into": part.pk}))
    _record(operator, "open_case", part, **(detail | {"from": case.pk}))
    return part


@transaction.atomic
def close(
    operator: Operator, case_id: int, *, outcome: str, reason_code: str, remark: str = ""
) -> Case:
    """End a case, and its open alerts with the same outcome and reason.

    Raises PermissionDenied, ClosedCaseError, UnknownReasonError, and what closing alerts raises.
    """
    demand_work(operator)
    case = open_case(case_id)
    if outcome not in Disposition.values or not alerted.is_reason(reason_code, of=outcome):
        raise UnknownReasonError(f"{outcome[:40]!r} with reason {reason_code[:40]!r}")
    closed = alerted.dispose(
        case, outcome=outcome, reason_code=reason_code, operator=operator, remark=remark
    )
    case.state, case.outcome, case.reason_code = Case.State.CLOSED, outcome, reason_code
    case.closed_at, case.closed_by = timezone.now(), operator.username
    case.save()
    _teach(case, outcome)
    _record(
        operator,
        "close_case",
        case,
        disposition=outcome,
        reason_code=reason_code,
        alerts=closed,
        remark=remark[:400],
    )
    return case


@transaction.atomic
def reopen(operator: Operator, case_id: int, *, why: str) -> Case:
    """Open a closed case again; its alerts stay as they are until somebody opens them.

    Raises PermissionDenied, UnfitMergeError where it was merged into another.
    """
    demand_work(operator)
    case = Case.objects.select_for_update().get(pk=case_id)
    if case.state == Case.State.MERGED:
        raise UnfitMergeError(f"case {case.pk} is part of case {case.merged_into_id}")
    if case.state == Case.State.CLOSED:
        before = {"disposition": case.outcome, "reason_code": case.reason_code}
        case.state, case.outcome, case.reason_code = Case.State.OPEN, "", ""
        case.closed_at, case.closed_by, case.owner = None, "", operator
        case.save()
        _record(operator, "reopen_case", case, **before, reason=why[:400])
    return case


def _teach(case: Case, outcome: str) -> None:
    """What the outcome says of the decisions that no alert was made of; an alert tells its own."""
    is_fraud = IS_FRAUD.get(Disposition(outcome))
    if is_fraud is None or case.closed_at is None:
        return
    alone = set(case.gathered.values_list("sequence", flat=True)) - alerted.decisions_of_alerts(
        case
    )
    ended = int(case.closed_at.timestamp())
    for one in Decision.objects.filter(sequence__in=list(alone), erased=False).order_by("sequence"):
        promise_label(
            f"case-{case.pk}-{one.sequence}-{ended}",
            sequence=one.sequence,
            event_id=one.event_id,
            is_fraud=is_fraud,
            source="customer" if outcome == Disposition.CUSTOMER_CONFIRMED else "investigator",
            author=case.closed_by,
        )


def _record(operator: Operator, action: str, case: Case, **detail: object) -> None:
    record(operator, action, target_kind=TARGET, target=str(case.pk), detail=detail)
