"""Opens a case: from alerts, or by hand from decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.cases import alerted
from fengkong.console.cases.errors import ClosedCaseError, NothingGatheredError
from fengkong.console.cases.evidence import channel_of
from fengkong.console.cases.models import TARGET, Case, CaseDecision
from fengkong.console.journaled.models import Decision

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

PERMISSION: Final = "cases.work"
DUE: Final = timedelta(hours=24)
"""For a case of which no alert says sooner."""
DECISIONS_MAX: Final = 2_000
"""In one case; what is beyond belongs to an incident."""


@transaction.atomic
def case_for(alert_ids: Sequence[str], operator: Operator) -> Case:
    """The case of these alerts: the one that is open for their subject, else a new one.

    All of them belong to it afterwards, with their decisions. Raises PermissionDenied,
    NothingGatheredError.
    """
    demand_work(operator)
    alerts = alerted.chosen_alerts(alert_ids)
    if not alerts:
        raise NothingGatheredError(f"none of {len(alert_ids)} alerts is known")
    first = alerts[0]
    case = _open_case(first.subject, typology=first.typology)
    if case is None:
        due_at = min(alert.due_at for alert in alerts)
        case = _new(operator, subject=first.subject, typology=first.typology, due_at=due_at)
    names = [alert.pk for alert in alerts]
    alerted.name_case(names, case)
    sequences = alerted.sequences_of(names)
    gather(case, sequences, by=operator.username)
    detail = {"alerts": names[:100], "count": len(names)}
    record(operator, "gather_alerts", target_kind=TARGET, target=str(case.pk), detail=detail)
    return case


@transaction.atomic
def open_by_hand(operator: Operator, sequences: Sequence[int], *, typology: str, why: str) -> Case:
    """A new case about decisions; the first one's subject is the case's.

    Raises PermissionDenied, NothingGatheredError.
    """
    demand_work(operator)
    first = Decision.objects.filter(sequence__in=list(sequences)).order_by("sequence").first()
    if first is None:
        raise NothingGatheredError("none of the decisions is known")
    case = _new(operator, subject=first.subject, typology=typology or alerted.BY_HAND, why=why)
    gather(case, sequences, by=operator.username)
    return case


@transaction.atomic
def add_decisions(operator: Operator, case_id: int, sequences: Sequence[int]) -> Case:
    """Put further decisions into an open case; raises PermissionDenied, ClosedCaseError."""
    demand_work(operator)
    case = open_case(case_id)
    added = gather(case, sequences, by=operator.username)
    detail = {"decisions": added[:100], "count": len(added)}
    record(operator, "add_to_case", target_kind=TARGET, target=str(case.pk), detail=detail)
    return case


def open_case(case_id: int) -> Case:
    """The case, locked, that can be worked; raises ClosedCaseError, Case.DoesNotExist."""
    case = Case.objects.select_for_update().get(pk=case_id)
    if not case.is_open:
        raise ClosedCaseError(f"case {case.pk} is {case.state}")
    return case


def gather(case: Case, sequences: Sequence[int], *, by: str) -> list[int]:
    """Put decisions into a case and count it again; those that were not there before."""
    known = set(case.gathered.values_list("sequence", flat=True))
    there = Decision.objects.filter(sequence__in=list(sequences)[:DECISIONS_MAX])
    new = sorted(set(there.values_list("sequence", flat=True)) - known)
    new = new[: max(0, DECISIONS_MAX - len(known))]
    CaseDecision.objects.bulk_create(
        [CaseDecision(case=case, sequence=sequence, added_by=by) for sequence in new]
    )
    count_again(case)
    return new


def count_again(case: Case) -> None:
    """What a case says of its decisions: exposure, highest points and probability, rules."""
    mine = case.gathered.values_list("sequence", flat=True)
    found = list(Decision.objects.filter(sequence__in=list(mine)))
    currencies = Counter(one.currency for one in found if one.currency)
    currency = currencies.most_common(1)[0][0] if currencies else ""
    case.currency = currency
    case.exposure_minor = sum(one.amount_minor or 0 for one in found if one.currency == currency)
    case.points = max((one.points for one in found), default=0.0)
    case.probability = max(
        (one.probability for one in found if one.probability is not None), default=None
    )
    case.rules = sorted({rule for one in found for rule in one.rules})
    types = Counter(one.event_type for one in found if one.event_type)
    newest = max((one.sequence for one in found), default=0)
    case.channel = channel_of(newest) or (types.most_common(1)[0][0] if types else "")
    case.decisions = len(found)
    case.save()


def _open_case(subject: str, *, typology: str) -> Case | None:
    """The open case of a subject and typology that further alerts belong to."""
    if not subject:
        return None
    found = Case.objects.select_for_update().filter(
        subject=subject, typology=typology, state=Case.State.OPEN
    )
    return found.order_by("opened_at", "id").first()


def _new(
    operator: Operator,
    *,
    subject: str,
    typology: str,
    due_at: datetime | None = None,
    why: str = "",
) -> Case:
    now = timezone.now()
    case = Case.objects.create(
        subject=subject,
        typology=typology,
        owner=operator,
        opened_at=now,
        opened_by=operator.username,
        due_at=due_at or now + DUE,
    )
    detail = {"typology": typology, "reason": why[:200]}
    record(operator, "open_case", target_kind=TARGET, target=str(case.pk), detail=detail)
    return case


def demand_work(operator: Operator) -> None:
    """Raises PermissionDenied for who may not work cases."""
    if not operator.may(PERMISSION):
        raise PermissionDenied(PERMISSION)
