"""The list of drills, the drill room, and a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.drills import running
from fengkong.console.drills.attack_logs import last_lines
from fengkong.console.drills.forms import PlanForm, ScheduleForm
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.queries import room_of, row_of, schedule_rows
from fengkong.console.drills.reporting import report_pdf
from fengkong.console.drills.scheduling import schedule_drill, unschedule_drill
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError
from fengkong.response.drill import shipped_scripts

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

Done = TypeVar("Done")


@needs("incidents.view")
@require_GET
def drill_list(request: OperatorRequest) -> HttpResponse:
    """The scripts, and every run with its score."""
    found = DrillRun.objects.select_related("planned_by")
    page = page_by_cursor(request, found, order=("-pk",), total=found.count())
    shown = {
        "page": page,
        "rows": [row_of(run) for run in page.rows],
        "scripts": shipped_scripts().values(),
        "schedules": schedule_rows(),
        "may_run": request.user.may("drills.run"),
    }
    return render(request, "drills/list.html", shown)


@needs("drills.run")
def plan(request: OperatorRequest) -> HttpResponse:
    """Plan a drill."""
    form = PlanForm(request.POST or None, initial={"drill": request.GET.get("drill", "")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            run = running.plan_drill(
                request.user, given["drill"], at=given["at"], pace=given["pace"]
            )
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            return redirect("drill", run.pk)
    return render(request, "drills/plan.html", {"form": form}, status=422 if form.errors else 200)


@needs("drills.run")
def schedule(request: OperatorRequest) -> HttpResponse:
    """Have a drill repeated, or change how it is."""
    held = DrillSchedule.objects.filter(drill=request.GET.get("drill", "")).first()
    initial: dict[str, Any] = {"drill": request.GET.get("drill", ""), "owner": request.user}
    if held is not None:
        initial |= {"months": held.months, "next_on": held.next_on, "owner": held.owner}
        initial |= {"hour": held.hour}
    form = ScheduleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            schedule_drill(request.user, **form.cleaned_data)
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            return redirect("drills")
    status = 422 if form.errors else 200
    return render(request, "drills/schedule.html", {"form": form}, status=status)


@needs("drills.run")
@require_POST
def unschedule(request: OperatorRequest, schedule_id: int) -> HttpResponse:
    """Have a drill repeated no more."""
    get_object_or_404(DrillSchedule, pk=schedule_id)
    unschedule_drill(request.user, schedule_id)
    return redirect("drills")


@needs("incidents.view")
@require_GET
def room(request: OperatorRequest, run_id: int) -> HttpResponse:
    """One run: its clock, injects, the attack, and the score with the last one beside it."""
    run = get_object_or_404(DrillRun, pk=run_id)
    shown = room_of(run) | {
        "may_run": request.user.may("drills.run"),
        "may_work": request.user.may("incidents.work"),
    }
    if shown["may_run"] and (run.breaks or run.state == DrillRun.State.FAILED):
        shown["log"] = last_lines(settings.CONSOLE.directory, run.pk)
    return render(request, "drills/room.html", shown)


@needs("incidents.work")
@require_POST
def open_incident(request: OperatorRequest, run_id: int) -> HttpResponse:
    """Somebody saw it: the incident of the drill is opened."""
    incident = _tried(request, run_id, running.detect)
    return redirect("drill", run_id) if incident is None else redirect("incident", incident.pk)


@needs("drills.run")
@require_POST
def end(request: OperatorRequest, run_id: int) -> HttpResponse:
    """End a run now."""
    _tried(request, run_id, running.end_drill)
    return redirect("drill", run_id)


@needs("incidents.view")
@require_GET
def report(request: OperatorRequest, run_id: int) -> HttpResponse:
    """The report of a run that is over, as a PDF."""
    run = get_object_or_404(DrillRun.objects.exclude(ended_at=None), pk=run_id)
    try:
        content = report_pdf(run, request.user)
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("drill", run_id)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="drill-{run.pk}.pdf"'
    return answer


@needs("drills.run")
@require_POST
def again(request: OperatorRequest, run_id: int) -> HttpResponse:
    """Run the drill of a run that is over once more."""
    run = _tried(request, run_id, running.run_again)
    return redirect("drill", run_id if run is None else run.pk)


def _tried(
    request: OperatorRequest, run_id: int, act: Callable[[Operator, int], Done]
) -> Done | None:
    """What an act on a run gave; None where it was refused, and the operator is told why."""
    get_object_or_404(DrillRun, pk=run_id)
    try:
        return act(request.user, run_id)
    except RiskError as error:
        messages.error(request, told_error(error))
        return None


@needs("drills.run")
@require_GET
def script(request: OperatorRequest, drill: str) -> HttpResponse:
    """The whole script, for who runs the drill; who takes part does not read it before."""
    found = shipped_scripts().get(drill)
    if found is None:
        raise Http404(drill)
    return render(request, "drills/script.html", {"script": found})
