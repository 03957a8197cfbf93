"""An operator's own page, and the pages of somebody who was invited."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from fengkong.console.accounts import actions, sessions
from fengkong.console.accounts.forms import EnrolmentForm, PreferencesForm
from fengkong.console.accounts.preferences import with_preferences
from fengkong.console.project.declared import operator_of, operators, public


@operators
@require_http_methods(["GET", "POST"])
def own_page(request: HttpRequest) -> HttpResponse:
    """Language, theme, time zone, factors, sessions and password of who is signed in."""
    operator = operator_of(request)
    kept = {name: getattr(operator, name) for name in PreferencesForm.base_fields}
    form = PreferencesForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        actions.prefer(operator, **form.cleaned_data)
        with translation.override(operator.language):
            messages.success(request, _("Kept."))
        return with_preferences(redirect("own_page"), operator)
    context: dict[str, Any] = {
        "form": form,
        "factors": Authenticator.objects.filter(user=operator).order_by("type", "created_at"),
        "sessions": sessions.sessions_of(operator),
        "own_handle": sessions.handle_of(request.session.session_key),
        "grants": operator.grants.order_by("role"),
        "held": operator.roles(),
        "may_end": True,
    }
    return render(request, "accounts/own.html", context)


@operators
@require_POST
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    """End one session; one that is nobody's business of the operator is not found."""
    operator = operator_of(request)
    visible = sessions.sessions_of(operator)
    if operator.may("sessions.end"):
        visible = sessions.all_sessions()
    session = get_object_or_404(visible, handle=handle)
    owner = session.operator
    actions.end_session(operator, session)
    messages.success(request, _("The session has ended."))
    if owner is None or owner.pk == operator.pk:
        return redirect("own_page")
    return redirect("operator", owner.username)


@operators
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End one's other sessions."""
    ended = actions.end_other_sessions(operator_of(request), but=request.session.session_key)
    messages.success(request, _("Sessions ended: %(count)s") % {"count": ended})
    return redirect("own_page")


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest, secret: str) -> HttpResponse:
    """Somebody who was invited sets a password; a link that cannot be used is not found."""
    try:
        operator = actions.invitation_of(secret).operator
        form = EnrolmentForm(request.POST or None, operator=operator)
        if request.method == "POST" and form.is_valid():
            actions.enrol(secret, password=form.cleaned_data["password"])
            messages.success(request, _("Your password is set. Sign in with it."))
            return with_preferences(redirect("account_login"), operator)
    except actions.SpentInvitationError as error:
        raise Http404(str(error)) from None
    return render(request, "accounts/enrol.html", {"form": form, "operator": operator})
