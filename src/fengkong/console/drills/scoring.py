"""What a run of a drill came to: times from the timeline, and the score."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import msgspec

from fengkong.console.drills.breaking_off import minutes_without
from fengkong.console.drills.models import DrillRun
from fengkong.console.incidents.acting import phases_entered
from fengkong.console.incidents.models import Incident, IncidentTask
from fengkong.response.drill import Score, Script, Times, score
from fengkong.response.phases import PHASES, Phase


def scored(run: DrillRun, script: Script) -> tuple[dict[str, Any], dict[str, Any]]:
    """Times and score of a run, as data."""
    times = times_of(run)
    found = score(script, times)
    assert run.ended_at is not None, "a run is scored when it is over"
    return _data(times), _data(found) | {"without_attack": minutes_without(run, run.ended_at)}


def _data(struct: Times | Score) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(struct))


def times_of(run: DrillRun) -> Times:
    """What happened when, in minutes of the script."""
    incident = None if run.incident is None else Incident.objects.get(pk=run.incident)
    if incident is None:
        return Times(
            detected=None, decided=None, contained=None, missed=(), steps=0, clocks=(), phases=()
        )
    entered = phases_entered(incident)
    decided = incident.decisions.order_by("decided_at").first()
    recovered = [at for phase, at in entered if phase == Phase.RECOVER]
    steps = incident.tasks.exclude(step="").filter(required=True, phase__in=_counted(incident))
    missed = [task.step for task in steps if _is_missed(task)]
    clocks = incident.clocks.values_list("terms", flat=True)
    return Times(
        detected=_minute(run, incident.opened_at),
        decided=None if decided is None else _minute(run, decided.decided_at),
        contained=_minute(run, recovered[0]) if recovered else None,
        missed=tuple(sorted(missed)),
        steps=steps.count(),
        clocks=tuple(sorted(clocks)),
        phases=tuple(phase for phase, _ in entered),
    )


def _counted(incident: Incident) -> list[str]:
    """The phases whose steps count: those up to containing, and later ones that were reached."""
    at = max(PHASES.index(incident.standing), PHASES.index(Phase.CONTAIN))
    return [phase.value for phase in PHASES[: at + 1] if phase is not Phase.REVIEW]


def _is_missed(task: IncidentTask) -> bool:
    """Not done, or done after its time."""
    if task.state != IncidentTask.State.DONE or task.done_at is None:
        return True
    return task.due_at is not None and task.done_at > task.due_at


def _minute(run: DrillRun, at: datetime) -> float:
    return round(run.minute(at), 2)


def last_before(run: DrillRun) -> DrillRun | None:
    """The run of the same playbook that was scored last before this one; no failed one.

    One of the same drill goes before one of another drill of that playbook.
    """
    earlier = DrillRun.objects.filter(
        state=DrillRun.State.ENDED,
        score__isnull=False,
        script__playbook=run.script["playbook"],
        pk__lt=run.pk,
    ).order_by("-ended_at")
    return earlier.filter(name=run.name).first() or earlier.first()
