"""What screens ask about cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from fengkong.console.accounts.duties import ROLES
from fengkong.console.accounts.models import Operator as OperatorRow
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.models import TARGET, Case
from fengkong.console.cases.opening import PERMISSION
from fengkong.console.journaled.models import Decision

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


def cases_found(asked: Mapping[str, Any], *, reader: Operator) -> QuerySet[Case]:
    """The cases that a query form asks for."""
    found = Case.objects.select_related("owner")
    if asked.get("state"):
        found = found.filter(state=asked["state"])
    if asked.get("whose") == "mine":
        found = found.filter(owner=reader)
    elif asked.get("whose") == "nobody":
        found = found.filter(owner=None)
    if asked.get("typology"):
        found = found.filter(typology=asked["typology"])
    if asked.get("outcome"):
        found = found.filter(outcome=asked["outcome"])
    if asked.get("overdue"):
        found = found.filter(state=Case.State.OPEN, due_at__lte=timezone.now())
    if asked.get("since"):
        found = found.filter(opened_at__date__gte=asked["since"])
    return found


def open_cases_of(operator: Operator) -> QuerySet[Case]:
    """The open cases of an operator, the most urgent first."""
    return Case.objects.filter(owner=operator, state=Case.State.OPEN).order_by("due_at", "id")


def cases_of_subject(subject: str) -> QuerySet[Case]:
    """Every case about a subject (its blind index), the newest first."""
    return Case.objects.filter(subject=subject).order_by("-opened_at", "-id")


def case_of_decision(sequence: int) -> Case | None:
    """The case that a decision is in, the newest where there are several."""
    return Case.objects.filter(gathered__sequence=sequence).order_by("-id").first()


def decisions_of(case: Case) -> QuerySet[Decision]:
    """The decisions of a case, the newest first."""
    mine = case.gathered.values("sequence")
    return Decision.objects.filter(sequence__in=mine).order_by("-occurred_at", "-sequence")


def history_of(case: Case) -> QuerySet[AuditEntry]:
    """Everything that was done to a case and to those that it took in, the newest first."""
    names = [str(number) for number in (case.pk, *case.merged.values_list("pk", flat=True))]
    return AuditEntry.objects.filter(target_kind=TARGET, target__in=names).order_by("-sequence")


def who_may_take(case: Case) -> Sequence[OperatorRow]:
    """The operators to whom a case can be handed over."""
    now = timezone.now()
    roles = [name for name, role in ROLES.items() if PERMISSION in role.permissions]
    held = Q(grants__until=None) | Q(grants__until__gt=now)
    found = OperatorRow.objects.filter(held, grants__role__in=roles, is_active=True)
    if case.owner_id is not None:
        found = found.exclude(pk=case.owner_id)
    return list(found.distinct().order_by("username")[:200])
