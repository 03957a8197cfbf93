"""What screens ask of lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from fengkong.console.lists.changing import in_force
from fengkong.console.lists.declared import DeclaredList, live_lists
from fengkong.console.lists.models import ListEntry
from fengkong.console.lists.values import digest_of

SOON: Final = timedelta(days=7)
STATES: Final = ("in_force", "sending", "expired", "ended", "refused")


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list with how many entries it has in force, soon ending and never hit."""

    declared: DeclaredList
    entries: int
    ending: int
    never_hit: int
    hits: int
    last_hit_at: datetime | None


def summaries() -> list[ListSummary]:
    """Every list of the policies in force, and those that still have entries."""
    now = timezone.now()
    counted = {
        row["list_name"]: row
        for row in ListEntry.objects.order_by()
        .filter(in_force(now))
        .values("list_name")
        .annotate(
            entries=Count("id"),
            ending=Count("id", filter=Q(expires_at__lt=now + SOON)),
            never_hit=Count("id", filter=Q(hits=0)),
            all_hits=Sum("hits"),
            last=Max("last_hit_at"),
        )
    }
    return [
        ListSummary(
            declared=one,
            entries=row.get("entries", 0),
            ending=row.get("ending", 0),
            never_hit=row.get("never_hit", 0),
            hits=row.get("all_hits") or 0,
            last_hit_at=row.get("last"),
        )
        for name, one in sorted(live_lists().items())
        for row in [counted.get(name, {})]
    ]


def entries(list_name: str, **asked: Any) -> QuerySet[ListEntry]:
    """The entries of a list that a query form asks for."""
    found = ListEntry.objects.filter(list_name=list_name)
    if asked.get("value"):
        found = found.filter(value_digest=digest_of(list_name, asked["value"].strip()))
    if asked.get("author"):
        found = found.filter(author=asked["author"].strip().lower())
    if asked.get("state"):
        found = found.filter(_state(asked["state"]))
    if asked.get("never_hit"):
        found = found.filter(hits=0)
    if asked.get("ending"):
        found = found.filter(in_force(), expires_at__lt=timezone.now() + SOON)
    if asked.get("since"):
        found = found.filter(added_at__date__gte=asked["since"])
    if asked.get("imported"):
        found = found.filter(imported_id=asked["imported"])
    return found


def _state(name: str) -> Q:
    now = timezone.now()
    return {
        "in_force": in_force(now),
        "sending": in_force(now) & Q(added_sequence=None),
        "expired": Q(ended_at=None, expires_at__lte=now),
        "ended": Q(ended_at__isnull=False),
        "refused": ~Q(refused=""),
    }[name]
