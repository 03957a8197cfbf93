"""Adds values to lists and takes them off: here first, then in the engine by way of the journal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.lists.declared import DeclaredList, live_lists
from fengkong.console.lists.models import ListEntry, ListImport
from fengkong.console.lists.values import digest_of, masked_value, sealed_value
from fengkong.console.outbox.jobs import put
from fengkong.core.errors import RiskError
from fengkong.core.identifiers import check_identifier
from fengkong.decisions.snoozing import snoozed_rule

SEND_JOB: Final = "send_list_changes"
BLACK: Final = "black"
_CHUNK: Final = 500
_KEPT: Final = (
    *("list_name", "entity", "value_digest", "value_sealed", "masked", "reason", "author"),
    *("starts_at", "expires_at", "imported", "hits", "last_hit_at"),
)
"""What an entry that is listed anew keeps."""


class UndeclaredListError(RiskError):
    """No policy in force has this list."""

    code = "console.undeclared_list"
    hint = "Declare it in a policy first; a list that nothing asks would change no decision."


class UnlistableValueError(RiskError):
    """The value, its reason or its time cannot stand on the list."""

    code = "console.unlistable_value"
    hint = "Correct what is named; a black list asks for a day on which the entry ends."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """A value to be listed."""

    value: str
    reason: str
    expires_at: datetime | None = None
    starts_at: datetime | None = None


def in_force(at: datetime | None = None) -> Q:
    """The entries that count at an instant, or will as soon as the engine has them."""
    now = at or timezone.now()
    return Q(ended_at=None, refused="") & (Q(expires_at=None) | Q(expires_at__gt=now))


def declared_list(name: str) -> DeclaredList:
    """A list of a policy in force; raises UndeclaredListError."""
    try:
        return live_lists()[name]
    except KeyError:
        raise UndeclaredListError(f"no policy in force has a list {name[:64]!r}") from None


def fault_of(entry: NewEntry, into: DeclaredList, *, now: datetime) -> str:
    """What keeps a value off a list, empty where nothing does."""
    try:
        check_identifier(entry.value)
    except RiskError:
        return _("not 1 to 128 printable characters without blanks at its ends")
    if not entry.reason.strip():
        return _("a reason is missing")
    if into.colour == BLACK and entry.expires_at is None:
        return _("an entry of a black list needs a day on which it ends")
    if snoozed_rule(into.name) is not None and entry.expires_at is None:
        return _("a rule sleeps until a day: say which")
    if entry.expires_at is not None and entry.expires_at <= max(now, entry.starts_at or now):
        return _("it would end before it begins")
    return ""


@transaction.atomic
def add_entries(
    operator: Operator,
    list_name: str,
    entries: Sequence[NewEntry],
    *,
    imported: ListImport | None = None,
) -> list[ListEntry]:
    """List values; all of them or none.

    Raises UndeclaredListError, UnlistableValueError. A value that is listed already gets a further
    entry: the list holds it until the last of them ends.
    """
    into, now = declared_list(list_name), timezone.now()
    for entry in entries:
        if fault := fault_of(entry, into, now=now):
            shown = masked_value(into.entity, entry.value)
            raise UnlistableValueError(f"{shown}: {fault}")
    made = ListEntry.objects.bulk_create(
        [_row(entry, into, operator, now=now, imported=imported) for entry in entries],
        batch_size=_CHUNK,
    )
    record(
        operator,
        "add_list_entries",
        target_kind="list",
        target=list_name,
        detail={
            "entries": [row.pk for row in made[:_CHUNK]],
            "count": len(made),
            "reason": entries[0].reason if entries else "",
            "import": None if imported is None else imported.pk,
        },
    )
    put(SEND_JOB, {"list": list_name})
    return made


@transaction.atomic
def end_entries(
    operator: Operator | str, entries: QuerySet[ListEntry], *, list_name: str, reason: str
) -> int:
    """Take entries off their list; how many. Those that ended before are left as they are.

    The engine takes a value off whole. Where another entry holds the same value, that one is
    ended too and listed anew with its own reason, author and end.
    """
    now = timezone.now()
    found = list(
        entries.filter(list_name=list_name).filter(in_force(now)).values_list("pk", flat=True)
    )
    name = operator if isinstance(operator, str) else operator.username
    for start in range(0, len(found), _CHUNK):
        part = found[start : start + _CHUNK]
        ListEntry.objects.filter(pk__in=part).update(
            ended_at=now,
            ended_by=name,
            ended_reason=reason,
            ended_event=Concat(F("added_event"), Value("-end")),
        )
    if found:
        renewed = _renew(list_name, found, now=now)
        record(
            operator,
            "end_list_entries",
            target_kind="list",
            target=list_name,
            detail={"entries": found[:_CHUNK], "count": len(found), "renewed": renewed}
            | {"reason": reason},
        )
        put(SEND_JOB, {"list": list_name})
    return len(found)


def _renew(list_name: str, ended: Sequence[int], *, now: datetime) -> int:
    """List anew what other entries hold of the values that were just taken off."""
    made = []
    for start in range(0, len(ended), _CHUNK):
        digests = ListEntry.objects.filter(pk__in=ended[start : start + _CHUNK])
        others = ListEntry.objects.filter(
            in_force(now),
            list_name=list_name,
            value_digest__in=list(digests.values_list("value_digest", flat=True)),
        )
        for other in others:
            made.append(_again(other, now=now))
            other.ended_at, other.ended_by, other.ended_reason = now, SYSTEM, "listed anew"
            other.ended_event = f"{other.added_event}-end"
            other.save()
    ListEntry.objects.bulk_create(made, batch_size=_CHUNK)
    return len(made)


def _again(entry: ListEntry, *, now: datetime) -> ListEntry:
    return ListEntry(
        **{name: getattr(entry, name) for name in _KEPT},
        added_at=now,
        added_event=f"list-{uuid.uuid4().hex}",
    )


def _row(
    entry: NewEntry,
    into: DeclaredList,
    operator: Operator,
    *,
    now: datetime,
    imported: ListImport | None,
) -> ListEntry:
    return ListEntry(
        list_name=into.name,
        entity=into.entity,
        value_digest=digest_of(into.name, entry.value),
        value_sealed=sealed_value(into.name, entry.value),
        masked=masked_value(into.entity, entry.value),
        reason=entry.reason.strip(),
        author=operator.username,
        added_at=now,
        starts_at=entry.starts_at,
        expires_at=entry.expires_at,
        added_event=f"list-{uuid.uuid4().hex}",
        imported=imported,
    )
