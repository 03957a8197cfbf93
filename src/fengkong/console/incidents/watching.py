"""What the worker watches: overdue tasks, clocks, switches, and what became of actions.

Each is told once: an entry with a key, or a mark that is set in the same transaction. What was
missed while no worker ran is told when one runs again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.incidents.clocking import watch_clocks
from fengkong.console.incidents.containing import tell_answers
from fengkong.console.incidents.models import IncidentRole, IncidentTask
from fengkong.console.incidents.reviewing import remind
from fengkong.console.incidents.switching import apply_switches
from fengkong.console.incidents.telling import end_told, tell_overdue_task
from fengkong.console.incidents.timeline import note

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job

WATCH_S: Final = 5


def watch(_job: Job | None = None) -> None:
    """Once, over all open incidents."""
    now = timezone.now()
    apply_switches()
    tell_answers()
    watch_clocks(now)
    escalate_tasks(now)
    remind(now)
    end_told()


def escalate_tasks(now: datetime) -> int:
    """Tell the commander of tasks whose time is over, once each; how many."""
    overdue = IncidentTask.objects.filter(
        state=IncidentTask.State.OPEN, due_at__lte=now, escalated_at=None
    ).exclude(incident__phase="closed")
    return sum(_escalate(pk, now=now) for pk in overdue.values_list("pk", flat=True))


@transaction.atomic
def _escalate(task_id: int, *, now: datetime) -> int:
    task = IncidentTask.objects.select_for_update().select_related("incident").get(pk=task_id)
    if task.state != IncidentTask.State.OPEN or task.escalated_at is not None:
        return 0
    task.escalated_at = now
    task.save(update_fields=("escalated_at",))
    commander = task.incident.roles.filter(part=IncidentRole.Part.COMMANDER).first()
    facts = {
        "task": task.pk,
        "step": task.step,
        "to": None if commander is None else commander.operator.username,
    }
    key = f"overdue-{task.pk}"
    kind = "escalate_incident_task"
    tell_overdue_task(task)
    return note(task.incident, kind, actor="system", facts=facts, key=key) is not None
