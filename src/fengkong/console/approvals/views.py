"""The inbox of proposals, and what can be done with one."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.accounts.verification import recently_verified
from fengkong.console.approvals import four_eyes, queries
from fengkong.console.approvals.four_eyes import (
    DecidedProposalError,
    ExpiredProposalError,
    SameEyesError,
    acts,
)
from fengkong.console.approvals.models import Proposal
from fengkong.console.project.declared import operators
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor

BOXES: Final = {
    "open": queries.to_decide,
    "mine": queries.proposed_by,
    "decided": queries.decided,
}
_REMARK_MAX: Final = 1000


@operators
@require_GET
def inbox(request: OperatorRequest) -> HttpResponse:
    """Proposals: those to decide, one's own, those decided."""
    box = request.GET.get("box", "open")
    if box not in BOXES:
        box = "open"
    found = BOXES[box](request.user)
    page = page_by_cursor(request, found, order=("-id",), total=found.count())
    shown = {
        "box": box,
        "page": page,
        "rows": [_row(proposal) for proposal in page.rows],
        "waiting": queries.to_decide(request.user).count(),
    }
    return render(request, "approvals/inbox.html", shown)


@operators
@require_GET
def proposal(request: OperatorRequest, number: int) -> HttpResponse:
    """One proposal: what would be done, and by whom it was decided."""
    found = get_object_or_404(queries.visible(request.user), pk=number)
    act = acts().get(found.kind)
    is_open = found.state == Proposal.State.OPEN
    is_own = found.proposed_by_id == request.user.pk
    shown = {
        **_row(found),
        "facts": act.describe(found) if act is not None else four_eyes.contents_of(found),
        "may_decide": is_open and not is_own and act is not None and request.user.may(act.approve),
        "may_withdraw": is_open and is_own,
        "is_own": is_own,
        "remark_max": _REMARK_MAX,
    }
    return render(request, "approvals/proposal.html", shown)


@operators
@require_POST
@recently_verified
def approve(request: OperatorRequest, number: int) -> HttpResponse:
    """Approve, and have it done."""
    return _decided(request, number, four_eyes.approve, remark=_remark(request))


@operators
@require_POST
def reject(request: OperatorRequest, number: int) -> HttpResponse:
    """Reject, with a remark that says why."""
    remark = _remark(request)
    if not remark:
        messages.error(request, _("Say why it is rejected."))
        return redirect("proposal", number=number)
    return _decided(request, number, four_eyes.reject, remark=remark)


@operators
@require_POST
def withdraw(request: OperatorRequest, number: int) -> HttpResponse:
    """Take back what one proposed."""
    return _decided(request, number, four_eyes.withdraw)


def _decided(request: OperatorRequest, number: int, act: Any, **more: str) -> HttpResponse:
    get_object_or_404(queries.visible(request.user), pk=number)
    try:
        done = act(request.user, number, **more)
    except SameEyesError:
        messages.error(request, _("Nobody approves a proposal of their own: ask a colleague."))
    except DecidedProposalError:
        messages.error(request, _("This proposal was decided before."))
    except ExpiredProposalError:
        messages.error(request, _("This proposal waited too long: propose it again."))
    else:
        messages.success(request, _("Done: %(state)s.") % {"state": done.get_state_display()})
    return redirect("proposal", number=number)


def _remark(request: OperatorRequest) -> str:
    return request.POST.get("remark", "").strip()[:_REMARK_MAX]


def _row(found: Proposal) -> dict[str, Any]:
    act = acts().get(found.kind)
    return {"proposal": found, "act": found.kind if act is None else act.title}
