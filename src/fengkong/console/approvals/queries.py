"""Which proposals an operator sees: those to decide, their own, and those decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from fengkong.console.approvals.four_eyes import acts
from fengkong.console.approvals.models import Proposal

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


def kinds_to_approve(operator: Operator) -> list[str]:
    """The kinds of acts that an operator may approve."""
    return [kind for kind, act in acts().items() if operator.may(act.approve)]


def to_decide(operator: Operator) -> QuerySet[Proposal]:
    """Open proposals of others that the operator may decide."""
    waiting = Proposal.objects.filter(
        state=Proposal.State.OPEN, kind__in=kinds_to_approve(operator)
    )
    return waiting.exclude(proposed_by=operator).select_related("proposed_by", "decided_by")


def proposed_by(operator: Operator) -> QuerySet[Proposal]:
    """What the operator proposed."""
    return Proposal.objects.filter(proposed_by=operator).select_related("proposed_by", "decided_by")


def decided(operator: Operator) -> QuerySet[Proposal]:
    """What was decided among what the operator may see."""
    return visible(operator).exclude(state=Proposal.State.OPEN)


def visible(operator: Operator) -> QuerySet[Proposal]:
    """Proposals of the operator, of kinds that they may approve, and for auditors all of them."""
    found = Proposal.objects.select_related("proposed_by", "decided_by")
    if operator.may("audit.view"):
        return found
    return found.filter(Q(proposed_by=operator) | Q(kind__in=kinds_to_approve(operator)))
