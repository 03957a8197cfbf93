"""What an incident has of what its phases need."""

from __future__ import annotations

from fengkong.console.incidents.models import (
    FollowUp,
    Incident,
    IncidentRole,
    IncidentTask,
    RunningClock,
    Switch,
)
from fengkong.response.phases import PHASES, Need, Phase, Standing

WORKING_SWITCHES = (
    Switch.State.PROPOSED,
    Switch.State.SETTING,
    Switch.State.ON,
    Switch.State.ENDING,
)


def standing_of(incident: Incident) -> Standing:
    """Everything that is met now."""
    met = {
        Need.CLASSIFIED: incident.classified_at is not None,
        Need.COMMANDER: incident.roles.filter(part=IncidentRole.Part.COMMANDER).exists(),
        Need.IMPACT: bool(incident.impact.strip()),
        Need.PLAYBOOK: incident.playbook is not None or bool(incident.no_playbook.strip()),
        Need.DECISION: incident.decisions.exists(),
        Need.TASKS: not _open_tasks(incident),
        Need.SWITCHES: not incident.switches.filter(state__in=WORKING_SWITCHES).exists(),
        Need.EXIT: _exits_met(incident),
        Need.CLOCKS: not incident.clocks.filter(state=RunningClock.State.RUNNING).exists(),
        Need.CAUSES: incident.causes.exists(),
        Need.ACTIONS: incident.follow_ups.exclude(state=FollowUp.State.DROPPED).exists(),
    }
    return Standing(frozenset(need for need, held in met.items() if held))


def _open_tasks(incident: Incident) -> bool:
    """Whether a required task of this phase or one before it is open."""
    place = PHASES.index(Phase(incident.phase))
    phases = [phase.value for phase in PHASES[: place + 1]]
    waiting = incident.tasks.filter(required=True, state=IncidentTask.State.OPEN)
    return waiting.filter(phase__in=phases).exists()


def _exits_met(incident: Incident) -> bool:
    wanted = {one["id"] for one in (incident.playbook or {}).get("exit", ())}
    return wanted <= set(incident.exits_met)
