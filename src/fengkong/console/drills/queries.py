"""What is shown of drills: a row of the list, and the drill room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.drills.breaking_off import minutes_without
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.scheduling import BEFORE, is_overdue, planned_run
from fengkong.console.drills.scoring import last_before
from fengkong.console.incidents.models import Incident
from fengkong.console.shell.figures import reading_language
from fengkong.response.drill import shipped_scripts

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

Compared = list[tuple[Any, Any, Any, Any, Any]]
_REMARKS: Final[dict[str, Words]] = {
    "the sandbox did not start": _("The sandbox did not start: nothing was rehearsed."),
    "the attack broke off too often": _(
        "The attack broke off too often: what was rehearsed until then is not compared."
    ),
}


def row_of(run: DrillRun) -> dict[str, Any]:
    """A run, its title, the run before it, and the change in marks."""
    title = run.script["title"]["zh" if reading_language() == "zh" else "en"]
    before = last_before(run) if run.score is not None else None
    change = None
    if before is not None and before.score is not None and run.score is not None:
        change = run.score["points"] - before.score["points"]
    return {"run": run, "title": title, "before": before, "change": change}


def schedule_rows() -> list[dict[str, Any]]:
    """Drills that are repeated, the next one first, with the last run of each."""
    today, scripts = timezone.localdate(), shipped_scripts()
    return [
        {
            "schedule": one,
            "title": scripts[one.drill].title if one.drill in scripts else None,
            "overdue": is_overdue(one, today),
            "planned": planned_run(one),
            "soon": one.next_on - BEFORE <= today,
            "last": DrillRun.objects.filter(
                name=one.drill, state=DrillRun.State.ENDED, score__isnull=False
            ).first(),
        }
        for one in DrillSchedule.objects.select_related("owner")
    ]


def room_of(run: DrillRun) -> dict[str, Any]:
    """One run: its clock, injects, the attack, and the score with the last one beside it."""
    language = "zh" if reading_language() == "zh" else "en"
    now = run.ended_at or timezone.now()
    row = row_of(run)
    return row | {
        "minute": f"{min(run.minute(now), run.minutes):.1f} / {run.minutes}",
        "injects": [
            {"at": one["at"], "source": one["source"][language], "text": one["text"][language]}
            for one in run.injects[: run.injected]
        ],
        "scenario": run.script["scenario"][language],
        "goals": [one[language] for one in run.script["goals"]],
        "incident": None if run.incident is None else Incident.objects.get(pk=run.incident),
        "table": _compared(run, row["before"]),
        "attack": _attack(run),
        "without_attack": minutes_without(run, now),
        "broken": bool(run.breaks) and run.breaks[-1]["back"] is None,
        "remark": _REMARKS.get(run.remark, run.remark),
        "running": run.state == DrillRun.State.RUNNING,
        "over": run.state not in (DrillRun.State.SCHEDULED, DrillRun.State.RUNNING),
    }


def _compared(run: DrillRun, before: DrillRun | None) -> Compared:
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
