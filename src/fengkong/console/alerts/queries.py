"""What screens and other apps ask about alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert, AlertDecision, DeskMember
from fengkong.console.journaled.models import Decision


def all_alerts() -> QuerySet[Alert]:
    """Every alert; while the read model is filled again, those that it has come to."""
    return Alert.objects.filter(made=True)


def open_alerts() -> QuerySet[Alert]:
    """The alerts that wait for somebody, in the order of the queue."""
    return all_alerts().filter(state=Alert.State.OPEN).order_by("rank_at", "id")


def alerts_of_subject(subject: str) -> QuerySet[Alert]:
    """Every alert about a subject (its blind index), the newest first."""
    return all_alerts().filter(subject=subject).order_by("-first_sequence")


def alerts_of_case(case_id: str) -> QuerySet[Alert]:
    """The alerts of a case."""
    return all_alerts().filter(case_id=case_id).order_by("first_sequence")


def decisions_of(alert_ids: Sequence[str]) -> QuerySet[Decision]:
    """The decisions of which alerts were made, the newest first."""
    sequences = AlertDecision.objects.filter(alert__in=alert_ids).values("sequence")
    return Decision.objects.filter(sequence__in=sequences).order_by("-sequence")


def desk_of(operator: Operator) -> DeskMember:
    """How somebody works at the desk; whoever has set nothing sees every team and skill."""
    return DeskMember.objects.filter(operator=operator).first() or DeskMember(operator=operator)


def inbox_of(operator: Operator, among: QuerySet[Alert] | None = None) -> QuerySet[Alert]:
    """The open alerts (or `among`) of somebody's teams and skills, in the order of the queue."""
    desk, found = desk_of(operator), open_alerts() if among is None else among
    if desk.teams:
        found = found.filter(team__in=desk.teams)
    return found.filter(skill__in=desk.skills) if desk.skills else found


def free_for(operator: Operator, *, now: datetime | None = None) -> Q:
    """The alerts that nobody else has claimed."""
    at = now or timezone.now()
    return Q(claimed_by=None) | Q(claimed_by=operator) | Q(claimed_until__lte=at)
