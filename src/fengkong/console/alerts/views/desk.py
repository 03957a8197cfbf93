"""How the desk is organised: members, habits, terms, views, hand-over."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts import organising, words
from fengkong.console.alerts.closing import WORK
from fengkong.console.alerts.forms import (
    HabitsForm,
    HandoverForm,
    MemberForm,
    TermsForm,
    ViewForm,
)
from fengkong.console.alerts.models import Alert, AlertTerms, Handover
from fengkong.console.alerts.organising import ORGANISE
from fengkong.console.alerts.queries import desk_of
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError


@needs(ORGANISE)
@require_GET
def members(request: OperatorRequest) -> HttpResponse:
    """Who works at the desk, with teams and skills."""
    terms = organising.current_terms()
    rows = [
        {
            "operator": one,
            "teams": [words.team_title(name, terms) for name in desk_of(one).teams],
            "skills": [words.typology_title(name, terms) for name in desk_of(one).skills],
            "claims": Alert.objects.filter(claimed_by=one, state=Alert.State.OPEN).count(),
        }
        for one in Operator.objects.filter(is_active=True)
        if one.may(WORK)
    ]
    return render(request, "alerts/members.html", {"rows": rows})


@needs(ORGANISE)
def member(request: OperatorRequest, username: str) -> HttpResponse:
    """Teams and skills of one operator."""
    about = get_object_or_404(Operator, username=username)
    desk = desk_of(about)
    form = MemberForm(request.POST or None, initial={"teams": desk.teams, "skills": desk.skills})
    if request.method == "POST":
        form = MemberForm(request.POST)
        if form.is_valid():
            organising.set_member(request.user, about, **form.cleaned_data)
            messages.success(request, _("Teams and skills are set."))
            return redirect("alerts:members")
    return render(request, "alerts/member.html", {"form": form, "about": about})


@needs(WORK)
def habits(request: OperatorRequest) -> HttpResponse:
    """How one's own screens behave."""
    desk = desk_of(request.user)
    form = HabitsForm(
        request.POST if request.method == "POST" else None,
        initial={"hotkeys": desk.hotkeys, "auto_advance": desk.auto_advance},
    )
    if request.method == "POST" and form.is_valid():
        organising.set_habits(request.user, form.cleaned_data)
        messages.success(request, _("Your settings are saved."))
        return redirect("alerts:queue")
    return render(request, "alerts/habits.html", {"form": form})


@needs("alerts.view", act=ORGANISE)
def terms(request: OperatorRequest) -> HttpResponse:
    """How alerts are made of decisions."""
    current = organising.current_terms()
    form = TermsForm(
        request.POST if request.method == "POST" else None,
        terms=current,
        initial=TermsForm.initial_of(current),
    )
    if request.method == "POST" and form.is_valid():
        try:
            organising.set_terms(request.user, form.changes())
        except RiskError as error:
            messages.error(request, told_error(error))
        else:
            messages.success(request, _("The terms hold for decisions from now on."))
            return redirect("alerts:terms")
    shown = {
        "form": form,
        "may_set": request.user.may(ORGANISE),
        "history": AlertTerms.objects.order_by("-from_sequence")[:10],
        "typologies": [
            {
                "title": words.typology_title(name, current),
                "team": words.team_title(one.team, current),
                "typology": one,
                "rules": ", ".join(f"{rule}.*" for rule in one.rules),
            }
            for name, one in current.typologies.items()
        ],
    }
    return render(request, "alerts/terms.html", shown)


@needs("alerts.view")
@require_POST
def save_view(request: OperatorRequest) -> HttpResponse:
    """Keep what the queue shows under a name."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the view a name."))
        return redirect("alerts:queue")
    try:
        view = organising.save_view(request.user, **form.cleaned_data)
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("alerts:queue")
    response = redirect("alerts:queue")
    response["Location"] += f"?{view.query}" if view.query else ""
    return response


@needs("alerts.view")
@require_POST
def delete_view(request: OperatorRequest, view_id: int) -> HttpResponse:
    """Forget a view of one's own."""
    organising.delete_view(request.user, view_id)
    return redirect("alerts:queue")


@needs(WORK)
def handover(request: OperatorRequest) -> HttpResponse:
    """Give a shift to a colleague."""
    form = HandoverForm(request.POST if request.method == "POST" else None, giver=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            made = organising.hand_over(request.user, **form.cleaned_data)
        except RiskError as error:
            messages.error(request, told_error(error))
        else:
            messages.success(
                request,
                _("%(who)s has your shift, and %(count)d alerts with it.")
                % {"who": made.taker, "count": made.alerts},
            )
            return redirect("alerts:queue")
    shown = {
        "form": form,
        "past": Handover.objects.select_related("giver", "taker")[:20],
        "claims": Alert.objects.filter(claimed_by=request.user, state=Alert.State.OPEN).count(),
    }
    return render(request, "alerts/handover.html", shown)


@needs(WORK)
@require_POST
def read_handover(request: OperatorRequest, handover_id: int) -> HttpResponse:
    """Say that one has read what was handed over."""
    organising.read_handover(request.user, handover_id)
    return redirect("alerts:queue")
