"""Screens for operators: who there is, what they may do, and what administrators do with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengkong.console.accounts import actions, lockout, roles, sessions
from fengkong.console.accounts.factors import has_second_factor
from fengkong.console.accounts.forms import InvitationForm, OperatorQuery, ReasonForm, RolesForm
from fengkong.console.accounts.models import Operator
from fengkong.console.accounts.queries import operators_found, state_of
from fengkong.console.accounts.verification import recently_verified
from fengkong.console.approvals.models import Proposal
from fengkong.console.project.declared import needs, operator_of
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import words_of
from fengkong.core.errors import RiskError

ACTS = {
    "invite": "operators.invite",
    "edit": "operators.edit",
    "factors": "factors.reset",
    "roles": "roles.propose",
}
"""What the page of an operator offers, by the permission that it needs."""
INVITED = "new_enrolment_link"
"""Where a session keeps the secret of a link that was just made, to show it once."""


def told(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What cannot be done is said above the operator's page, in the words of the error."""

    @wraps(view)
    def guarded(request: HttpRequest, username: str) -> HttpResponse:
        try:
            return view(request, username)
        except RiskError as error:
            messages.error(request, words_of(error))
            return redirect("operator", username)

    return guarded


@needs("operators.view")
@require_GET
def operators_page(request: HttpRequest) -> HttpResponse:
    """All operators, those of a query first."""
    query = OperatorQuery(request.GET)
    asked = query.cleaned_data if query.is_valid() else {}
    found = operators_found(
        name=asked.get("q", ""), role=asked.get("role", ""), state=asked.get("state", "")
    )
    page = page_by_cursor(request, found, order=("username",), total=found.count())
    out = lockout.locked_out_names()
    rows = [
        (one, state_of(one, locked_out=out, has_second_factor=one.second_factor))
        for one in page.rows
    ]
    context = {
        "query": query,
        "page": page,
        "rows": rows,
        "may_invite": operator_of(request).may("operators.invite"),
    }
    return render(request, "accounts/operators.html", context)


@needs("operators.view")
@require_GET
def operator_page(request: HttpRequest, username: str) -> HttpResponse:
    """One operator, as a page or as a drawer."""
    operator = get_object_or_404(Operator, username=username)
    by = operator_of(request)
    context = _about(operator) | {
        "link": _new_link(request, operator),
        "is_self": by.pk == operator.pk,
        "may": {name: by.may(permission) for name, permission in ACTS.items()},
        "may_end": by.may("sessions.end"),
    }
    return render(request, "accounts/operator.html", context)


@needs("operators.invite")
@require_http_methods(["GET", "POST"])
@recently_verified
def invite_page(request: HttpRequest) -> HttpResponse:
    """Invite an operator."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operator, secret = actions.invite(operator_of(request), **form.cleaned_data)
        except actions.TakenNameError as error:
            form.add_error("username", words_of(error))
        else:
            return _with_link(request, operator, secret)
    return render(request, "accounts/invite.html", {"form": form})


@needs("operators.invite")
@require_POST
@recently_verified
@told
def renew_link(request: HttpRequest, username: str) -> HttpResponse:
    """A new enrolment link."""
    operator = get_object_or_404(Operator, username=username)
    return _with_link(request, operator, actions.renew_invitation(operator_of(request), operator))


@needs("operators.view", act="operators.edit")
@require_http_methods(["GET", "POST"])
@recently_verified
@told
def lock_page(request: HttpRequest, username: str) -> HttpResponse:
    """Lock an operator, with a reason."""
    words = {"question": _("Lock this operator? The sessions end at once."), "verb": _("Lock")}
    return _with_reason(request, username, act=actions.lock, words=words)


@needs("operators.edit")
@require_POST
@recently_verified
@told
def release(request: HttpRequest, username: str) -> HttpResponse:
    """Let an operator in again."""
    operator = get_object_or_404(Operator, username=username)
    actions.release(operator_of(request), operator)
    messages.success(request, _("%(name)s may sign in again.") % {"name": operator})
    return redirect("operator", username)


@needs("operators.view", act="factors.reset")
@require_http_methods(["GET", "POST"])
@recently_verified
@told
def reset_page(request: HttpRequest, username: str) -> HttpResponse:
    """Remove the factors of an operator, with a reason."""
    words = {
        "question": _(
            "Remove every factor of this operator? New ones are set up at the next sign-in."
        ),
        "verb": _("Reset factors"),
    }
    return _with_reason(request, username, act=actions.reset_factors, words=words)


@needs("sessions.end")
@require_POST
@recently_verified
@told
def end_all(request: HttpRequest, username: str) -> HttpResponse:
    """End every session of an operator."""
    operator = get_object_or_404(Operator, username=username)
    actions.end_all_sessions(operator_of(request), operator)
    messages.success(request, _("The sessions of %(name)s have ended.") % {"name": operator})
    return redirect("operator", username)


@needs("operators.view", act="roles.propose")
@require_http_methods(["GET", "POST"])
@recently_verified
@told
def roles_page(request: HttpRequest, username: str) -> HttpResponse:
    """Propose which roles an operator holds."""
    operator = get_object_or_404(Operator, username=username)
    form = RolesForm(request.POST or None, held=roles.roles_held(operator))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        roles.propose_roles(operator_of(request), operator, roles=form.roles(), reason=reason)
        messages.success(request, _("Proposed: somebody else must approve it."))
        return redirect("operator", username)
    return render(request, "accounts/roles.html", {"operator": operator, "form": form})


def _with_reason(
    request: HttpRequest, username: str, *, act: Callable[..., None], words: dict[str, str]
) -> HttpResponse:
    operator = get_object_or_404(Operator, username=username)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act(operator_of(request), operator, reason=form.cleaned_data["reason"])
        messages.success(request, _("Done."))
        return redirect("operator", username)
    context = {"operator": operator, "form": form, **words}
    return render(request, "accounts/reason.html", context)


def _about(operator: Operator) -> dict[str, Any]:
    second = has_second_factor(operator)
    waiting = Proposal.objects.filter(
        kind=roles.KIND, target=operator.username, state=Proposal.State.OPEN
    )
    return {
        "operator": operator,
        "language": dict(settings.LANGUAGES).get(operator.language, operator.language),
        "state": state_of(
            operator, locked_out=lockout.locked_out_names(), has_second_factor=second
        ),
        "grants": operator.grants.order_by("role"),
        "held": set(roles.roles_held(operator)),
        "factors": Authenticator.objects.filter(user=operator).order_by("type", "created_at"),
        "sessions": sessions.sessions_of(operator),
        "proposals": waiting.select_related("proposed_by"),
        "invitation": operator.invitations.first(),
    }


def _with_link(request: HttpRequest, operator: Operator, secret: str) -> HttpResponse:
    request.session[INVITED] = {"operator": operator.pk, "secret": secret}
    return redirect("operator", operator.username)


def _new_link(request: HttpRequest, operator: Operator) -> str | None:
    """The enrolment link that was just made for this operator; shown once."""
    kept = request.session.get(INVITED)
    if kept is None or kept["operator"] != operator.pk:
        return None
    del request.session[INVITED]
    return request.build_absolute_uri(reverse("enrol", args=[kept["secret"]]))
