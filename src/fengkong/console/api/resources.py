"""The resources: decisions, proposals, the audit ledger, jobs."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from fengkong.console.api import answers
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import (
    Reason,
    columns,
    findable,
    paged,
    proposal_shown,
)
from fengkong.console.approvals import four_eyes, queries
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry, Verification
from fengkong.console.audit.verification import begin
from fengkong.console.insiders.counting import counted
from fengkong.console.journaled.models import Decision
from fengkong.console.live.filters import filter_of
from fengkong.console.live.listing import page_of, place_of
from fengkong.console.outbox.models import Job
from fengkong.console.outbox.retrying import retry_jobs

router = Router()


class Remark(Schema):
    """What is said with a decision on a proposal."""

    remark: str = Field("", max_length=1000)


def _decision(one: Decision) -> dict[str, Any]:
    names = [field.attname for field in Decision._meta.concrete_fields]  # noqa: SLF001 - documented
    return columns(one, *names)


def _entry(one: AuditEntry) -> dict[str, Any]:
    names = ("sequence", "recorded_at", "actor", "action", "target_kind", "target", "detail")
    return {**columns(one, *names), "leaf_hash": bytes(one.leaf_hash).hex()}


@router.get("/decisions", response=answers.page(answers.DecisionShown))
@operation("decisions.view")
def decisions(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Decisions, the newest first, asked for as the screen's address asks (`outcome`, ...)."""
    wanted = filter_of(request.GET)
    page = page_of(wanted, older_than=place_of(after) if after else None)
    return {"items": [_decision(one) for one in page.rows], "next": page.older}


@router.get("/decisions/{sequence}", response=answers.DecisionShown)
@operation("decisions.view")
def decision(request: HttpRequest, sequence: int) -> HttpResponse:
    """One decision; whom it is about is a blind index."""
    found = Decision.objects.get(pk=findable(sequence))
    counted(bearer(request), "decision", str(found.sequence))
    return tagged(request, _decision(found))


@router.get("/proposals", response=answers.page(answers.ProposalShown))
@operation(None)
def proposals(request: HttpRequest) -> dict[str, Any]:
    """Proposals that the bearer may see, the newest first."""
    return paged(request, queries.visible(bearer(request)), proposal_shown, order=("-id",))


@router.get("/proposals/{number}", response=answers.ProposalShown)
@operation(None)
def proposal(request: HttpRequest, number: int) -> HttpResponse:
    """One proposal."""
    return tagged(request, proposal_shown(_visible(request, number)))


@router.post("/proposals/{number}/approve", response=answers.ProposalShown)
@operation(None)
def approve_proposal(request: HttpRequest, number: int, said: Remark) -> dict[str, Any]:
    """Approve a proposal of somebody else, and have it done."""
    found = _visible(request, number)
    return proposal_shown(four_eyes.approve(bearer(request), found.pk, remark=said.remark))


@router.post("/proposals/{number}/reject", response=answers.ProposalShown)
@operation(None)
def reject_proposal(request: HttpRequest, number: int, said: Reason) -> dict[str, Any]:
    """Reject a proposal, with a reason."""
    found = _visible(request, number)
    return proposal_shown(four_eyes.reject(bearer(request), found.pk, remark=said.reason))


@router.post("/proposals/{number}/withdraw", response=answers.ProposalShown)
@operation(None)
def withdraw_proposal(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take back a proposal of one's own."""
    found = _visible(request, number)
    return proposal_shown(four_eyes.withdraw(bearer(request), found.pk))


@router.get("/audit/entries", response=answers.page(answers.EntryShown))
@operation("audit.view")
def audit_entries(request: HttpRequest) -> dict[str, Any]:
    """Entries of the desk's ledger, the newest first."""
    return paged(request, AuditEntry.objects.all(), _entry, order=("-sequence",))


@router.post("/audit/verifications", response=answers.VerificationShown)
@operation("audit.verify")
def verify_audit(request: HttpRequest) -> dict[str, Any]:
    """Begin to verify the ledger; the worker goes on with it."""
    return _verification(begin(bearer(request).username))


@router.get("/audit/verifications/{number}", response=answers.VerificationShown)
@operation("audit.view")
def audit_verification(request: HttpRequest, number: int) -> dict[str, Any]:
    """How far a verification came."""
    return _verification(Verification.objects.get(pk=findable(number)))


@router.get("/jobs", response=answers.page(answers.JobShown))
@operation("system.view")
def jobs(request: HttpRequest) -> dict[str, Any]:
    """Jobs of the console, the newest first."""
    return paged(request, Job.objects.all(), _job, order=("-id",))


@router.post("/jobs/{number}/retry", response=answers.JobShown)
@operation("system.edit")
def retry_job(request: HttpRequest, number: int) -> dict[str, Any]:
    """Have a job that was given up tried again from the start."""
    if not (found := retry_jobs(bearer(request), [findable(number)])):
        raise Http404
    return _job(found[0])


def _job(one: Job) -> dict[str, Any]:
    return columns(one, "id", "kind", "state", "attempts", "due_at", "created_at", "finished_at")


def _verification(one: Verification) -> dict[str, Any]:
    return columns(one, "id", "state", "done", "upto", "finding", "entry")


def _visible(request: HttpRequest, number: int) -> Proposal:
    return queries.visible(bearer(request)).get(pk=findable(number))
