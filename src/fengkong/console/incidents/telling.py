"""Has people told of what an incident asks of them: overdue tasks, and clocks that run out."""

from __future__ import annotations

from typing import Final

from fengkong.console.incidents.models import Incident, IncidentTask, RunningClock
from fengkong.console.notices.models import Notice
from fengkong.console.notices.raising import Raised, raise_notice, resolve_notice

_GROUPS: Final = {
    **dict.fromkeys(("account_takeover", "mule_network", "card_testing", "phishing"), "fraud"),
    "custody_mismatch": "funds",
    "redemption_run": "liquidity",
    "market_shock": "market",
    "default_cluster": "credit",
    "insider_misuse": "operational",
    "partner_failure": "operational",
}
"""The kind of risk that a kind of incident belongs to; the others are technical."""


def tell_overdue_task(task: IncidentTask) -> None:
    """A task whose time is over: orange, until it is done."""
    _tell(
        task.incident,
        key=task_key(task.pk),
        level="orange",
        what=(f"任务逾期：{task.title_zh}", f"A task is overdue: {task.title_en}"),
    )


def tell_clock(clock: RunningClock, *, missed: bool) -> None:
    """A regulatory clock that runs out (orange) or is missed (red), until it is met."""
    zh, en = (clock.content["title"][language] for language in ("zh", "en"))
    what = (f"监管时限将至：{zh}", f"A regulatory clock runs out: {en}")
    if missed:
        what = (f"监管时限已过：{zh}", f"A regulatory clock is missed: {en}")
    level = "red" if missed else "orange"
    _tell(clock.incident, key=clock_key(clock.pk), level=level, what=what)


def task_key(task_id: int) -> str:
    """The key of the notice about a task."""
    return f"incident-task:{task_id}"


def clock_key(clock_id: int) -> str:
    """The key of the notice about a clock."""
    return f"incident-clock:{clock_id}"


def end_told() -> int:
    """End the notices of tasks that are settled and of clocks that run no more; how many."""
    running = Notice.objects.exclude(state=Notice.State.RESOLVED)
    ended = 0
    for key in running.filter(key__startswith="incident-").values_list("key", flat=True):
        name, _, number = key.partition(":")
        if not _is_open(name, int(number)):
            ended += resolve_notice(key)
    return ended


def _is_open(name: str, number: int) -> bool:
    """Whether a task is still to be done, or a clock still runs, in an incident not closed."""
    if name == "incident-task":
        tasks = IncidentTask.objects.filter(pk=number, state=IncidentTask.State.OPEN)
        return tasks.exclude(incident__phase=Incident.PhaseName.CLOSED).exists()
    clocks = RunningClock.objects.filter(pk=number, state=RunningClock.State.RUNNING)
    return clocks.exists()


def _tell(incident: Incident, *, key: str, level: str, what: tuple[str, str]) -> None:
    if incident.drill is not None:
        return  # a drill calls nobody out of bed
    raise_notice(
        Raised(
            key=key,
            group=_GROUPS.get(incident.kind, "technical"),
            level=level,
            title=what,
            text=(incident.title, incident.title),
            path=f"/incidents/{incident.pk}/",
        )
    )
