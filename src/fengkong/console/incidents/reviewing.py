"""The after-action review: causes, and actions tracked until what they changed is named."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.incidents.acting import WORK, RefusedIncidentActError, locked
from fengkong.console.incidents.changeable import check_thing, check_version
from fengkong.console.incidents.models import Cause, FollowUp
from fengkong.console.incidents.timeline import note

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


@transaction.atomic
def add_cause(operator: Operator, incident_id: int, *, kind: str, text: str) -> Cause:
    """Write down a cause, or what went well."""
    incident = locked(incident_id, operator, WORK)
    made = Cause.objects.create(
        incident=incident, kind=kind, text=text.strip(), written_by=operator.username
    )
    facts = {"cause": made.pk, "kind": kind}
    note(incident, "add_incident_cause", actor=operator, facts=facts, text=text)
    return made


@transaction.atomic
def add_follow_up(
    operator: Operator,
    incident_id: int,
    *,
    text: str,
    changes: str,
    owner: Operator,
    due_on: date,
    target: str = "",
    cause: Cause | None = None,
) -> FollowUp:
    """An action with owner and day; `target` is the threshold, rule, list or playbook it changes.

    Raises UnknownChangeError where that is not there.
    """
    incident = locked(incident_id, operator, WORK)
    if changes not in FollowUp.Changes.values:
        raise RefusedIncidentActError(f"an action that changes {changes[:20]!r}")
    check_thing(changes, target)
    made = FollowUp.objects.create(
        incident=incident,
        cause=cause,
        text=text.strip(),
        changes=changes,
        target=target.strip()[:200],
        owner=owner,
        due_on=due_on,
    )
    facts = {"action": made.pk, "changes": changes, "target": made.target, "owner": owner.username}
    note(incident, "add_follow_up", actor=operator, facts=facts, text=text)
    return made


@transaction.atomic
def finish_follow_up(
    operator: Operator, action_id: int, *, changed: str, remark: str = ""
) -> FollowUp:
    """It is done, and `changed` is the version that changed it, made since the incident began.

    Of a system or a training it is told in words. Raises UnknownChangeError.
    """
    if not changed.strip():
        raise RefusedIncidentActError("an action is done when what it changed is named")
    check_version(FollowUp.objects.select_related("incident").get(pk=action_id), changed.strip())
    return _end(operator, action_id, FollowUp.State.DONE, changed=changed, remark=remark)


@transaction.atomic
def drop_follow_up(operator: Operator, action_id: int, *, reason: str) -> FollowUp:
    """It will not be done, and why."""
    if not operator.may("incidents.command"):
        raise PermissionDenied("incidents.command")
    return _end(operator, action_id, FollowUp.State.DROPPED, changed="", remark=reason)


def _end(
    operator: Operator, action_id: int, state: FollowUp.State, *, changed: str, remark: str
) -> FollowUp:
    """Actions are tracked on after the incident is closed."""
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    action = FollowUp.objects.select_for_update().select_related("incident").get(pk=action_id)
    if action.state != FollowUp.State.OPEN:
        raise RefusedIncidentActError("the action was ended before")
    action.state, action.changed, action.note = state, changed.strip()[:200], remark.strip()
    action.done_by, action.done_at = operator.username, timezone.now()
    action.save()
    kind = "finish_follow_up" if state == FollowUp.State.DONE else "drop_follow_up"
    facts = {"action": action.pk, "changes": action.changes, "changed": action.changed}
    note(action.incident, kind, actor=operator, facts=facts, text=remark)
    return action


def remind(now: datetime) -> int:
    """Tell of actions whose day is over, once; how many."""
    today, told = timezone.localdate(now), 0
    waiting = FollowUp.objects.filter(
        state=FollowUp.State.OPEN, due_on__lt=today, reminded_at=None
    ).select_related("incident", "owner")
    for action in waiting:
        with transaction.atomic():
            action.reminded_at = now
            action.save(update_fields=("reminded_at",))
            facts = {"action": action.pk, "owner": action.owner.username}
            key = f"remind-{action.pk}"
            told += (
                note(action.incident, "remind_follow_up", actor="system", facts=facts, key=key)
                is not None
            )
    return told
