"""What is learned of single events goes to the decision service as labels.

Each label is an event whose id follows from what it came of, so that sending it twice records it
once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from fengkong.client.errors import BusyError, RefusedError
from fengkong.console.alerts.labelling import entities_of
from fengkong.console.journaled.service_access import service_client
from fengkong.console.outbox.jobs import GiveUpError, put
from fengkong.console.outbox.models import Job

JOB: Final = "send_case_label"
KINDS: Final = {True: "fraud", False: "cleared"}
_CONFLICT: Final = "service.idempotency_conflict"


def promise_label(
    name: str, *, sequence: int, event_id: str, is_fraud: bool, source: str, author: str
) -> None:
    """Have the worker send a label; it is promised with the transaction around this call."""
    content = {
        "id": f"label-{name}",
        "sequence": sequence,
        "event": event_id,
        "is_fraud": is_fraud,
        "source": source,
        "author": author,
        "at": timezone.now().isoformat(),
    }
    put(JOB, content, key=name)


def send_label(job: Job) -> None:
    """Send a label; raises the client's errors. One that was recorded before is there."""
    event = label_event(job.content)
    try:
        with service_client(timeout=15.0) as client:
            client.record(event)
    except BusyError:
        raise
    except RefusedError as error:
        if error.problem.code != _CONFLICT:
            raise GiveUpError(f"the service refuses: {error.code}") from error


def label_event(content: dict[str, Any]) -> dict[str, Any]:
    """The event that says the truth about another event, with the entities of that."""
    at = parse_datetime(content["at"]) or datetime.now(UTC)
    return {
        "id": content["id"],
        "type": "label.confirmed",
        "occurred_at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "is_fraud": content["is_fraud"],
        "label_kind": KINDS[content["is_fraud"]],
        "label_source": content["source"],
        "event": content["event"],
        "author": content["author"],
    } | entities_of(content["sequence"])
