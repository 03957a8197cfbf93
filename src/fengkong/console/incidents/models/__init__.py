"""An incident with everything that belongs to it."""

from fengkong.console.incidents.models.clock import RunningClock
from fengkong.console.incidents.models.communication import Communication
from fengkong.console.incidents.models.entry import IncidentDecision, TimelineEntry
from fengkong.console.incidents.models.evidence import Custody, Evidence
from fengkong.console.incidents.models.incident import Incident, IncidentLink
from fengkong.console.incidents.models.review import Cause, FollowUp
from fengkong.console.incidents.models.role import IncidentRole
from fengkong.console.incidents.models.switch import Switch, SwitchedPolicy
from fengkong.console.incidents.models.task import IncidentTask

__all__ = (
    "Cause",
    "Communication",
    "Custody",
    "Evidence",
    "FollowUp",
    "Incident",
    "IncidentDecision",
    "IncidentLink",
    "IncidentRole",
    "IncidentTask",
    "RunningClock",
    "Switch",
    "SwitchedPolicy",
    "TimelineEntry",
)
