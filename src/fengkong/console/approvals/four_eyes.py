"""Proposing and approving: two different operators, each with the permission for their part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator


class SameEyesError(RiskError):
    """Who proposed tried to approve."""

    code = "console.same_eyes"
    hint = "Ask a colleague who may approve; nobody approves a proposal of their own."


class DecidedProposalError(RiskError):
    """The proposal was approved, rejected or withdrawn before."""

    code = "console.decided_proposal"
    hint = "Open the proposal again to see what became of it."


@dataclass(frozen=True, slots=True)
class Act:
    """An act under four eyes; `perform` does it in the transaction of the approval.

    `perform` gets the proposal and the approver. What reaches outside of the database is put into
    the outbox by it, not done.
    """

    title: Words
    propose: str
    approve: str
    perform: Callable[[Proposal, Operator], None]


_ACTS: Final[dict[str, Act]] = {}


def register_act(kind: str, act: Act) -> None:
    """Make an act known; each app does so for its own when Django starts."""
    assert kind not in _ACTS, f"{kind} is registered twice"
    _ACTS[kind] = act


def acts() -> Mapping[str, Act]:
    """Every act under four eyes, by kind."""
    return _ACTS


@transaction.atomic
def propose(
    operator: Operator, kind: str, *, target: str, reason: str, content: Mapping[str, Any]
) -> Proposal:
    """A new proposal; raises PermissionDenied."""
    act = _ACTS[kind]
    if not operator.may(act.propose):
        raise PermissionDenied(act.propose)
    proposal = Proposal.objects.create(
        kind=kind, target=target, reason=reason, content=dict(content), proposed_by=operator
    )
    _record(operator, "propose", proposal)
    return proposal


@transaction.atomic
def approve(operator: Operator, proposal_id: int, *, remark: str = "") -> Proposal:
    """Approve and perform; raises PermissionDenied, SameEyesError, DecidedProposalError."""
    proposal = _open_proposal(proposal_id)
    act = _ACTS[proposal.kind]
    if not operator.may(act.approve):
        raise PermissionDenied(act.approve)
    if proposal.proposed_by_id == operator.pk:
        raise SameEyesError(f"{operator} proposed {proposal.kind} {proposal.target}")
    _decide(operator, proposal, Proposal.State.APPROVED, remark=remark)
    _record(operator, "approve", proposal)
    act.perform(proposal, operator)
    return proposal


@transaction.atomic
def reject(operator: Operator, proposal_id: int, *, remark: str) -> Proposal:
    """Reject; raises PermissionDenied, DecidedProposalError."""
    proposal = _open_proposal(proposal_id)
    if not operator.may(_ACTS[proposal.kind].approve):
        raise PermissionDenied(_ACTS[proposal.kind].approve)
    _decide(operator, proposal, Proposal.State.REJECTED, remark=remark)
    _record(operator, "reject", proposal)
    return proposal


@transaction.atomic
def withdraw(operator: Operator, proposal_id: int) -> Proposal:
    """Take a proposal of one's own back; raises PermissionDenied, DecidedProposalError."""
    proposal = _open_proposal(proposal_id)
    if proposal.proposed_by_id != operator.pk:
        raise PermissionDenied("only who proposed may withdraw")
    _decide(operator, proposal, Proposal.State.WITHDRAWN, remark="")
    _record(operator, "withdraw", proposal)
    return proposal


def _open_proposal(proposal_id: int) -> Proposal:
    proposal = Proposal.objects.select_for_update().get(pk=proposal_id)
    if proposal.state != Proposal.State.OPEN:
        raise DecidedProposalError(f"{proposal} was decided before")
    return proposal


def _decide(operator: Operator, proposal: Proposal, state: Proposal.State, *, remark: str) -> None:
    proposal.state = state
    proposal.decided_by = operator
    proposal.decided_at = timezone.now()
    proposal.remark = remark
    proposal.save()


def _record(operator: Operator, verb: str, proposal: Proposal) -> None:
    record(
        operator,
        f"{verb}_{proposal.kind}",
        target_kind="proposal",
        target=str(proposal.pk),
        detail={
            "of": proposal.target,
            "proposed_by": proposal.proposed_by.username,
            "reason": proposal.reason,
            "remark": proposal.remark,
        },
    )
