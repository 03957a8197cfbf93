"""Tells what happened: writes messages and deliveries in the transaction in which it happens."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.outbox.jobs import put
from fengkong.console.webhooks.models import Delivery, Endpoint, Message
from fengkong.console.webhooks.occurrences import OCCURRENCES

SEND: Final = "send_webhooks"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened; `outcome` is that of a decision."""

    name: str
    content: Mapping[str, Any]
    occurred_at: datetime
    sequence: int | None = None
    outcome: str | None = None


def active_endpoints() -> list[Endpoint]:
    """The endpoints to which messages are sent."""
    return list(Endpoint.objects.filter(state=Endpoint.State.ACTIVE))


def wants(endpoint: Endpoint, happening: Happening) -> bool:
    """Whether an endpoint asked for it."""
    if happening.name not in endpoint.types:
        return False
    is_narrowed = happening.outcome is not None and bool(endpoint.outcomes)
    return not is_narrowed or happening.outcome in endpoint.outcomes


@transaction.atomic
def publish(happenings: Sequence[Happening], *, to: Sequence[Endpoint] | None = None) -> int:
    """Write what somebody wants to know; how many deliveries were promised.

    `to` are the endpoints, every one that asked for it unless given. What nobody wants leaves
    nothing behind.
    """
    chosen: Callable[[Endpoint, Happening], bool] = wants if to is None else _everything
    endpoints = active_endpoints() if to is None else to
    messages: list[Message] = []
    deliveries: list[Delivery] = []
    for happening in happenings if endpoints else ():
        receivers = [endpoint for endpoint in endpoints if chosen(endpoint, happening)]
        if not receivers:
            continue
        message = _message(happening)
        messages.append(message)
        deliveries += [Delivery(endpoint=endpoint, message=message) for endpoint in receivers]
    Message.objects.bulk_create(messages, batch_size=_BATCH)
    Delivery.objects.bulk_create(deliveries, batch_size=_BATCH)
    for endpoint_id in sorted({delivery.endpoint_id for delivery in deliveries}):
        promise_sending(endpoint_id)
    return len(deliveries)


def promise_sending(endpoint_id: int, *, due_at: datetime | None = None) -> None:
    """Have the worker send what is due to an endpoint; one job an endpoint is enough."""
    # A job that runs still has its key: the one that follows it needs another.
    key = f"{endpoint_id}" if due_at is None else f"{endpoint_id} at {due_at.timestamp()}"
    put(SEND, {"endpoint": endpoint_id}, key=key, due_at=due_at)


def _message(happening: Happening) -> Message:
    assert happening.name in OCCURRENCES, f"{happening.name} is declared nowhere"
    return Message(
        id=f"msg_{uuid.uuid4().hex}",
        type=happening.name,
        occurred_at=happening.occurred_at,
        content=dict(happening.content),
        sequence=happening.sequence,
        created_at=timezone.now(),
    )


def _everything(_endpoint: Endpoint, _happening: Happening) -> bool:
    return True
