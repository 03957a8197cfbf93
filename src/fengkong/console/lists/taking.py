"""Takes in what the journal says of lists: changes that others made, and hits."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.db.models import F, Max, Q

from fengkong.console.journaled.seen import SeenEntries, SeenListChange
from fengkong.console.lists.changing import in_force
from fengkong.console.lists.models import ListEntry
from fengkong.console.lists.values import digest_of, masked_value, sealed_value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def take_lists(seen: SeenEntries) -> None:
    """Write the changes and the hits of some entries; once, in the tail's transaction."""
    for change in seen.list_changes:
        if change.operation == "add":
            _add(change)
        else:
            _remove(change)
    _count_hits(seen)


def _add(change: SeenListChange) -> None:
    """Its own change is marked as known to the engine; another's becomes an entry."""
    mine = ListEntry.objects.filter(added_event=change.event_id)
    if mine.update(added_sequence=change.sequence):
        return
    ListEntry.objects.create(
        list_name=change.list_name,
        entity=change.entity,
        value_digest=digest_of(change.list_name, change.value),
        value_sealed=sealed_value(change.list_name, change.value),
        masked=masked_value(change.entity, change.value),
        reason=change.reason,
        author=change.author[:64],
        added_at=_datetime(change.at),
        starts_at=None if change.starts is None else _datetime(change.starts),
        expires_at=None if change.expires is None else _datetime(change.expires),
        added_event=change.event_id,
        added_sequence=change.sequence,
    )


def _remove(change: SeenListChange) -> None:
    """The engine takes a value off whole: every entry of it that holds ends."""
    mine = ListEntry.objects.filter(ended_event=change.event_id)
    if mine.update(ended_sequence=change.sequence):
        return  # what stays on the list was listed anew by the desk
    digest = digest_of(change.list_name, change.value)
    holding = ListEntry.objects.filter(
        Q(list_name=change.list_name, value_digest=digest, added_at__lte=_datetime(change.at))
        & in_force(_datetime(change.at))
    )
    holding.update(
        ended_at=_datetime(change.at),
        ended_by=change.author[:64],
        ended_reason=change.reason,
        ended_event=change.event_id,
        ended_sequence=change.sequence,
    )


def _count_hits(seen: SeenEntries) -> None:
    hits: dict[tuple[str, str], list[int]] = defaultdict(list)
    for hit in seen.list_hits:
        hits[hit.list_name, digest_of(hit.list_name, hit.value)].append(hit.at)
    for (list_name, digest), instants in hits.items():
        newest = _datetime(max(instants))
        entries = ListEntry.objects.filter(list_name=list_name, value_digest=digest)
        last = entries.aggregate(newest=Max("added_at"))["newest"]
        entries.filter(added_at=last).update(hits=F("hits") + len(instants), last_hit_at=newest)


def _datetime(instant: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant)
