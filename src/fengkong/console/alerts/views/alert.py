"""One alert: why it is there, what is known about its subject, and what to do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.accounts.verification import unattended
from fengkong.console.actions.forms import AskForm
from fengkong.console.actions.port import ASK, actions_of_subject
from fengkong.console.alerts import claiming, snoozing
from fengkong.console.alerts.closing import WORK, dispose, reopen, undo
from fengkong.console.alerts.explaining import explained
from fengkong.console.alerts.forms import CloseForm, SnoozeForm
from fengkong.console.alerts.models import Alert, Closing, Snooze
from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.queries import alerts_of_subject, all_alerts, decisions_of, desk_of
from fengkong.console.alerts.rows import rows_of
from fengkong.console.alerts.undoing import undoable
from fengkong.console.alerts.views.queue import disposition_choices
from fengkong.console.alerts.watching import seen_by
from fengkong.console.alerts.words import team_choices
from fengkong.console.entities.panels import panels_about
from fengkong.console.journaled.models import Label
from fengkong.console.live.rows import row_of
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

CASE_WORK = "cases.work"
DECISIONS_SHOWN = 20
OTHERS_SHOWN = 10


@needs("alerts.view")
@require_GET
def alert(request: OperatorRequest, alert_id: str) -> HttpResponse:
    """Everything about one alert."""
    found = _alert(alert_id)
    terms = current_terms()
    decisions = list(decisions_of([found.pk])[:DECISIONS_SHOWN])
    others = list(alerts_of_subject(found.subject).exclude(pk=found.pk)[:OTHERS_SHOWN])
    labels = Label.objects.filter(event_id__in=[one.event_id for one in decisions])
    elsewhere = panels_about([found.subject], request.user, without=("alerts", "actions"))
    shown = {
        "alert": found,
        "row": rows_of([found], terms=terms)[0],
        "why": explained(decisions),
        "decisions": [row_of(one) for one in decisions],
        "labels": {one.event_id: one.is_fraud for one in labels},
        "others": rows_of(others, terms=terms),
        "choices": disposition_choices(),
        "snooze_form": SnoozeForm(),
        "snoozes": Snooze.objects.filter(alert_id=found.pk).select_related("operator"),
        "teams": team_choices(),
        "desk": desk_of(request.user),
        "closing": undoable(request.user),
        "actions": actions_of_subject(found.subject)[:OTHERS_SHOWN],
        "ask_form": AskForm(),
        "mine": claiming.holder_of(found) == request.user.pk,
        "may_work": request.user.may(WORK),
        "may_ask": request.user.may(ASK),
        "may_open_case": request.user.may(CASE_WORK),
        "case_address": _address("cases:case", found.case_id) if found.case_id else "",
        "panels": [one for one in elsewhere if one.rows],
        "entity_address": _address("entities:entity", "customer", found.subject),
    }
    return render(request, "alerts/alert.html", shown)


@needs(WORK)
@require_POST
def close(request: OperatorRequest, alert_id: str) -> HttpResponse:
    """Close it, and go to the next one where the operator wants that."""
    found = _alert(alert_id)
    form = CloseForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a disposition and its reason."))
        return redirect("alerts:alert", alert_id=alert_id)
    given, written = form.cleaned_data, request.POST.get("seen", "")
    seen = int(written) if written.isdecimal() and len(written) < 19 else found.newest_sequence
    try:
        dispose(
            [alert_id],
            given["disposition"],
            given["reason_code"],
            request.user,
            remark=given["remark"],
            seen={alert_id: seen},
        )
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("alerts:alert", alert_id=alert_id)
    following = claiming.take_next(request.user) if desk_of(request.user).auto_advance else None
    if following is None:
        return redirect("alerts:queue")
    return redirect("alerts:alert", alert_id=following.pk)


@needs(WORK)
@require_POST
def undo_closing(request: OperatorRequest, closing_id: int) -> HttpResponse:
    """Take back what was closed a moment ago."""
    get_object_or_404(Closing, pk=closing_id)
    try:
        closing = undo(closing_id, request.user)
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("alerts:queue")
    messages.success(request, _("Taken back; no label was sent."))
    opened = list(closing.alerts.values_list("pk", flat=True)[:2])
    if len(opened) == 1:
        return redirect("alerts:alert", alert_id=opened[0])
    return redirect("alerts:queue")


@needs(WORK)
@require_POST
def act(request: OperatorRequest, alert_id: str) -> HttpResponse:
    """Claim, release, snooze, wake, move or reopen, as the form's button says."""
    found = _alert(alert_id)
    operator = request.user
    wish = request.POST.get("act", "")
    try:
        if wish == "claim":
            claiming.claim(found.pk, operator)
        elif wish == "release":
            claiming.release(found.pk, operator)
        elif wish == "wake":
            snoozing.wake(found.pk, operator)
        elif wish == "reopen":
            reopen(found.pk, operator, reason=request.POST.get("reason", "")[:400])
        elif wish == "move" and request.POST.get("team") in dict(team_choices()):
            claiming.move(found.pk, request.POST["team"], operator)
        elif wish == "snooze":
            return _snooze(request, found)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("alerts:alert", alert_id=alert_id)


@unattended
@needs("alerts.view")
@require_POST
def looking(request: OperatorRequest, alert_id: str) -> JsonResponse:
    """Say that one looks at an alert; who else does, and how far it has come."""
    found = _alert(alert_id)
    others = seen_by(found.pk, request.user)
    return JsonResponse({"others": others, "newest": found.newest_sequence, "state": found.state})


def _snooze(request: OperatorRequest, found: Alert) -> HttpResponse:
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say for how long, and why."))
        return redirect("alerts:alert", alert_id=found.pk)
    seconds = snoozing.LENGTHS[form.cleaned_data["length"]]
    until = timezone.now() + timedelta(seconds=seconds)
    snoozing.snooze(found.pk, request.user, until=until, reason=form.cleaned_data["reason"])
    return redirect("alerts:queue")


def _alert(alert_id: str) -> Alert:
    found = all_alerts().select_related("claimed_by", "closed_by").filter(pk=alert_id).first()
    if found is None:
        raise Http404
    return found


def _address(name: str, *values: Any) -> str:
    """The address of another app's page; empty while there is none."""
    try:
        return reverse(name, args=values)
    except NoReverseMatch:
        return ""
