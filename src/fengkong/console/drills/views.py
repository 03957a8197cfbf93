"""The list of drills, the drill room, and a script."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.drills import running
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.scoring import last_before
from fengkong.console.incidents.models import Incident
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.spoken import said
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError
from fengkong.response.drill import shipped_scripts


class PlanForm(forms.Form):
    """Which drill, when, and how fast its time goes."""

    drill = forms.ChoiceField(label=_("Drill"))
    at = forms.DateTimeField(
        label=_("Begins"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Now where it is left empty"),
    )
    pace = forms.FloatField(
        label=_("Minutes of the script in a minute"), min_value=0.1, max_value=60, initial=1
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        chosen = self.fields["drill"]
        assert isinstance(chosen, forms.ChoiceField), "a field of our own"
        chosen.choices = [(name, said(one.title)) for name, one in shipped_scripts().items()]


@needs("incidents.view")
@require_GET
def drill_list(request: OperatorRequest) -> HttpResponse:
    """The scripts, and every run with its score."""
    found = DrillRun.objects.select_related("planned_by")
    page = page_by_cursor(request, found, order=("-pk",), total=found.count())
    shown = {
        "page": page,
        "rows": [_row(run) for run in page.rows],
        "scripts": shipped_scripts().values(),
        "may_run": request.user.may("drills.run"),
    }
    return render(request, "drills/list.html", shown)


def _row(run: DrillRun) -> dict[str, Any]:
    title = run.script["title"]["zh" if reading_language() == "zh" else "en"]
    before = last_before(run) if run.score is not None else None
    change = None
    if before is not None and before.score is not None and run.score is not None:
        change = run.score["points"] - before.score["points"]
    return {"run": run, "title": title, "before": before, "change": change}


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


@needs("incidents.view")
@require_GET
def room(request: OperatorRequest, run_id: int) -> HttpResponse:
    """One run: its clock, injects, the attack, and the score with the last one beside it."""
    run = get_object_or_404(DrillRun, pk=run_id)
    language = "zh" if reading_language() == "zh" else "en"
    minute = run.minute(run.ended_at or timezone.now())
    before = last_before(run)
    shown = _row(run) | {
        "minute": min(minute, run.minutes),
        "injects": [
            {"at": one["at"], "source": one["source"][language], "text": one["text"][language]}
            for one in run.injects[: run.injected]
        ],
        "scenario": run.script["scenario"][language],
        "goals": [one[language] for one in run.script["goals"]],
        "incident": None if run.incident is None else Incident.objects.get(pk=run.incident),
        "table": _compared(run, before),
        "attack": _attack(run),
        "may_run": request.user.may("drills.run"),
        "may_work": request.user.may("incidents.work"),
        "running": run.state == DrillRun.State.RUNNING,
    }
    return render(request, "drills/room.html", shown)


def _compared(run: DrillRun, before: DrillRun | None) -> list[tuple[Any, Any, Any, Any, Any]]:
    """Each part of the score: minutes, target, marks, and the marks of the last run."""
    if run.score is None or run.times is None:
        return []
    last = {} if before is None or before.score is None else before.score
    expects, times, marks = run.script["expects"], run.times, run.score
    parts = (
        (_("Detected"), "detect", times["detected"]),
        (_("Decided on"), "decide", times["decided"]),
        (_("Contained"), "contain", times["contained"]),
    )
    done = times["steps"] - len(times["missed"])
    return [
        *((words, at, expects[name], marks[name], last.get(name)) for words, name, at in parts),
        (_("Steps in time"), done, times["steps"], marks["steps"], last.get("steps")),
        (_("Together"), "", "", marks["points"], last.get("points")),
    ]


def _attack(run: DrillRun) -> list[tuple[Any, int, int]]:
    """What passed and what was met, before and under switches."""
    counts = run.attack
    rows = [
        (_("Attack, without a switch"), "attack_open"),
        (_("Attack, under a switch"), "attack_switched"),
        (_("Honest, without a switch"), "honest_open"),
        (_("Honest, under a switch"), "honest_switched"),
    ]
    return [
        (words, counts.get(f"{name}_passed", 0), counts.get(f"{name}_met", 0))
        for words, name in rows
    ]


@needs("incidents.work")
@require_POST
def open_incident(request: OperatorRequest, run_id: int) -> HttpResponse:
    """Somebody saw it: the incident of the drill is opened."""
    get_object_or_404(DrillRun, pk=run_id)
    try:
        incident = running.detect(request.user, run_id)
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("drill", run_id)
    return redirect("incident", incident.pk)


@needs("drills.run")
@require_POST
def end(request: OperatorRequest, run_id: int) -> HttpResponse:
    """End a run now."""
    get_object_or_404(DrillRun, pk=run_id)
    try:
        running.end_drill(request.user, run_id)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("drill", run_id)


@needs("drills.run")
@require_GET
def script(request: OperatorRequest, drill: str) -> HttpResponse:
    """The whole script, for who runs the drill; who takes part does not read it before."""
    found = shipped_scripts().get(drill)
    if found is None:
        raise Http404(drill)
    return render(request, "drills/script.html", {"script": found})
