"""What is done in an incident: classified, assessed, led through its phases, tasks, decisions.

Every act checks the permission, changes, tells the timeline and the ledger: one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.incidents.clocking import begin_clocks
from fengkong.console.incidents.models import (
    Incident,
    IncidentDecision,
    IncidentRole,
    IncidentTask,
)
from fengkong.console.incidents.needs import standing_of
from fengkong.console.incidents.timeline import note
from fengkong.core.errors import RiskError
from fengkong.response.kinds import shipped_scale
from fengkong.response.phases import PHASES, Phase, check_move
from fengkong.response.playbook import content_hash

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

WORK: Final = "incidents.work"
COMMAND: Final = "incidents.command"


class ClosedIncidentError(RiskError):
    """The incident is closed: nothing more is done in it."""

    code = "console.closed_incident"
    hint = "Open a new incident, and link this one to it."


class RefusedIncidentActError(RiskError):
    """As things are in the incident, what was asked for is not done."""

    code = "console.refused_incident_act"
    hint = "Open the incident again: it shows how things are now."


def locked(incident_id: int, operator: Operator, permission: str) -> Incident:
    """The incident, for an act that needs a permission; raises ClosedIncidentError too."""
    if not operator.may(permission):
        raise PermissionDenied(permission)
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if not incident.is_open:
        raise ClosedIncidentError(f"{incident.pk} is closed")
    return incident


@transaction.atomic
def classify(
    operator: Operator, incident_id: int, *, kind: str, severity: int, facts: Mapping[str, bool]
) -> Incident:
    """Say what it is and how grave; regulatory clocks begin by it. May be said again."""
    incident = locked(incident_id, operator, COMMAND)
    scale = shipped_scale()
    if kind not in scale.kinds or severity not in scale.severities:
        raise RefusedIncidentActError(f"kind {kind[:40]!r}, severity {severity}")
    incident.kind, incident.severity = kind, severity
    incident.facts = {name: True for name in scale.facts if facts.get(name)}
    incident.classified_at = timezone.now()
    incident.save()
    told = {"incident_kind": kind, "severity": severity, "holds": sorted(incident.facts)}
    note(incident, "classify_incident", actor=operator, facts=told)
    begin_clocks(incident, actor=operator)
    return incident


@transaction.atomic
def assess(
    operator: Operator,
    incident_id: int,
    *,
    impact: str,
    customers: int | None = None,
    loss_minor: int | None = None,
) -> Incident:
    """Write down who and what is hurt."""
    incident = locked(incident_id, operator, WORK)
    incident.impact, incident.customers, incident.loss_minor = impact, customers, loss_minor
    incident.save()
    facts = {"customers": customers, "loss_minor": loss_minor}
    note(incident, "assess_incident", actor=operator, facts=facts, text=impact)
    return incident


@transaction.atomic
def move(operator: Operator, incident_id: int, phase: Phase, *, reason: str = "") -> Incident:
    """Leave a phase for another; raises `RefusedPhaseError` with what is missing."""
    incident = locked(incident_id, operator, COMMAND)
    before = incident.standing
    check_move(before, phase, standing_of(incident))
    now = timezone.now()
    incident.phase, incident.phase_since = phase.value, now
    if phase is Phase.CLOSED:
        incident.closed_at = now
    incident.save()
    facts = {"before": before.value, "after": phase.value}
    note(incident, "move_incident", actor=operator, facts=facts, text=reason)
    if PHASES.index(phase) > PHASES.index(Phase.CONTAIN) >= PHASES.index(before):
        begin_clocks(incident, actor=operator)
    return incident


@transaction.atomic
def assign(operator: Operator, incident_id: int, part: str, holder: Operator) -> IncidentRole:
    """Give a part to somebody who may have it."""
    incident = locked(incident_id, operator, WORK)
    if part not in IncidentRole.Part.values:
        raise RefusedIncidentActError(f"part {part[:40]!r}")
    needed = COMMAND if part == IncidentRole.Part.COMMANDER else WORK
    if not holder.is_active or not holder.may(needed):
        raise RefusedIncidentActError(f"{holder} may not be {part}")
    made, _ = IncidentRole.objects.update_or_create(
        incident=incident, part=part, defaults={"operator": holder, "since": timezone.now()}
    )
    incident.tasks.filter(part=part, owner=None, state=IncidentTask.State.OPEN).update(owner=holder)
    facts = {"part": part, "operator": holder.username}
    note(incident, "assign_incident_role", actor=operator, facts=facts)
    return made


@transaction.atomic
def decide(
    operator: Operator,
    incident_id: int,
    *,
    what: str,
    reason: str,
    alternatives: str = "",
    known: str = "",
) -> IncidentDecision:
    """Record a decision with its reason, what else was possible and what was known."""
    incident = locked(incident_id, operator, COMMAND)
    made = IncidentDecision.objects.create(
        incident=incident,
        decided_by=operator.username,
        what=what.strip(),
        reason=reason.strip(),
        alternatives=alternatives.strip(),
        known=known.strip(),
    )
    note(incident, "decide_incident", actor=operator, facts={"decision": made.pk}, text=made.what)
    return made


@transaction.atomic
def write_note(operator: Operator, incident_id: int, *, text: str) -> None:
    """Add what somebody saw or heard to the timeline."""
    note(locked(incident_id, operator, WORK), "note_incident", actor=operator, text=text.strip())


# -- the playbook ----------------------------------------------------------------------------


@transaction.atomic
def start_playbook(
    operator: Operator, incident_id: int, *, content: Mapping[str, Any], pace: float = 1.0
) -> Incident:
    """Freeze a playbook into the incident and make its tasks; once for each incident.

    `content` is the playbook as data. The time of its steps runs from now; `pace` is how many of
    its minutes pass in one, which only drills hurry.
    """
    incident = locked(incident_id, operator, COMMAND)
    if incident.playbook is not None:
        raise RefusedIncidentActError("a playbook was started before")
    incident.playbook = dict(content)
    incident.playbook_name = str(content["playbook"])
    incident.playbook_version = int(content["version"])
    incident.no_playbook = ""
    incident.save()
    now = timezone.now()
    holders = {role.part: role.operator_id for role in incident.roles.all()}
    IncidentTask.objects.bulk_create(
        IncidentTask(
            incident=incident,
            step=step["id"],
            phase=step["phase"],
            title_zh=step["title"]["zh"][:300],
            title_en=step["title"]["en"][:300],
            part=step["part"],
            owner_id=holders.get(step["part"]),
            required=step.get("required", True),
            created_at=now,
            due_at=now + timedelta(minutes=step["minutes"] / pace),
        )
        for step in content["steps"]
    )
    facts = {
        "playbook": incident.playbook_name,
        "version": incident.playbook_version,
        "hash": content_hash(content),
        "tasks": len(content["steps"]),
    }
    note(incident, "start_incident_playbook", actor=operator, facts=facts)
    return incident


@transaction.atomic
def go_without_playbook(operator: Operator, incident_id: int, *, reason: str) -> Incident:
    """Say why no playbook fits."""
    incident = locked(incident_id, operator, COMMAND)
    incident.no_playbook = reason.strip()
    incident.save()
    note(incident, "refuse_incident_playbook", actor=operator, text=reason)
    return incident


@transaction.atomic
def meet_exit(operator: Operator, incident_id: int, criterion: str) -> Incident:
    """An exit criterion of the playbook is met."""
    incident = locked(incident_id, operator, COMMAND)
    known = {one["id"] for one in (incident.playbook or {}).get("exit", ())}
    if criterion not in known:
        raise RefusedIncidentActError(f"no exit criterion {criterion[:40]!r}")
    if criterion not in incident.exits_met:
        incident.exits_met = [*incident.exits_met, criterion]
        incident.save()
        note(incident, "meet_exit_criterion", actor=operator, facts={"criterion": criterion})
    return incident


# -- tasks -----------------------------------------------------------------------------------


@transaction.atomic
def add_task(
    operator: Operator,
    incident_id: int,
    *,
    title: str,
    due_at: datetime | None = None,
    part: str = "",
    owner: Operator | None = None,
) -> IncidentTask:
    """A task more, in the phase that the incident is in."""
    incident = locked(incident_id, operator, WORK)
    made = IncidentTask.objects.create(
        incident=incident,
        phase=incident.phase,
        title_zh=title[:300],
        title_en=title[:300],
        part=part,
        owner=owner,
        due_at=due_at,
    )
    note(incident, "add_incident_task", actor=operator, facts={"task": made.pk}, text=title)
    return made


@transaction.atomic
def take_task(operator: Operator, task_id: int) -> IncidentTask:
    """Take a task; who had it before is relieved of it."""
    task, incident = _task(operator, task_id)
    task.owner = operator
    task.save()
    note(incident, "take_incident_task", actor=operator, facts=_named(task))
    return task


@transaction.atomic
def finish_task(operator: Operator, task_id: int, *, outcome: str = "") -> IncidentTask:
    """A task is done."""
    return _end_task(operator, task_id, state=IncidentTask.State.DONE, outcome=outcome)


@transaction.atomic
def skip_task(operator: Operator, task_id: int, *, reason: str) -> IncidentTask:
    """A task is left out, with the reason; whoever commands says so."""
    if not operator.may(COMMAND):
        raise PermissionDenied(COMMAND)
    return _end_task(operator, task_id, state=IncidentTask.State.SKIPPED, outcome=reason)


def _end_task(
    operator: Operator, task_id: int, *, state: IncidentTask.State, outcome: str
) -> IncidentTask:
    task, incident = _task(operator, task_id)
    task.state, task.outcome = state, outcome.strip()
    task.done_at, task.done_by = timezone.now(), operator.username
    task.save()
    done = state == IncidentTask.State.DONE
    kind = "finish_incident_task" if done else "skip_incident_task"
    note(incident, kind, actor=operator, facts=_named(task), text=outcome)
    return task


def _task(operator: Operator, task_id: int) -> tuple[IncidentTask, Incident]:
    task = IncidentTask.objects.get(pk=task_id)
    incident = locked(task.incident_id, operator, WORK)
    task.refresh_from_db()
    if task.state != IncidentTask.State.OPEN:
        raise RefusedIncidentActError("the task was ended before")
    return task, incident


def _named(task: IncidentTask) -> dict[str, Any]:
    return {"task": task.pk, "step": task.step}


def phases_entered(incident: Incident) -> Sequence[tuple[str, datetime]]:
    """Each phase that was entered with its time, in order, from the timeline."""
    entered = [(Phase.IDENTIFY.value, incident.opened_at)]
    moves = incident.timeline.filter(kind="move_incident")
    return [*entered, *((str(one.facts["after"]), one.at) for one in moves)]
