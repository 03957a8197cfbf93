"""The names that events give to entities, as blind indexes: a whole name is found, no part of it.

A name is folded first (NFKC, case, blanks; `protection.normal_forms`), so that one person is found
however it was typed. Nothing here can be read back.
"""

from __future__ import annotations

from typing import Final

from django.db import connection
from django.db.models import Q

from fengkong.console.entities.models import Called
from fengkong.console.entities.taking import key_of
from fengkong.console.journaled.intake import erased_by
from fengkong.console.journaled.seen import SeenEntries

CALLED_MAX: Final = 20
"""Entities of one name that are shown; of a name that many bear these are some."""
_INSERT: Final = (
    "INSERT INTO entities_called (name, entity, told_by) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)


def take_names(seen: SeenEntries) -> None:
    """Write by what names some entries call whom, and forget who was erased by them."""
    rows = sorted({(key_of(one.name), key_of(one.entity), key_of(one.by)) for one in seen.calls})
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
    erased = [key_of(bytes.fromhex(subject)) for subject in erased_by(seen)]
    if erased:
        Called.objects.filter(Q(entity__in=erased) | Q(told_by__in=erased)).delete()


def called(name: bytes) -> list[int]:
    """The keys of entities that are called by a name (its blind index)."""
    rows = Called.objects.filter(name=key_of(name)).order_by("entity")
    return list(rows.values_list("entity", flat=True).distinct()[:CALLED_MAX])


def forget_names() -> None:
    """Empty the table, for the tail to fill it from the journal's beginning."""
    Called.objects.all().delete()
