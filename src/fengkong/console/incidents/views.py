"""The list of incidents, the incident room, and every act in it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengkong.console.incidents import queries
from fengkong.console.incidents.acts import ACTS, form_of
from fengkong.console.incidents.forms import IncidentQuery, OpenForm, WhyForm
from fengkong.console.incidents.keeping import take_out
from fengkong.console.incidents.models import Evidence, FollowUp, Incident
from fengkong.console.incidents.opening import open_incident
from fengkong.console.incidents.timeline import altered_entries
from fengkong.console.incidents.warned import begun_from
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.console.warnings.models import RaisedWarning
from fengkong.core.errors import RiskError
from fengkong.response.kinds import shipped_scale

_DIGITS_MAX = 12


@needs("incidents.view")
@require_GET
def incident_list(request: OperatorRequest) -> HttpResponse:
    """Incidents, the newest first; those of drills only where asked for."""
    form = IncidentQuery(request.GET)
    found = queries.incidents(**(form.cleaned_data if form.is_valid() else {}))
    page = page_by_cursor(request, found, order=("-opened_at", "-pk"), total=found.count())
    shown = {
        "form": form,
        "page": page,
        "rows": [queries.row_of(incident) for incident in page.rows],
        "tiles": queries.tiles(),
        "may_work": request.user.may("incidents.work"),
    }
    return render(request, "incidents/list.html", shown)


@needs("incidents.work")
def open_page(request: OperatorRequest) -> HttpResponse:
    """Open an incident by hand, or from an early warning that the address names."""
    warning = _warning(request)
    form = OpenForm(request.POST or None, initial=begun_from(warning))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = open_incident(
                given["kind"],
                given["severity"],
                given["title"],
                "hand" if warning is None else "warning",
                request.user,
                summary=given["summary"],
                aware_at=given["aware_at"],
                refers_to=[] if warning is None else [("warning", str(warning.pk))],
            )
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            return redirect("incident", made.pk)
    shown = {"form": form, "severities": shipped_scale().severities.values()}
    return render(request, "incidents/new.html", shown, status=422 if form.errors else 200)


def _warning(request: OperatorRequest) -> RaisedWarning | None:
    """The early warning that the address names."""
    number = request.GET.get("warning", "")
    if not number.isdecimal() or len(number) > _DIGITS_MAX:
        return None
    return RaisedWarning.objects.filter(pk=number).first()


@needs("incidents.view")
@require_GET
def scale(request: OperatorRequest) -> HttpResponse:
    """The written scale of severity, and the kinds of incident."""
    return render(request, "incidents/scale.html", {"scale": shipped_scale()})


@needs("incidents.view")
@require_GET
def follow_ups(request: OperatorRequest) -> HttpResponse:
    """Actions of all reviews, those that are due first."""
    found = FollowUp.objects.select_related("incident", "owner").order_by("-state", "due_on")
    state = request.GET.get("state", "open")
    if state in FollowUp.State.values:
        found = found.filter(state=state)
    page = page_by_cursor(request, found, order=("due_on", "pk"), total=found.count())
    shown = {"page": page, "state": state, "states": FollowUp.State.choices}
    return render(request, "incidents/follow_ups.html", shown)


@needs("incidents.view")
@require_GET
def room(request: OperatorRequest, incident_id: int) -> HttpResponse:
    """Everything about one incident."""
    incident = get_object_or_404(Incident, pk=incident_id)
    return render(request, "incidents/room.html", queries.room_of(incident, request.user))


@needs("incidents.view")
@require_GET
def timeline(request: OperatorRequest, incident_id: int) -> HttpResponse:
    """The whole timeline, checked against the ledger."""
    incident = get_object_or_404(Incident, pk=incident_id)
    altered = set(altered_entries(incident))
    entries = queries.told(incident.timeline.all())
    held = {one["entry"].pk for one in entries}
    shown = {
        "incident": incident,
        "entries": entries,
        "altered": altered,
        "gone": sorted(altered - held),
    }
    return render(request, "incidents/timeline.html", shown)


@needs("incidents.work")
def do(request: OperatorRequest, incident_id: int, act: str, item: int = 0) -> HttpResponse:
    """One act: its form, and what follows from it."""
    incident = get_object_or_404(Incident, pk=incident_id)
    declared = ACTS.get(act)
    if declared is None or not queries.has_item(incident, act, item):
        raise Http404(act)
    sent = request.method == "POST"
    form = form_of(
        act, incident, item, request.POST if sent else None, request.FILES if sent else None
    )
    if sent and (form is None or form.is_valid()):
        try:
            declared.does(request.user, incident.pk, item, form)
        except RiskError as error:
            if form is None:
                messages.error(request, told_error(error))
                return redirect("incident", incident.pk)
            form.add_error(None, told_error(error))
        else:
            return redirect("incident", incident.pk)
    if form is None:
        return redirect("incident", incident.pk)
    shown = {"incident": incident, "act": declared, "form": form, "path": request.path}
    return render(request, "incidents/act.html", shown, status=422 if form.errors else 200)


@needs("incidents.work")
def evidence(request: OperatorRequest, evidence_id: int) -> HttpResponse:
    """Its chain of custody; a reason takes the file out."""
    found = get_object_or_404(Evidence, pk=evidence_id)
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            kept, content = take_out(request.user, evidence_id, why=form.cleaned_data["why"])
        except RiskError as error:
            messages.error(request, told_error(error))
        else:
            return _download(kept.name, content)
    shown: dict[str, Any] = {"evidence": found, "custody": found.custody.all(), "form": form}
    return render(request, "incidents/evidence.html", shown, status=422 if form.errors else 200)


def _download(name: str, content: bytes) -> HttpResponse:
    """The file as it was kept, never shown in the page."""
    answer = HttpResponse(content, content_type="application/octet-stream")
    safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)
    ascii_name = safe.encode("ascii", "replace").decode().replace("?", "_")
    answer["Content-Disposition"] = f'attachment; filename="{ascii_name or _("file")}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
