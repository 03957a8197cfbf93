"""Dispositions become labels: events for the decision service, each with an id of its own.

Confirmed fraud says that the decisions' events were fraud; a false positive and a customer's
confirmation say that they were not. `suspicious` says neither and sends nothing. A label carries
the entities of its event, so that features over card, device or payee learn from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from fengkong.client.client import Client
from fengkong.client.errors import RefusedError
from fengkong.console.alerts.models import Alert, AlertDecision, Closing, Disposition
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.journaled.service_access import service_client
from fengkong.console.outbox.models import Job
from fengkong.events.catalogue import shipped_catalogue

IS_FRAUD: Final = {
    Disposition.CONFIRMED_FRAUD: True,
    Disposition.FALSE_POSITIVE: False,
    Disposition.CUSTOMER_CONFIRMED: False,
}
KINDS: Final = {True: "fraud", False: "cleared"}
SOURCES: Final = {Disposition.CUSTOMER_CONFIRMED: "customer"}
"""Who gave the label, where that was not the investigator."""
CHUNK: Final = 200
_CONFLICT: Final = "service.idempotency_conflict"


def send_alert_labels(job: Job) -> None:
    """Send the labels of a closing that was not undone; raises the client's errors."""
    closing = Closing.objects.filter(pk=job.content["closing"], undone_at=None).first()
    if closing is None or closing.labelled_at is not None:
        return
    sent, refused = 0, []
    if closing.disposition in IS_FRAUD:
        with service_client(timeout=30) as client:
            for part in _chunks(closing):
                refused += _send(client, closing, part)
                sent += len(part)
    with transaction.atomic():
        closing.labelled_at, closing.labels = timezone.now(), sent
        closing.save(update_fields=("labelled_at", "labels"))
        record(
            SYSTEM,
            "send_alert_labels",
            target_kind="alert_closing",
            target=str(closing.pk),
            detail={"count": sent, "refused": refused},
        )


def label_event(closing: Closing, decision: AlertDecision) -> dict[str, Any]:
    """The event that says the truth about a decision's event."""
    is_fraud = IS_FRAUD[Disposition(closing.disposition)]
    return {
        "id": f"label-{decision.alert_id}-{closing.pk}-{decision.sequence}",
        "type": "label.confirmed",
        "occurred_at": _wire(closing.at),
        "is_fraud": is_fraud,
        "label_kind": KINDS[is_fraud],
        "label_source": SOURCES.get(Disposition(closing.disposition), "investigator"),
        "event": decision.event_id,
        "reason": closing.reason_code,
        "author": closing.operator.username,
    } | entities_of(decision.sequence)


def entities_of(sequence: int) -> dict[str, str]:
    """The entities of an event, in the clear, on their way back to the service; of an erased none.

    Raises what an unreadable journal raises.
    """
    try:
        event = clear_entry(sequence).event
    except UnknownEntryError:
        return {}
    if event is None:
        return {}
    wanted = shipped_catalogue().types["label.confirmed"].fields
    fields = shipped_catalogue().fields
    return {
        name: value
        for name, value in event.values.items()
        if name in wanted and fields[name].entity is not None and isinstance(value, str)
    }


def _send(client: Client, closing: Closing, decisions: Sequence[AlertDecision]) -> list[int]:
    """Send some labels; the places of those that the service does not take.

    An id that it knows with other content was recorded before somebody was erased: it is there.
    """
    answers = client.record_many([label_event(closing, one) for one in decisions])
    return [
        decision.sequence
        for decision, answer in zip(decisions, answers, strict=True)
        if isinstance(answer, RefusedError) and answer.problem.code != _CONFLICT
    ]


def _chunks(closing: Closing) -> Iterator[list[AlertDecision]]:
    """The decisions of what is closed, in the journal's order."""
    closed = AlertDecision.objects.filter(
        alert__closing=closing, alert__state=Alert.State.CLOSED
    ).order_by("sequence")
    last = 0
    while found := list(closed.filter(sequence__gt=last)[:CHUNK]):
        yield found
        last = found[-1].sequence


def _wire(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
