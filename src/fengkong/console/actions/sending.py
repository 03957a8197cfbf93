"""Tells the core system of actions until it has answered, and lists what is to be listed."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from fengkong import __version__
from fengkong.console.actions.models import Action, CoreSystem
from fengkong.console.actions.port import promise
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.lists.changing import NewEntry, add_entries, declared_list
from fengkong.console.lists.models import ListEntry
from fengkong.console.outbox.models import Job
from fengkong.console.personal.sealing import open_text
from fengkong.console.webhooks.destinations import (
    RefusedDestinationError,
    UnresolvedDestinationError,
    destination_of,
)
from fengkong.console.webhooks.posting import Answer, post
from fengkong.console.webhooks.signing import signature_headers
from fengkong.core.errors import RiskError

DONE: Final = "done"
REFUSED: Final = "refused"
AGAIN: Final = timedelta(minutes=2)
"""An action that was taken and not confirmed is told again after this, and so on."""
TRIES_MAX: Final = 30
_ANSWERS_PARSED_MAX: Final = 2_048


class UnansweredActionError(RiskError):
    """The core system did not take an action; it is told again."""

    code = "actions.unanswered"
    hint = "See what the core system answered; it is told again by itself."


def send_action(job: Job) -> None:
    """Tell of one action; raises UnansweredActionError until the other side has taken it."""
    action = Action.objects.filter(pk=job.content["action"]).first()
    if action is None or action.state not in {Action.State.WAITING, Action.State.SENT}:
        return
    if action.kind == Action.Kind.LIST_ENTRY:
        _list(action)
        return
    system = system_for(action.kind)
    if system is None:
        return  # it waits, on screen, until a core system is named; the sweep comes back to it
    _tell(action, system)


def sweep_actions(_job: Job) -> None:
    """Confirm what lists have taken, and tell again what waits without a job."""
    _confirm_listed()
    now = timezone.now()
    waiting = Action.objects.filter(state=Action.State.WAITING, asked_at__lte=now - AGAIN)
    silent = Action.objects.filter(state=Action.State.SENT, told_at__lte=now - AGAIN)
    silent = silent.exclude(kind=Action.Kind.LIST_ENTRY)
    with transaction.atomic():
        _give_up(silent.filter(tries__gte=TRIES_MAX))
        promise([one for one in waiting if _can_be_told(one)])
        promise(list(silent.filter(tries__lt=TRIES_MAX)))


def system_for(kind: str) -> CoreSystem | None:
    """The core system that does actions of a kind; None while there is none."""
    for system in CoreSystem.objects.filter(active=True):
        if not system.actions or kind in system.actions:
            return system
    return None


def secret_of(system: CoreSystem) -> str:
    """The secret that signs both ways."""
    return open_text(bytes(system.secret), context=secret_context(system.name))


def secret_context(name: str) -> str:
    """What a core system's secret is sealed for."""
    return f"core-system:{name}"


def message_of(action: Action) -> bytes | None:
    """What the core system is told, with its own name of the customer; None of an erased one."""
    try:
        event = clear_entry(action.sequence).event
    except UnknownEntryError:
        return None
    if event is None:
        return None
    about = {
        name: event.values[name]
        for name in ("customer", "account", "card", "merchant", "phone")
        if name in event.values
    }
    content = {
        "type": "action.requested",
        "timestamp": action.asked_at.astimezone(UTC).isoformat(),
        "data": {
            "id": action.pk,
            "action": action.kind,
            "about": about,
            "until": None if action.until is None else action.until.astimezone(UTC).isoformat(),
            "terms": action.content,
            "case": action.case_id or None,
            "alert": action.alert_id or None,
            "answer_at": f"/actions/answers/{action.pk}/",
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


@transaction.atomic
def answered(action_id: str, *, status: str, reference: str = "", message: str = "") -> Action:
    """Write down what the other side said; what was answered for good stays as it is."""
    action = Action.objects.select_for_update().get(pk=action_id)
    if action.state not in {Action.State.WAITING, Action.State.SENT, Action.State.FAILED}:
        return action
    action.state = {
        DONE: Action.State.CONFIRMED,
        REFUSED: Action.State.REFUSED,
    }.get(status, Action.State.SENT)
    action.reference = reference[:120] or action.reference
    action.message = message[:400]
    action.ended_at = None if action.state == Action.State.SENT else timezone.now()
    action.save()
    record(
        SYSTEM,
        "answer_action",
        target_kind="action",
        target=action.pk,
        detail={"state": action.state, "reference": action.reference},
    )
    return action


def _tell(action: Action, system: CoreSystem) -> None:
    body = message_of(action)
    if body is None:
        _end(action, Action.State.REFUSED, message="erased")
        return
    answer = _posted(action, system, body)
    with transaction.atomic():
        told = Action.objects.filter(pk=action.pk)
        told.update(
            tries=F("tries") + 1,
            told_at=timezone.now(),
            system=system,
            message=(answer.failure or f"HTTP {answer.status}")[:400],
        )
        record(
            SYSTEM,
            "tell_action",
            target_kind="action",
            target=action.pk,
            detail={"status": answer.status, "failure": answer.failure},
        )
    if not answer.accepted:
        raise UnansweredActionError(answer.failure or f"HTTP {answer.status}")
    said = _said(answer)
    answered(
        action.pk,
        status=str(said.get("status", "")),
        reference=str(said.get("reference", "")),
        message=str(said.get("message", "")),
    )


def _posted(action: Action, system: CoreSystem, body: bytes) -> Answer:
    try:
        destination = destination_of(system.url, allowed=settings.CONSOLE.webhook_networks)
    except (RefusedDestinationError, UnresolvedDestinationError) as error:
        return Answer(status=0, failure=error.code)
    signed = signature_headers(
        message_id=action.pk,
        timestamp=int(time.time()),
        body=body,
        secrets_valid=[secret_of(system)],
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Fengkong-Actions/{__version__}",
        **signed,
    }
    return post(destination, headers=headers, body=body)


def _said(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.excerpt[:_ANSWERS_PARSED_MAX] or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _list(action: Action) -> None:
    """Put the value on the list that the action names, in the name of who asked."""
    name = str(action.content["list"])
    try:
        declared = declared_list(name)
        event = clear_entry(action.sequence).event
        value = None if event is None else event.values.get(declared.of)
        if not isinstance(value, str):
            _end(action, Action.State.REFUSED, message=f"the event has no {declared.of}")
            return
        with transaction.atomic():
            entry = add_entries(
                action.asked_by,
                name,
                [NewEntry(value=value, reason=action.why, expires_at=action.until)],
            )[0]
            Action.objects.filter(pk=action.pk).update(
                state=Action.State.SENT, entry_id=entry.pk, told_at=timezone.now()
            )
    except RiskError as error:
        _end(action, Action.State.REFUSED, message=str(error))


def _confirm_listed() -> None:
    listed = Action.objects.filter(state=Action.State.SENT, kind=Action.Kind.LIST_ENTRY)
    for action in listed:
        assert action.entry_id is not None, "it was listed"
        entry = ListEntry.objects.filter(pk=action.entry_id).first()
        if entry is not None and (entry.added_sequence is not None or entry.refused):
            answered(
                action.pk,
                status=REFUSED if entry.refused else DONE,
                reference=str(entry.added_sequence or ""),
                message=entry.refused,
            )


def _can_be_told(action: Action) -> bool:
    return action.kind == Action.Kind.LIST_ENTRY or system_for(action.kind) is not None


def _give_up(actions: QuerySet[Action]) -> None:
    for action in actions:
        _end(action, Action.State.FAILED, message=action.message)


def _end(action: Action, state: Action.State, *, message: str) -> None:
    with transaction.atomic():
        now: datetime = timezone.now()
        Action.objects.filter(pk=action.pk).update(state=state, message=message[:400], ended_at=now)
        record(
            SYSTEM,
            "end_action",
            target_kind="action",
            target=action.pk,
            detail={"state": state},
        )
