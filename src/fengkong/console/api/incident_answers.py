"""What operations of incidents, drills and playbooks answer with."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from ninja import Schema

from fengkong.console.api.answers import REQUIRED, InBoth, of_row
from fengkong.console.drills.models import DrillRun, DrillSchedule
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
from fengkong.console.playbooks.models import PlaybookVersion

INCIDENT: Final = (
    *("id", "kind", "severity", "title", "summary", "phase", "phase_since", "source", "opened_by"),
    *("opened_at", "aware_at", "classified_at", "closed_at", "impact", "customers", "loss_minor"),
    *("currency", "playbook_name", "playbook_version", "no_playbook", "drill"),
)
ROLE: Final = ("part", "since")
TASK: Final = (
    *("id", "step", "phase", "title_zh", "title_en", "part", "required", "state", "created_at"),
    *("due_at", "done_at", "done_by", "outcome"),
)
CLOCK: Final = (
    *("id", "terms", "started_at", "due_at", "state", "ended_at", "ended_by", "reference"),
    "reason",
)
SWITCH: Final = (
    *("id", "kind", "reason", "state", "asked_by", "asked_at", "approved_by", "approved_at"),
    *("on_at", "until", "ended_at", "ended_why", "policy_hash", "policy_sequence", "problem"),
)
DECIDED: Final = ("id", "decided_at", "decided_by", "what", "reason", "alternatives", "known")
EVIDENCE: Final = ("id", "name", "source", "size", "sha256", "collected_by", "collected_at")
COMMUNICATION: Final = (
    *("id", "audience", "template", "language", "subject", "body", "state", "edition"),
    *("written_by", "written_at", "approved_by", "approved_at", "sent_by", "sent_at", "sent_how"),
)
CAUSE: Final = ("id", "kind", "text", "written_by", "written_at")
FOLLOW_UP: Final = (
    *("id", "text", "changes", "target", "due_on", "state", "changed", "note", "done_by"),
    "done_at",
)
ENTRY: Final = ("id", "at", "actor", "kind", "text")
RUN: Final = (
    *("id", "name", "mode", "pace", "state", "planned_for", "started_at", "ended_at", "incident"),
    *("injected", "policy_name", "remark"),
)
SCHEDULE: Final = ("id", "drill", "months", "next_on", "hour", "planned")
PLAYBOOK: Final = (
    *("id", "name", "number", "hash", "state", "edition", "reason", "changed_at", "approved_by"),
    "in_use_since",
)
_HELD: Final = ("facts", list[str], REQUIRED)
_OWNER: Final = ("owner", str | None, REQUIRED)
_JSON: TypeAlias = dict[str, Any]


def _many(row: type[Schema]) -> Any:
    return list[row]  # type: ignore[valid-type]  # chosen at run time


IncidentShown = of_row(Incident, "IncidentShown", *INCIDENT, more=(_HELD,))
RoleShown = of_row(IncidentRole, "IncidentRoleShown", *ROLE, more=(("holder", str, REQUIRED),))
TaskShown = of_row(IncidentTask, "IncidentTaskShown", *TASK, more=(_OWNER,))
ClockShown = of_row(
    RunningClock,
    "IncidentClockShown",
    *CLOCK,
    more=(("title", InBoth, REQUIRED), ("law", InBoth, REQUIRED), ("recipient", InBoth, REQUIRED)),
)
SwitchShown = of_row(Switch, "SwitchShown", *SWITCH, more=(("terms", _JSON, REQUIRED),))
DecidedShown = of_row(IncidentDecision, "IncidentDecisionShown", *DECIDED)
EvidenceShown = of_row(Evidence, "EvidenceShown", *EVIDENCE)
CommunicationShown = of_row(Communication, "CommunicationShown", *COMMUNICATION)
CauseShown = of_row(Cause, "IncidentCauseShown", *CAUSE)
FollowUpShown = of_row(
    FollowUp,
    "FollowUpShown",
    *FOLLOW_UP,
    more=(("incident", int, REQUIRED), ("owner", str, REQUIRED), ("cause", int | None, REQUIRED)),
)
EntryShown = of_row(
    TimelineEntry,
    "TimelineEntryShown",
    *ENTRY,
    more=(("facts", _JSON, REQUIRED), ("digest", str, REQUIRED)),
)
IncidentWhole = of_row(
    Incident,
    "IncidentWhole",
    *INCIDENT,
    more=(
        _HELD,
        ("missing", list[str], REQUIRED),
        ("exits", dict[str, bool], REQUIRED),
        ("links", list[dict[str, str]], REQUIRED),
        ("roles", _many(RoleShown), REQUIRED),
        ("tasks", _many(TaskShown), REQUIRED),
        ("clocks", _many(ClockShown), REQUIRED),
        ("decisions", _many(DecidedShown), REQUIRED),
        ("switches", _many(SwitchShown), REQUIRED),
        ("evidence", _many(EvidenceShown), REQUIRED),
        ("communications", _many(CommunicationShown), REQUIRED),
        ("causes", _many(CauseShown), REQUIRED),
        ("actions", _many(FollowUpShown), REQUIRED),
    ),
)
_RUN: Final = (
    ("planned_by", str, REQUIRED),
    ("minutes", int, REQUIRED),
    ("times", _JSON | None, REQUIRED),
    ("score", _JSON | None, REQUIRED),
    ("attack", _JSON, REQUIRED),
    ("breaks", list[Any], REQUIRED),
)
RunShown = of_row(DrillRun, "DrillShown", *RUN, more=_RUN)
RunWhole = of_row(
    DrillRun,
    "DrillWhole",
    *RUN,
    more=(
        *_RUN,
        ("minute", float, REQUIRED),
        ("told", list[Any], REQUIRED),
        ("expects", _JSON, REQUIRED),
        ("before", int | None, REQUIRED),
        ("score_before", _JSON | None, REQUIRED),
    ),
)
ScheduleShown = of_row(
    DrillSchedule,
    "DrillScheduleShown",
    *SCHEDULE,
    more=(("owner", str, REQUIRED), ("overdue", bool, REQUIRED)),
)
_AUTHOR: Final = ("author", str, REQUIRED)
VersionShown = of_row(PlaybookVersion, "PlaybookVersionShown", *PLAYBOOK, more=(_AUTHOR,))
VersionWithText = of_row(
    PlaybookVersion,
    "PlaybookVersionWithText",
    *PLAYBOOK,
    "text",
    more=(_AUTHOR, ("faults", list[_JSON], REQUIRED)),
)
