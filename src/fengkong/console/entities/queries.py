"""What is asked of the index of entities. An entity is named by its blind index in hexadecimal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Q

from fengkong.console.entities.kinds import FIELDS, KINDS
from fengkong.console.entities.models import Entity, Link, Seen
from fengkong.console.entities.taking import key_of

LINKS_MAX: Final = 1_000
_HEX: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """An entity that shares events with the one asked for.

    `field` is where the event names it, or where it names the one asked for if the event is the
    other's own (`theirs`). `first` and `newest` are exact to the hour.
    """

    kind: str
    entity: str
    field: str
    theirs: bool
    first: datetime
    newest: datetime


def is_entity(text: str) -> bool:
    """Whether a text is a blind index in hexadecimal."""
    return len(text) == _HEX and all(letter in "0123456789abcdef" for letter in text)


def kind_of(entity: str) -> str | None:
    """The kind of an entity; None where the index does not know it."""
    found = Entity.objects.filter(key=key_of(bytes.fromhex(entity))).first()
    return None if found is None or bytes(found.blind).hex() != entity else KINDS[found.kind]


def links_of(
    kind: str, entity: str, *, kinds: Collection[str] = KINDS, limit: int = LINKS_MAX
) -> list[Linked]:
    """Who shares events with an entity, the newest first, at most `limit` of them.

    Of an entity with more than `LINKS_MAX` links (a large merchant) only so many are looked at.
    """
    if kind_of(entity) != kind:
        return []
    key = key_of(bytes.fromhex(entity))
    rows = list(Link.objects.filter(Q(subject=key) | Q(entity=key))[:LINKS_MAX])
    others = known({row.entity if row.subject == key else row.subject for row in rows})
    found = []
    for row in rows:
        other = others.get(row.entity if row.subject == key else row.subject)
        if other is not None and other[0] in kinds:
            found.append(
                Linked(
                    kind=other[0],
                    entity=other[1],
                    field=FIELDS[row.field],
                    theirs=row.subject != key,
                    first=hour(row.first_h),
                    newest=hour(row.newest_h),
                )
            )
    return sorted(found, key=lambda one: (one.newest, one.entity), reverse=True)[:limit]


def sequences_of(entity: str, *, limit: int) -> list[int]:
    """The newest decisions whose events name an entity, at most `limit` of them."""
    rows = Seen.objects.filter(entity=key_of(bytes.fromhex(entity)))
    newest = rows.order_by("-occurred_s", "-sequence").values_list("sequence", flat=True)
    return list(dict.fromkeys(newest[: 2 * limit]))[:limit]


def known(keys: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Kind and blind index by key."""
    wanted = sorted(set(keys))
    found: dict[int, tuple[str, str]] = {}
    for at in range(0, len(wanted), LINKS_MAX):
        rows = Entity.objects.filter(key__in=wanted[at : at + LINKS_MAX])
        found |= {row.key: (KINDS[row.kind], bytes(row.blind).hex()) for row in rows}
    return found


def hour(number: int) -> datetime:
    """When an hour of the index begins."""
    return _EPOCH + timedelta(hours=number)
