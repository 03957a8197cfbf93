"""What the audit screen asks for: entries by who, what, which and when, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.tree import head

PAGE: Final = 50
COUNTED_MAX: Final = 10_000
"""Beyond so many a count takes longer than it is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; empty parts mean anything. Days are the operator's, both included."""

    actor: str = ""
    action: str = ""
    target_kind: str = ""
    target: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> Question:
        """What an address asks."""
        return cls(**{name: given.get(name, "").strip()[:200] for name in cls.__slots__})

    @property
    def is_empty(self) -> bool:
        """Whether everything is asked for."""
        return not any(value for _, value in self.parts())

    def parts(self) -> list[tuple[str, str]]:
        """Name and value of every part."""
        return [(name, getattr(self, name)) for name in self.__slots__]

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries, the newest first."""
        found = AuditEntry.objects.order_by("-sequence")
        for name in ("actor", "action", "target_kind"):
            if value := getattr(self, name):
                found = found.filter(**{name: value})
        if self.target:
            found = found.filter(target__startswith=self.target)
        if (first := _begin_of(self.since, days=0)) is not None:
            found = found.filter(recorded_at__gte=first)
        if (end := _begin_of(self.until, days=1)) is not None:
            found = found.filter(recorded_at__lt=end)
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and the number below which the next ones are; None on the last page."""

    entries: list[AuditEntry]
    before: int | None
    total: int
    is_more: bool


def page_of(question: Question, *, before: int | None) -> Page:
    """A page of what is asked for; `total` is bounded, `is_more` says that there are more."""
    found = question.entries()
    total = head() if question.is_empty else found[: COUNTED_MAX + 1].count()
    if before is not None:
        found = found.filter(sequence__lt=before)
    rows = list(found[: PAGE + 1])
    shown = rows[:PAGE]
    behind = shown[-1].sequence if len(rows) > PAGE else None
    is_more = not question.is_empty and total > COUNTED_MAX
    return Page(shown, behind, min(total, COUNTED_MAX) if is_more else total, is_more)


def _begin_of(text: str, *, days: int) -> datetime | None:
    """The first instant of a day, or of the day so many days later; None where it is no day."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
