"""Contains from the incident room: freezes the subjects of its alerts and cases, and follows it.

What is asked for goes through the one port for actions; the timeline has the asking, and what the
core system answered, once each.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from fengkong.console.actions.models import Action
from fengkong.console.actions.port import ask_many, would_ask
from fengkong.console.incidents.acting import WORK, RefusedIncidentActError, locked
from fengkong.console.incidents.models import Incident, IncidentLink, TimelineEntry
from fengkong.console.incidents.signals import linked, linked_alerts, linked_cases
from fengkong.console.incidents.timeline import note

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator

FREEZE: Final = "freeze"
CONTAINING: Final[dict[str, Words]] = {
    FREEZE: _("Freeze: no money leaves"),
    "delay": _("Delay payments"),
    "ask_verification": _("Ask for verification"),
}
"""The actions by which an incident is contained, with their words."""
_ANSWERED: Final = (
    *(Action.State.SENT, Action.State.CONFIRMED, Action.State.REFUSED),
    *(Action.State.FAILED, Action.State.WITHDRAWN),
)


def subjects_of(incident: Incident) -> list[str]:
    """Whom the linked alerts and cases are about, by blind index; each once, in a fixed order."""
    found = set(linked_alerts(incident).values_list("subject", flat=True))
    found |= set(linked_cases(incident).values_list("subject", flat=True))
    return sorted(one for one in found if one)


def dry_run(incident: Incident, action: str) -> dict[str, list[str]]:
    """Subjects that would be told of (`new`), those `under_way` already, and the `unknown`."""
    return would_ask(action, subjects_of(incident))


@transaction.atomic
def contain(
    operator: Operator, incident_id: int, *, action: str, why: str, until: datetime | None = None
) -> list[Action]:
    """Ask for an action on every subject of the incident that is not under it; of more than one a
    second person approves. Raises PermissionDenied, RefusedIncidentActError.
    """
    incident = locked(incident_id, operator, WORK)
    if action not in CONTAINING:
        raise RefusedIncidentActError(f"an incident is not contained by {action[:20]!r}")
    if incident.drill is not None:
        raise RefusedIncidentActError("a drill touches no customer: write down who would be frozen")
    subjects = dry_run(incident, action)["new"]
    if not subjects:
        raise RefusedIncidentActError("no linked alert or case has a subject that is not under it")
    made = ask_many(action, subjects, operator, why, until=until)
    for one in made:
        IncidentLink.objects.create(
            incident=incident, kind="action", reference=one.pk, linked_by=operator.username
        )
    facts = {"action": action, "count": len(made), "second_person": made[0].state == "proposed"}
    note(incident, "contain_incident", actor=operator, facts=facts, text=why)
    return made


def actions_of(incident: Incident) -> QuerySet[Action]:
    """The actions that were asked for from the room, the newest first."""
    return Action.objects.filter(pk__in=linked(incident, "action")).select_related("asked_by")


def tell_answers() -> int:
    """Tell the timelines of open incidents what became of their actions, once each; how many."""
    told = 0
    links = IncidentLink.objects.filter(kind="action").exclude(incident__phase="closed")
    of_action = {one.reference: one.incident for one in links.select_related("incident")}
    answered = Action.objects.filter(pk__in=list(of_action), state__in=_ANSWERED)
    keys = {_key(one): one for one in answered}
    known = TimelineEntry.objects.filter(key__in=list(keys)).values_list("key", flat=True)
    for key in keys.keys() - set(known):
        told += _tell(of_action[keys[key].pk], keys[key], key=key)
    return told


@transaction.atomic
def _tell(incident: Incident, action: Action, *, key: str) -> int:
    facts = {"action": action.kind, "action_id": action.pk, "answer": action.state}
    text = " ".join(one for one in (action.reference, action.message) if one)
    actor = action.system.name if action.system is not None else "system"
    made = note(incident, "answer_containing", actor=actor, facts=facts, text=text, key=key)
    return made is not None


def _key(action: Action) -> str:
    return f"action-{action.pk}-{action.state}"
