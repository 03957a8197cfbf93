"""Proposing and approving: two different operators, each with the permission for their part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.approvals.models import Proposal
from fengkong.console.approvals.own_hands import OwnHands, attempts_recorded
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator


class SameEyesError(OwnHands, RiskError):
    """Who proposed tried to approve."""

    code = "console.same_eyes"
    hint = "Ask a colleague who may approve; nobody approves a proposal of their own."


class DecidedProposalError(RiskError):
    """The proposal was approved, rejected or withdrawn before."""

    code = "console.decided_proposal"
    hint = "Open the proposal again to see what became of it."


class ExpiredProposalError(RiskError):
    """The proposal waited too long for its approval."""

    code = "console.expired_proposal"
    hint = "Propose it again, if it is still wanted."


Fact = tuple["Words", object]
"""What something is called, and what it is."""


def contents_of(proposal: Proposal) -> list[Fact]:
    """What is proposed, as it is stored: for acts that do not say it in better words."""
    return [(name.replace("_", " "), value) for name, value in proposal.content.items()]


@dataclass(frozen=True, slots=True)
class Act:
    """An act under four eyes; `perform` does it in the transaction of the approval.

    `perform` gets the proposal and the approver. What reaches outside of the database is put into
    the outbox by it, not done. `describe` says in words what would be done, masked where it is
    personal; `lasts` is how long a proposal waits; `loosens` why the insider watch counts approvals
    of it as changes that let more through, empty where they do not.
    """

    title: Words
    propose: str
    approve: str
    perform: Callable[[Proposal, Operator], None]
    describe: Callable[[Proposal], Sequence[Fact]] = contents_of
    lasts: timedelta = timedelta(days=7)
    loosens: str = ""


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
        kind=kind,
        target=target,
        reason=reason,
        content=dict(content),
        proposed_by=operator,
        expires_at=timezone.now() + act.lasts,
    )
    _record(operator, "propose", proposal)
    return proposal


@attempts_recorded("proposal")
@transaction.atomic
def approve(operator: Operator, proposal_id: int, *, remark: str = "") -> Proposal:
    """Approve and perform.

    Raises PermissionDenied, SameEyesError, DecidedProposalError, ExpiredProposalError.
    """
    proposal = _open_proposal(proposal_id)
    act = _ACTS[proposal.kind]
    if not operator.may(act.approve):
        raise PermissionDenied(act.approve)
    if proposal.proposed_by_id == operator.pk:
        raise SameEyesError(f"{operator} proposed {proposal.kind} {proposal.target}")
    if proposal.expires_at is not None and proposal.expires_at <= timezone.now():
        raise ExpiredProposalError(f"{proposal} waited until {proposal.expires_at:%F %R}")
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


@transaction.atomic
def expire_old() -> int:
    """End the proposals that waited too long; how many there were."""
    old = Proposal.objects.select_for_update().filter(
        state=Proposal.State.OPEN, expires_at__lte=timezone.now()
    )
    count = 0
    for proposal in old:
        proposal.state, proposal.decided_at = Proposal.State.EXPIRED, timezone.now()
        proposal.save()
        _record(SYSTEM, "expire", proposal)
        count += 1
    return count


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


def _record(operator: Operator | str, verb: str, proposal: Proposal) -> None:
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
