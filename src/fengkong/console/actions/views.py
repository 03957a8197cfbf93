"""The screens of actions."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.actions import connecting
from fengkong.console.actions.forms import ActionsForm, AskForm, SystemForm
from fengkong.console.actions.models import OPEN, Action, CoreSystem
from fengkong.console.actions.port import ASK, ask, tell_again, withdraw
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError


@needs("actions.view")
@require_GET
def actions(request: OperatorRequest) -> HttpResponse:
    """What was asked for and where it stands; at first what nobody has confirmed."""
    form = ActionsForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    found, state = Action.objects.select_related("asked_by", "system"), given.get("state", "")
    if state != "any":
        found = found.filter(state=state) if state else found.filter(state__in=OPEN)
    if given.get("kind"):
        found = found.filter(kind=given["kind"])
    page = page_by_cursor(request, found, order=("-asked_at", "-id"), total=found.count())
    shown = {
        "form": form,
        "page": page,
        "connected": CoreSystem.objects.filter(active=True).exists(),
        "may_connect": request.user.may(connecting.PERMISSION),
    }
    return render(request, "actions/actions.html", shown)


@needs("actions.view")
@require_GET
def action(request: OperatorRequest, action_id: str) -> HttpResponse:
    """One action."""
    found = Action.objects.select_related("asked_by", "system").filter(pk=action_id).first()
    if found is None:
        raise Http404
    shown = {
        "action": found,
        "may_ask": request.user.may(ASK),
        "mine": found.asked_by_id == request.user.pk,
    }
    return render(request, "actions/action.html", shown)


@needs(ASK)
@require_POST
def ask_for(request: OperatorRequest) -> HttpResponse:
    """Ask for an action on the subject of an alert or a case."""
    form = AskForm(request.POST)
    subject = request.POST.get("subject", "")[:32]
    alert_id, case_id = request.POST.get("alert_id", "")[:32], request.POST.get("case_id", "")[:32]
    if not form.is_valid():
        messages.error(request, _("Choose an action and say why."))
        return _back(alert_id)
    try:
        made = ask(
            form.cleaned_data["kind"],
            subject,
            request.user,
            form.cleaned_data["why"],
            alert_id=alert_id,
            case_id=case_id,
            until=form.until(),
            content=form.terms(),
        )
    except RiskError as error:
        messages.error(request, told_error(error))
        return _back(alert_id)
    if made.state == Action.State.PROPOSED:
        messages.info(request, _("It waits for a second person."))
    else:
        messages.success(request, _("It is being sent; it stays on screen until it is confirmed."))
    return redirect("actions:action", action_id=made.pk)


@needs(ASK)
@require_POST
def act(request: OperatorRequest, action_id: str) -> HttpResponse:
    """Tell the other side again, or withdraw what it was not told yet."""
    found = get_object_or_404(Action, pk=action_id)
    try:
        if request.POST.get("act") == "again":
            tell_again(found.pk, request.user)
        elif request.POST.get("act") == "withdraw":
            withdraw(found.pk, request.user)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("actions:action", action_id=found.pk)


@needs(connecting.PERMISSION)
def systems(request: OperatorRequest) -> HttpResponse:
    """The core systems that do actions."""
    form = SystemForm(request.POST if request.method == "POST" else None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            _system, secret = connecting.add_system(request.user, **form.cleaned_data)
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            form = SystemForm()
    shown = {"systems": CoreSystem.objects.all(), "form": form, "secret": secret}
    return render(request, "actions/systems.html", shown)


@needs(connecting.PERMISSION)
@require_POST
def toggle(request: OperatorRequest, system_id: int) -> HttpResponse:
    """Switch a core system off, or on again."""
    get_object_or_404(CoreSystem, pk=system_id)
    connecting.toggle_system(request.user, system_id)
    return redirect("actions:systems")


def _back(alert_id: str) -> HttpResponse:
    if alert_id:
        return redirect("alerts:alert", alert_id=alert_id)
    return redirect("actions:actions")
