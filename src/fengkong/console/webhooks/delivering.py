"""Sends what is due, one endpoint at a time, and keeps at it for days."""

from __future__ import annotations

import json
import random
import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from fengkong import __version__
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.outbox.models import Job
from fengkong.console.personal.sealing import open_text
from fengkong.console.webhooks import occurrences
from fengkong.console.webhooks.destinations import (
    RefusedDestinationError,
    UnresolvedDestinationError,
    destination_of,
)
from fengkong.console.webhooks.models import (
    EXCERPT_LENGTH,
    Attempt,
    Delivery,
    Endpoint,
    EndpointHealth,
    Message,
)
from fengkong.console.webhooks.posting import Answer, post
from fengkong.console.webhooks.publishing import Happening, promise_sending, publish
from fengkong.console.webhooks.signing import signature_headers
from fengkong.console.webhooks.telling import tell_failed_jobs
from fengkong.journal.errors import MissingJournalError

WAITS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between the attempts of one delivery: given up after ten, which is some three days."""
DISABLE_AFTER: Final = timedelta(days=5)
"""An endpoint that took nothing for so long is disabled."""
TURN_S: Final = 20.0
"""For so long an endpoint has the worker; others wait meanwhile."""
KEPT: Final = timedelta(days=30)
"""For how long deliveries can be looked at and sent again."""
_REST_FIRST_S: Final = 5
_REST_LONGEST_S: Final = 300
_GONE: Final = 410


def send_webhooks(job: Job) -> None:
    """Send what is due to one endpoint; a job of the outbox.

    It ends at the first failure of the endpoint, which then rests: longer each time.
    """
    endpoint_id = job.content["endpoint"]
    until = time.monotonic() + TURN_S
    while (delivery := _next_due(endpoint_id)) is not None:
        if time.monotonic() > until:
            with transaction.atomic():
                promise_sending(endpoint_id, due_at=timezone.now())
            return
        if not attempt(delivery):
            return


def sweep_webhooks(_job: Job) -> None:
    """Promise what no job is at, tell of failed jobs, and forget what is old; now and then."""
    tell_failed_jobs()
    now = timezone.now()
    with transaction.atomic():
        for endpoint_id in _with_something_due(now):
            promise_sending(endpoint_id)
        Message.objects.filter(created_at__lt=now - KEPT).delete()


def attempt(delivery: Delivery) -> bool:
    """Try one delivery and write down what came of it; whether the endpoint took it."""
    now = timezone.now()
    endpoint = delivery.endpoint
    body, timestamp = body_of(delivery.message, personal=endpoint.personal), int(now.timestamp())
    answer = _posted(endpoint, delivery.message, body=body, timestamp=timestamp)
    with transaction.atomic():
        Attempt.objects.create(
            delivery=delivery,
            at=now,
            url=endpoint.url,
            timestamp=timestamp,
            size=len(body),
            status=answer.status,
            failure=answer.failure[:200],
            excerpt=answer.excerpt[:EXCERPT_LENGTH],
            elapsed_ms=answer.elapsed_ms,
        )
        _write_down(delivery, answer, now=timezone.now())
    return answer.accepted


def body_of(message: Message, *, personal: bool) -> bytes:
    """What is sent. Personal data are read from the journal for each attempt and kept nowhere."""
    data = dict(message.content)
    if personal and message.type == occurrences.DECISION and message.sequence is not None:
        data["event"] = _clear(message.sequence)
    content = {"type": message.type, "timestamp": message.occurred_at.isoformat(), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def valid_secrets(endpoint: Endpoint, *, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    valid = endpoint.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return [open_text(bytes(secret.sealed), context=endpoint.secret_context) for secret in valid]


def _clear(sequence: int) -> dict[str, Any] | None:
    try:
        event = clear_entry(sequence).event
    except (UnknownEntryError, MissingJournalError):
        return None
    if event is None:
        return None
    return {"type": event.type, "id": event.id, "currency": event.currency, **event.values}


def _posted(endpoint: Endpoint, message: Message, *, body: bytes, timestamp: int) -> Answer:
    try:
        destination = destination_of(endpoint.url, allowed=settings.CONSOLE.webhook_networks)
    except (RefusedDestinationError, UnresolvedDestinationError) as error:
        return Answer(status=0, failure=error.code)
    signed = signature_headers(
        message_id=message.pk,
        timestamp=timestamp,
        body=body,
        secrets_valid=valid_secrets(endpoint, now=timezone.now()),
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Fengkong-Webhooks/{__version__}",
        "Connection": "close",
        **signed,
    }
    return post(destination, headers=headers, body=body)


def _write_down(delivery: Delivery, answer: Answer, *, now: datetime) -> None:
    health, _made = EndpointHealth.objects.get_or_create(endpoint_id=delivery.endpoint_id)
    delivery.attempts += 1
    delivery.last_status = answer.status
    if answer.accepted:
        delivery.state, delivery.finished_at = Delivery.State.DELIVERED, now
        health.failing_since, health.failures, health.rest_until = None, 0, None
        health.succeeded_at = now
    else:
        _wait_or_give_up(delivery, now=now)
        health.failing_since = health.failing_since or now
        health.failures += 1
        rest = min(_REST_FIRST_S * 2 ** min(health.failures - 1, 10), _REST_LONGEST_S)
        health.rest_until = now + timedelta(seconds=rest)
    delivery.save(update_fields=("state", "attempts", "last_status", "due_at", "finished_at"))
    health.save()
    if answer.accepted:
        return
    if answer.status == _GONE:
        _disable(delivery.endpoint, reason="gone")
    elif health.failing_since is not None and now - health.failing_since >= DISABLE_AFTER:
        _disable(delivery.endpoint, reason="failing")
    else:
        promise_sending(delivery.endpoint_id, due_at=health.rest_until)


def _wait_or_give_up(delivery: Delivery, *, now: datetime) -> None:
    if delivery.attempts > len(WAITS):
        delivery.state, delivery.finished_at = Delivery.State.FAILED, now
        return
    wait = WAITS[delivery.attempts - 1]
    # Spread, so that what failed together does not come together again.
    spread = random.uniform(1.0, 1.1)  # noqa: S311 - not a secret
    delivery.due_at = now + timedelta(seconds=wait * spread)


def _disable(endpoint: Endpoint, *, reason: str) -> None:
    """Disable an endpoint that is gone or does not recover, and tell the others."""
    changed = Endpoint.objects.filter(pk=endpoint.pk, state=Endpoint.State.ACTIVE)
    if not changed.update(state=Endpoint.State.DISABLED, disabled_because=reason):
        return
    record(
        SYSTEM,
        "disable_webhook",
        target_kind="webhook",
        target=endpoint.name,
        detail={"reason": reason, "endpoint": endpoint.pk},
    )
    content = {"endpoint": endpoint.pk, "name": endpoint.name, "reason": reason}
    happened = Happening(name=occurrences.DISABLED, content=content, occurred_at=timezone.now())
    publish([happened])


def _next_due(endpoint_id: int) -> Delivery | None:
    now = timezone.now()
    due = _due(now).filter(endpoint_id=endpoint_id).order_by("due_at", "id")
    return due.select_related("endpoint__health", "message").first()


def _with_something_due(now: datetime) -> list[int]:
    found = _due(now).order_by("endpoint_id").values_list("endpoint_id", flat=True)
    return list(found.distinct())


def _due(now: datetime) -> QuerySet[Delivery]:
    resting = Q(endpoint__health__rest_until__gt=now)
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now)
    return waiting.filter(endpoint__state=Endpoint.State.ACTIVE).exclude(resting)
