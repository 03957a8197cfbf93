"""The one port for actions on a subject: everything that freezes, lifts or limits goes through it.

What is asked for is kept, sent by the worker to whoever does it, told again until it is
answered, and stays visible until the other side has confirmed. Dangerous actions (lifting, what
concerns many at once, a limit that may be higher) wait for a second person.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.models import Operator
from fengkong.console.actions.models import OPEN, Action
from fengkong.console.approvals.four_eyes import Fact, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record
from fengkong.console.journaled.models import Decision
from fengkong.console.outbox.jobs import put
from fengkong.core.errors import RiskError

ASK: Final = "actions.ask"
APPROVE: Final = "actions.approve"
DANGEROUS: Final = "dangerous_actions"
SEND_JOB: Final = "send_action"
ASKED_AT_ONCE_MAX: Final = 10_000
"""As many as a gang has members."""
_SOME: Final = 500
LIMITS: Final = ("daily_transfer", "single_payment", "daily_withdrawal", "credit")
"""Limits that may be changed."""


class UnknownSubjectError(RiskError):
    """No decision about this subject can be read, so nobody can be told whom an action is about."""

    code = "actions.unknown_subject"
    hint = "The subject was erased, or the read model is being filled; try again later."


class InvalidActionError(RiskError):
    """The action is unknown, or lacks what it needs."""

    code = "actions.invalid"
    hint = "Say why; a limit needs its name and amount, a list its name."


class SettledActionError(RiskError):
    """The other side has been told of the action, or has answered."""

    code = "actions.settled"
    hint = "Open the action to see where it stands; ask for the opposite to undo it."


def ask(
    action: str,
    subject: str,
    operator: Operator,
    why: str,
    *,
    case_id: str = "",
    alert_id: str = "",
    until: datetime | None = None,
    content: Mapping[str, Any] | None = None,
) -> Action:
    """Ask for an action on a subject (its blind index); it is there as soon as this returns.

    `until` ends a freeze, a delay or a list entry by itself. `content` of a limit_change is
    ``{"limit": ..., "amount_minor": ..., "currency": ...}``, of a list_entry ``{"list": ...}``.
    Raises PermissionDenied, InvalidActionError, UnknownSubjectError.
    """
    return ask_many(
        action,
        [subject],
        operator,
        why,
        case_id=case_id,
        alert_id=alert_id,
        until=until,
        content=content,
    )[0]


@transaction.atomic
def ask_many(
    action: str,
    subjects: Sequence[str],
    operator: Operator,
    why: str,
    *,
    case_id: str = "",
    alert_id: str = "",
    until: datetime | None = None,
    content: Mapping[str, Any] | None = None,
) -> list[Action]:
    """Ask for the same action on several subjects; of more than one it waits for a second person.

    All of them or none. Raises as `ask`.
    """
    if not operator.may(ASK):
        raise PermissionDenied(ASK)
    terms = dict(content or {})
    _check(action, subjects, why=why, content=terms)
    state = (
        Action.State.PROPOSED
        if is_dangerous(action, count=len(subjects), content=terms)
        else Action.State.WAITING
    )
    places = _places(subjects)
    made = [
        Action(
            id=f"act{uuid.uuid4().hex[:21]}",
            kind=action,
            subject=subject,
            sequence=places[subject],
            why=why.strip(),
            content=terms,
            until=until,
            case_id=case_id,
            alert_id=alert_id,
            asked_by=operator,
            state=state,
        )
        for subject in subjects
    ]
    Action.objects.bulk_create(made, batch_size=_SOME)
    _record(operator, "ask_action", made)
    if state == Action.State.PROPOSED:
        _propose(operator, made, why=why)
    else:
        promise(made)
    return made


def is_dangerous(action: str, *, count: int, content: Mapping[str, Any]) -> bool:
    """Whether a second person must approve: somebody goes free, or many are concerned.

    Any limit but nought may be higher than the one there is, which only the core system knows.
    """
    raises = action == Action.Kind.LIMIT_CHANGE and content.get("amount_minor") != 0
    return action == Action.Kind.LIFT or count > 1 or raises


def would_ask(action: str, subjects: Sequence[str]) -> dict[str, list[str]]:
    """A dry run: the subjects that would be told of, those already under way, and the unknown."""
    places = Decision.objects.filter(subject__in=subjects).values_list("subject", flat=True)
    known = set(places.distinct())
    asked = in_effect(action).filter(subject__in=subjects)
    under_way = set(asked.values_list("subject", flat=True))
    return {
        "new": [one for one in subjects if one in known and one not in under_way],
        "under_way": [one for one in subjects if one in under_way],
        "unknown": [one for one in subjects if one not in known],
    }


def in_effect(action: str) -> QuerySet[Action]:
    """Every action of a kind that is under way or confirmed: asking for it again adds nothing."""
    return Action.objects.filter(kind=action, state__in=(*OPEN, Action.State.CONFIRMED))


def actions_of_subject(subject: str) -> QuerySet[Action]:
    """Every action on a subject, the newest first."""
    return Action.objects.filter(subject=subject)


def actions_of_case(case_id: str) -> QuerySet[Action]:
    """Every action of a case, the newest first."""
    return Action.objects.filter(case_id=case_id)


def open_actions() -> QuerySet[Action]:
    """The actions that nobody has confirmed yet, the oldest first."""
    return Action.objects.filter(state__in=OPEN).order_by("asked_at", "id")


def promise(actions: Sequence[Action]) -> None:
    """Have the worker send them."""
    for action in actions:
        put(SEND_JOB, {"action": action.pk}, key=action.pk)


def perform_dangerous(proposal: Proposal, approver: Operator) -> None:
    """Send what was approved."""
    proposed = Action.objects.filter(proposal_id=proposal.pk, state=Action.State.PROPOSED)
    actions = list(proposed.select_for_update())
    proposed.update(state=Action.State.WAITING)
    _record(approver, "release_action", actions)
    promise(actions)


@transaction.atomic
def tell_again(action_id: str, operator: Operator) -> None:
    """Have the worker tell the other side of an action once more; raises SettledActionError."""
    action = _locked(action_id, operator)
    if action.state not in {Action.State.WAITING, Action.State.SENT, Action.State.FAILED}:
        raise SettledActionError(f"action {action.pk} is {action.state}")
    if action.state == Action.State.FAILED:
        action.state, action.tries, action.ended_at = Action.State.WAITING, 0, None
        action.save(update_fields=("state", "tries", "ended_at"))
    _record(operator, "repeat_action", [action])
    promise([action])


@transaction.atomic
def withdraw(action_id: str, operator: Operator) -> None:
    """Take back what the other side was not told of yet; raises SettledActionError."""
    action = _locked(action_id, operator)
    if action.state not in {Action.State.PROPOSED, Action.State.WAITING} or action.tries:
        raise SettledActionError(f"action {action.pk} is {action.state}")
    action.state, action.ended_at = Action.State.WITHDRAWN, timezone.now()
    action.save(update_fields=("state", "ended_at"))
    _record(operator, "withdraw_action", [action])


def describe_dangerous(proposal: Proposal) -> list[Fact]:
    """What would be done, in words."""
    content = proposal.content
    facts: list[Fact] = [
        (_("Action"), Action.Kind(content["action"]).label),
        (_("Subjects"), content["count"]),
    ]
    return facts + [(name, value) for name, value in content.get("content", {}).items()]


def _locked(action_id: str, operator: Operator) -> Action:
    if not operator.may(ASK):
        raise PermissionDenied(ASK)
    return Action.objects.select_for_update().get(pk=action_id)


def _propose(operator: Operator, actions: Sequence[Action], *, why: str) -> None:
    first = actions[0]
    proposal = propose(
        operator,
        DANGEROUS,
        target=first.kind,
        reason=why,
        content={"action": first.kind, "count": len(actions), "actions": [a.pk for a in actions]}
        | {"content": first.content},
    )
    for action in actions:
        action.proposal_id = proposal.pk
    for at in range(0, len(actions), _SOME):
        some = [one.pk for one in actions[at : at + _SOME]]
        Action.objects.filter(pk__in=some).update(proposal_id=proposal.pk)


def _places(subjects: Sequence[str]) -> dict[str, int]:
    """For each subject the place of its newest decision."""
    places = {}
    for subject in subjects:
        newest = (
            Decision.objects.filter(subject=subject, erased=False)
            .order_by("-occurred_at", "-sequence")
            .values_list("sequence", flat=True)
            .first()
            if subject
            else None
        )
        if newest is None:
            raise UnknownSubjectError(f"there is no decision about {subject[:12]}")
        places[subject] = newest
    return places


def _check(action: str, subjects: Sequence[str], *, why: str, content: Mapping[str, Any]) -> None:
    if action not in Action.Kind.values:
        raise InvalidActionError(f"there is no action {action[:40]!r}")
    if not why.strip():
        raise InvalidActionError("a reason is missing")
    if not 1 <= len(subjects) <= ASKED_AT_ONCE_MAX or len(set(subjects)) != len(subjects):
        raise InvalidActionError(f"{len(subjects)} subjects, or the same one twice")
    if action == Action.Kind.LIMIT_CHANGE and not (
        content.get("limit") in LIMITS and isinstance(content.get("amount_minor"), int)
    ):
        raise InvalidActionError("a limit needs its name and its amount")
    if action == Action.Kind.LIST_ENTRY and not content.get("list"):
        raise InvalidActionError("no list is named")


def _record(operator: Operator, verb: str, actions: Sequence[Action]) -> None:
    if not actions:
        return
    first = actions[0]
    record(
        operator,
        verb,
        target_kind="action",
        target=first.pk,
        detail={
            "kind": first.kind,
            "count": len(actions),
            "actions": [one.pk for one in actions],
            "case": first.case_id,
            "alert": first.alert_id,
            "state": first.state,
            "at": timezone.now().isoformat(),
        },
    )
