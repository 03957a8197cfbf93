"""Operations of drills: scripts, runs, their marks and reports, and those that are repeated."""

from datetime import date, datetime
from typing import Any, Literal

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Router, Schema

from fengkong.console.accounts.models import Operator
from fengkong.console.api import answers
from fengkong.console.api import incident_answers as shown
from fengkong.console.api.incident_rows import incident_row
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import NAME, TEXT, columns, findable, instant, paged
from fengkong.console.drills import running, scheduling
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.scoring import last_before
from fengkong.response.drill import shipped_scripts

router = Router()


class Planned(Schema):
    """A drill; now unless `at` says when. `pace` is how many of its minutes pass in one."""

    drill: str = Field(max_length=60, pattern=NAME)
    at: datetime | None = None
    pace: float = Field(1, ge=0.1, le=60)


class Opened(Schema):
    """The title of a drill's incident; that of its script where there is none."""

    title: str = Field("", max_length=200, pattern=TEXT)


class Repeated(Schema):
    """A drill that is repeated: every so many months, when next, and who sees to it.

    Its run is planned by itself two weeks before.
    """

    drill: str = Field(max_length=60, pattern=NAME)
    months: Literal[1, 3, 6, 12]
    next_on: date
    hour: int = Field(scheduling.HOUR, ge=0, le=23)
    owner: str = Field(max_length=150, pattern=TEXT)


@router.get("/drills", response=answers.page(shown.RunShown))
@operation("incidents.view")
def drills(request: HttpRequest) -> dict[str, Any]:
    """Runs of drills, the newest first."""
    return paged(request, DrillRun.objects.select_related("planned_by"), _run, order=("-id",))


@router.post("/drills", response=shown.RunShown)
@operation("drills.run")
def plan_a_drill(request: HttpRequest, said: Planned) -> dict[str, Any]:
    """Plan a run; it begins by itself."""
    at = None if said.at is None else instant(said.at)
    return _run(running.plan_drill(bearer(request), said.drill, at=at, pace=said.pace))


@router.get("/drills/scripts")
@operation("incidents.view")
def drill_scripts(request: HttpRequest) -> dict[str, Any]:
    """Every script by its title; what it holds is for who runs the drill."""
    del request
    items = [
        {
            "drill": name,
            "version": one.version,
            "mode": one.mode,
            "playbook": one.playbook,
            "minutes": one.minutes,
            "title": msgspec.to_builtins(one.title),
        }
        for name, one in shipped_scripts().items()
    ]
    return {"items": items}


@router.get("/drills/scripts/{name}")
@operation("drills.run")
def drill_script(request: HttpRequest, name: str) -> HttpResponse:
    """The whole script, for who runs the drill; who takes part does not read it before."""
    found = shipped_scripts().get(name)
    if found is None:
        raise Http404
    return tagged(request, msgspec.to_builtins(found))


@router.get("/drills/schedules", response=answers.page(shown.ScheduleShown))
@operation("incidents.view")
def drill_schedules(request: HttpRequest) -> dict[str, Any]:
    """Drills that are repeated, the next one first."""
    found = DrillSchedule.objects.select_related("owner")
    return paged(request, found, _schedule, order=("next_on", "drill"))


@router.post("/drills/schedules", response=shown.ScheduleShown)
@operation("drills.run")
def schedule_a_drill(request: HttpRequest, said: Repeated) -> dict[str, Any]:
    """Have a drill repeated; said again of the same drill it is changed."""
    owner = Operator.objects.get(username=said.owner)
    terms = said.dict() | {"owner": owner}
    made = scheduling.schedule_drill(bearer(request), **terms)
    return _schedule(made)


@router.post("/drills/schedules/{number}/end")
@operation("drills.run")
def unschedule_a_drill(request: HttpRequest, number: int) -> dict[str, Any]:
    """Have a drill repeated no more."""
    scheduling.unschedule_drill(bearer(request), findable(number))
    return {"ended": number}


@router.get("/drills/{number}", response=shown.RunWhole)
@operation("incidents.view")
def drill(request: HttpRequest, number: int) -> HttpResponse:
    """The report of a run: its minute, what was told, times, marks, and those of the last one."""
    found = DrillRun.objects.select_related("planned_by").get(pk=findable(number))
    before = last_before(found) if found.score is not None else None
    more = {
        "minute": round(min(found.minute(found.ended_at or timezone.now()), found.minutes), 1),
        "told": found.injects[: found.injected],
        "expects": found.script["expects"] if found.ended_at is not None else {},
        "before": None if before is None else before.pk,
        "score_before": None if before is None else before.score,
    }
    return tagged(request, _run(found) | more)


@router.post("/drills/{number}/open", response=shown.IncidentShown)
@operation("incidents.work")
def open_drill_incident(request: HttpRequest, number: int, said: Opened) -> dict[str, Any]:
    """Say that one has seen it: the incident of the drill is opened, once."""
    return incident_row(running.detect(bearer(request), findable(number), title=said.title))


@router.post("/drills/{number}/end", response=shown.RunShown)
@operation("drills.run")
def end_a_drill(request: HttpRequest, number: int) -> dict[str, Any]:
    """End a run and have it scored; one that has not begun is cancelled."""
    return _run(running.end_drill(bearer(request), findable(number)))


@router.post("/drills/{number}/again", response=shown.RunShown)
@operation("drills.run")
def run_a_drill_again(request: HttpRequest, number: int) -> dict[str, Any]:
    """Plan the drill of a run that is over once more, now."""
    return _run(running.run_again(bearer(request), findable(number)))


def _run(one: DrillRun) -> dict[str, Any]:
    more = columns(one, "minutes", "times", "score", "attack", "breaks")
    return {**columns(one, *shown.RUN), **more, "planned_by": one.planned_by.username}


def _schedule(one: DrillSchedule) -> dict[str, Any]:
    overdue = scheduling.is_overdue(one, timezone.localdate())
    return {**columns(one, *shown.SCHEDULE), "owner": one.owner.username, "overdue": overdue}
