"""Incidents and what belongs to them as objects of the API."""

from __future__ import annotations

from typing import Any

from fengkong.console.api import incident_answers as shown
from fengkong.console.api.representations import columns
from fengkong.console.incidents.models import (
    Cause,
    Communication,
    Evidence,
    FollowUp,
    Incident,
    IncidentDecision,
    IncidentRole,
    IncidentTask,
    RunningClock,
    Switch,
    TimelineEntry,
)
from fengkong.console.incidents.needs import standing_of
from fengkong.console.incidents.timeline import digest_of


def incident_row(one: Incident) -> dict[str, Any]:
    """An incident in a list; `facts` are the names of those that hold."""
    return {**columns(one, *shown.INCIDENT), "facts": sorted(one.facts)}


def whole(one: Incident) -> dict[str, Any]:
    """An incident with everything in it but the timeline."""
    criteria = [found["id"] for found in (one.playbook or {}).get("exit", ())]
    return incident_row(one) | {
        "missing": [need.value for need in standing_of(one).missing(one.standing)],
        "exits": {name: name in one.exits_met for name in criteria},
        "links": [columns(found, "kind", "reference", "linked_by") for found in one.links.all()],
        "roles": [role_row(found) for found in one.roles.select_related("operator")],
        "tasks": [task_row(found) for found in one.tasks.select_related("owner")],
        "clocks": [clock_row(found) for found in one.clocks.all()],
        "decisions": [decided_row(found) for found in one.decisions.all()],
        "switches": [switch_row(found) for found in one.switches.all()],
        "evidence": [evidence_row(found) for found in one.evidence.all()],
        "communications": [communication_row(found) for found in one.communications.all()],
        "causes": [cause_row(found) for found in one.causes.all()],
        "actions": [action_row(found) for found in one.follow_ups.select_related("owner")],
    }


def role_row(one: IncidentRole) -> dict[str, Any]:
    """Who has a part."""
    return {**columns(one, *shown.ROLE), "holder": one.operator.username}


def task_row(one: IncidentTask) -> dict[str, Any]:
    """A task with its owner."""
    owner = None if one.owner is None else one.owner.username
    return {**columns(one, *shown.TASK), "owner": owner}


def clock_row(one: RunningClock) -> dict[str, Any]:
    """A duty to report, with its law and to whom."""
    content = one.content
    return {
        **columns(one, *shown.CLOCK),
        "title": content["title"],
        "law": content["regulation_title"],
        "recipient": content["recipient"],
    }


def switch_row(one: Switch) -> dict[str, Any]:
    """A stop-loss switch with its terms."""
    return columns(one, *shown.SWITCH, "terms")


def decided_row(one: IncidentDecision) -> dict[str, Any]:
    """A decision."""
    return columns(one, *shown.DECIDED)


def evidence_row(one: Evidence) -> dict[str, Any]:
    """A kept file by its digest."""
    return columns(one, *shown.EVIDENCE)


def communication_row(one: Communication) -> dict[str, Any]:
    """A text for those outside."""
    return columns(one, *shown.COMMUNICATION)


def cause_row(one: Cause) -> dict[str, Any]:
    """A cause."""
    return columns(one, *shown.CAUSE)


def action_row(one: FollowUp) -> dict[str, Any]:
    """An action of a review."""
    more = {"incident": one.incident_id, "owner": one.owner.username, "cause": one.cause_id}
    return {**columns(one, *shown.FOLLOW_UP), **more}


def entry_row(one: TimelineEntry) -> dict[str, Any]:
    """An entry of a timeline with the digest that the ledger has."""
    return {**columns(one, *shown.ENTRY, "facts"), "digest": digest_of(one)}
