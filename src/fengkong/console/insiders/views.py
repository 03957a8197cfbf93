"""The screens of the insider watch."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.accounts.models import Operator
from fengkong.console.insiders.measuring import Hours
from fengkong.console.insiders.models import InsiderAlert, WorkingHours
from fengkong.console.insiders.watches import LEDGER, WATCHES, loosening
from fengkong.console.insiders.watching import (
    REASON_MIN,
    ClosedAlertError,
    close_alert,
    set_working_hours,
    visible_alerts,
)
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor


class AlertsForm(forms.Form):
    """Which alerts are looked for."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any")), *InsiderAlert.State.choices]
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("Any")), *((name, w.title) for name, w in WATCHES.items())],
    )
    operator = forms.CharField(label=_("Operator"), required=False, max_length=64)


class HoursForm(forms.Form):
    """When an operator works."""

    starts_at = forms.TimeField(label=_("begins"), widget=forms.TimeInput(attrs={"type": "time"}))
    ends_at = forms.TimeField(label=_("ends"), widget=forms.TimeInput(attrs={"type": "time"}))
    weekends = forms.BooleanField(label=_("works on days off too"), required=False)


@needs("insiders.view")
@require_GET
def alerts(request: OperatorRequest) -> HttpResponse:
    """Alerts about staff, never about oneself."""
    form = AlertsForm(request.GET)
    found = visible_alerts(request.user)
    if form.is_valid():
        given = form.cleaned_data
        for name in ("state", "kind"):
            if given[name]:
                found = found.filter(**{name: given[name]})
        if given["operator"]:
            found = found.filter(operator__username=given["operator"].strip().lower())
    page = page_by_cursor(request, found, order=("-id",), total=found.count())
    shown = {
        "form": form,
        "page": page,
        "rows": [_row(alert) for alert in page.rows],
        "watches": WATCHES.values(),
        "loosening": sorted(loosening()),
    }
    return render(request, "insiders/alerts.html", shown)


@needs("insiders.view")
@require_GET
def alert(request: OperatorRequest, number: int) -> HttpResponse:
    """One alert."""
    found = get_object_or_404(visible_alerts(request.user), pk=number)
    may_close = found.state == InsiderAlert.State.OPEN and request.user.may("insiders.close")
    shown = {**_row(found), "may_close": may_close, "reason_min": REASON_MIN}
    return render(request, "insiders/alert.html", shown)


@needs("insiders.close")
@require_POST
def close(request: OperatorRequest, number: int) -> HttpResponse:
    """Close an alert, with a reason."""
    get_object_or_404(visible_alerts(request.user), pk=number)
    reason = request.POST.get("reason", "").strip()
    if len(reason) < REASON_MIN:
        messages.error(request, gettext("Say in a few words why it is closed."))
        return redirect("insiders:alert", number=number)
    try:
        close_alert(request.user, number, reason=reason)
    except ClosedAlertError:
        messages.error(request, gettext("This alert was closed before."))
    return redirect("insiders:alerts")


@needs("insiders.close")
def hours(request: OperatorRequest, username: str) -> HttpResponse:
    """When an operator works; nobody says it of themselves."""
    others = Operator.objects.exclude(pk=request.user.pk)
    about = get_object_or_404(others, username=username)
    known = WorkingHours.objects.filter(operator=about).first() or Hours()
    form = HoursForm(
        request.POST or None,
        initial={
            "starts_at": f"{known.starts_at:%H:%M}",
            "ends_at": f"{known.ends_at:%H:%M}",
            "weekends": known.weekends,
        },
    )
    if request.method == "POST" and form.is_valid():
        set_working_hours(request.user, about, **form.cleaned_data)
        messages.success(request, gettext("The working hours are set."))
        return redirect("insiders:alerts")
    return render(request, "insiders/hours.html", {"form": form, "about": about})


def _row(found: InsiderAlert) -> dict[str, Any]:
    watch = WATCHES.get(found.kind)
    title = _("The ledger is broken") if found.kind == LEDGER else found.kind
    return {
        "alert": found,
        "title": title if watch is None else watch.title,
        "hint": _("Verify the ledger, and see who had access to the database.")
        if watch is None
        else watch.hint,
    }
