"""Tells the engine of changes of lists: each is an event with its own id, sent until answered.

What was sent twice is recorded once, because the id is the same. Ends go before beginnings: the
engine takes a value off whole, and what is to stay on is listed anew (`changing.end_entries`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from fengkong.client.errors import RefusedError
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.journaled.service_access import service_client
from fengkong.console.lists.models import ListEntry
from fengkong.console.lists.values import opened_value
from fengkong.console.outbox.models import Job

CHUNK: Final = 500


def send_list_changes(job: Job) -> None:
    """Send what the engine does not know yet of a list; raises the client's errors."""
    send_unsent([job.content["list"]])


def sweep_list_changes(_job: Job) -> None:
    """Send what earlier jobs left: an end that was wanted while its beginning was on its way."""
    names = {
        *unsent_additions().order_by().values_list("list_name", flat=True).distinct(),
        *unsent_endings().order_by().values_list("list_name", flat=True).distinct(),
    }
    if names:
        send_unsent(sorted(names))


def send_unsent(names: Sequence[str]) -> None:
    """Send what the engine does not know yet of some lists; raises the client's errors."""
    with service_client(timeout=30) as client:
        for name in names:
            for entries in _chunks(unsent_endings().filter(list_name=name)):
                answers = client.record_many([ending_event(entry) for entry in entries])
                _settle(entries, answers, sequence="ended_sequence")
            for entries in _chunks(unsent_additions().filter(list_name=name)):
                answers = client.record_many([addition_event(entry) for entry in entries])
                _settle(entries, answers, sequence="added_sequence")


def unsent_additions() -> QuerySet[ListEntry]:
    """Entries that hold and that the engine was not told of."""
    return ListEntry.objects.filter(added_sequence=None, refused="", ended_at=None)


def unsent_endings() -> QuerySet[ListEntry]:
    """Entries that ended, of which the engine knows only the beginning."""
    known = ListEntry.objects.filter(added_sequence__isnull=False, ended_sequence=None, refused="")
    return known.exclude(ended_event="")


def addition_event(entry: ListEntry) -> dict[str, Any]:
    """The event that adds an entry to the engine's list."""
    event = _event(entry, event_id=entry.added_event, at=entry.added_at, operation="add")
    event |= {"reason": entry.reason[:500], "author": entry.author}
    if entry.starts_at is not None:
        event["starts_at"] = _wire(entry.starts_at)
    if entry.expires_at is not None:
        event["expires_at"] = _wire(entry.expires_at)
    return event


def ending_event(entry: ListEntry) -> dict[str, Any]:
    """The event that takes a value off the engine's list."""
    assert entry.ended_at is not None, "it has ended"
    event = _event(entry, event_id=entry.ended_event, at=entry.ended_at, operation="remove")
    return event | {"reason": entry.ended_reason[:500] or "ended", "author": entry.ended_by}


def _event(entry: ListEntry, *, event_id: str, at: datetime, operation: str) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": "list.changed",
        "occurred_at": _wire(at),
        "list": entry.list_name,
        "operation": operation,
        "value": opened_value(entry.list_name, bytes(entry.value_sealed)),
    }


def _settle(entries: list[ListEntry], answers: Iterable[Any], *, sequence: str) -> None:
    """Write down what became of each, in the ledger too."""
    refused = []
    with transaction.atomic():
        for entry, answer in zip(entries, answers, strict=True):
            if isinstance(answer, RefusedError):
                entry.refused = str(answer)[:500]
                refused.append(entry.pk)
            else:
                setattr(entry, sequence, answer["sequence"])
            entry.save(update_fields=("refused", sequence))
        record(
            SYSTEM,
            "send_list_entries",
            target_kind="list",
            target=entries[0].list_name,
            detail={"entries": [entry.pk for entry in entries], "refused": refused},
        )


def _chunks(entries: QuerySet[ListEntry]) -> Iterable[list[ListEntry]]:
    """Entries in the order of their ids; what was settled meanwhile does not come again."""
    last = 0
    while found := list(entries.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield found
        last = found[-1].pk


def _wire(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
