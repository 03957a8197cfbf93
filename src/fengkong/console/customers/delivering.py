"""Brings link and code of a confirmation to the core system, signed, until it has taken them."""

from __future__ import annotations

import json
import time
from datetime import UTC
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from fengkong import __version__
from fengkong.console.actions.models import Action
from fengkong.console.actions.sending import UnansweredActionError, secret_of, system_for
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.customers.confirming import TARGET, delivery_context
from fengkong.console.customers.models import Confirmation
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.outbox.jobs import GiveUpError
from fengkong.console.outbox.models import Job
from fengkong.console.personal.sealing import open_text
from fengkong.console.webhooks.destinations import (
    RefusedDestinationError,
    UnresolvedDestinationError,
    destination_of,
)
from fengkong.console.webhooks.posting import Answer, post
from fengkong.console.webhooks.signing import signature_headers

WAITS: Final = (2, 5, 10, 20, 30, 60, 120, 300)
"""Seconds between attempts: what comes after the link is over is of no use."""
ABOUT: Final = ("customer", "account", "card", "merchant", "phone")
"""What the core system knows a customer by."""


def deliver(job: Job) -> None:
    """Deliver one; raises UnansweredActionError until the core system has taken it."""
    found = Confirmation.objects.filter(pk=job.content["confirmation"]).first()
    if found is None or not found.delivery_sealed or found.expires_at <= timezone.now():
        return
    system = system_for(Action.Kind.ASK_VERIFICATION)
    if system is None:
        raise UnansweredActionError("no core system takes ask_verification")
    body = message_of(found)
    if body is None:
        raise GiveUpError("whom it is about was erased")
    try:
        destination = destination_of(system.url, allowed=settings.CONSOLE.webhook_networks)
    except (RefusedDestinationError, UnresolvedDestinationError) as error:
        raise UnansweredActionError(error.code) from error
    answer = post(destination, headers=_headers(found, body, secret_of(system)), body=body)
    _settle(found, answer)


def message_of(found: Confirmation) -> bytes | None:
    """What the core system is told; None where the person was erased."""
    try:
        event = clear_entry(found.sequence).event
    except UnknownEntryError:
        return None
    if event is None:
        return None
    opened = open_text(bytes(found.delivery_sealed), context=delivery_context(found.secret_hash))
    sent = json.loads(opened)
    content = {
        "type": "confirmation.requested",
        "timestamp": found.asked_at.astimezone(UTC).isoformat(),
        "data": {
            "id": f"cnf{found.pk}",
            "event_id": found.event_id,
            "about": {name: event.values[name] for name in ABOUT if name in event.values},
            "confirm_at": reverse("customers:confirm", args=[sent["secret"]]),
            "code": sent["code"],
            "expires_at": found.expires_at.astimezone(UTC).isoformat(),
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(found: Confirmation, body: bytes, secret: str) -> dict[str, str]:
    signed = signature_headers(
        message_id=f"cnf{found.pk}",
        timestamp=int(time.time()),
        body=body,
        secrets_valid=[secret],
    )
    agent = f"Fengkong-Actions/{__version__}"
    return {"Content-Type": "application/json", "User-Agent": agent, **signed}


def _settle(found: Confirmation, answer: Answer) -> None:
    if not answer.accepted:
        raise UnansweredActionError(answer.failure or f"HTTP {answer.status}")
    with transaction.atomic():
        sent = Confirmation.objects.filter(pk=found.pk, sent_at=None)
        sent.update(sent_at=timezone.now(), delivery_sealed=b"")
        record(SYSTEM, "deliver_confirmation", target_kind=TARGET, target=str(found.pk))
