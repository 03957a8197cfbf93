"""Counts a day's conduct of every operator, from the ledger, the reveals and the look-ups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.insiders.counting import REFUSED
from fengkong.console.insiders.models import LookUp, WorkingHours
from fengkong.console.insiders.watches import HISTORY_DAYS, loosening
from fengkong.rules.calendars import shipped_calendar

STARTS_AT: Final = time(8)
ENDS_AT: Final = time(20)
EXPORTING: Final = (*("propose_export_personal_data", "download_export", "export_ledger"),)
REVEALING: Final = ("reveal_personal_data",)
_QUIET: Final = frozenset({"sign_out", "refuse_sign_in", "lock_out"})
"""Entries in an operator's name that are no work of theirs."""


@dataclass(slots=True)
class Counts:
    """Counts by kind of conduct, operator and day."""

    of: dict[tuple[str, int, date], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, kind: str, operator: int, day: date, count: int) -> None:
        """Add to a day."""
        self.of[kind, operator, day] += count

    def history(self, kind: str, operator: int, *, before: date) -> list[int]:
        """The counts of earlier days on which there was any."""
        days = (before - timedelta(days=back) for back in range(1, HISTORY_DAYS + 1))
        found = (self.of.get((kind, operator, day), 0) for day in days)
        return [count for count in found if count]


@dataclass(frozen=True, slots=True)
class Hours:
    """An operator's working hours; over midnight where the end is before the begin."""

    starts_at: time = STARTS_AT
    ends_at: time = ENDS_AT
    weekends: bool = False

    def contain(self, moment: datetime) -> bool:
        """Whether an operator works at a local time; a night shift belongs to its first day."""
        at, day = moment.time(), moment.date()
        overnight = self.ends_at <= self.starts_at
        inside = self.starts_at <= at < self.ends_at
        if overnight:
            inside = at >= self.starts_at or at < self.ends_at
            day -= timedelta(days=at < self.ends_at)
        return inside and (self.weekends or shipped_calendar().is_working_day(day))


def counts_until(day: date) -> Counts:
    """Every count of a day, and of the days before that make up the history."""
    first = timezone.make_aware(datetime.combine(day - timedelta(days=HISTORY_DAYS), time.min))
    last = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
    operators = dict(Operator.objects.values_list("username", "pk"))
    hours = working_hours()
    counts = Counts()
    looked = LookUp.objects.filter(hour__gte=first, hour__lt=last)
    for operator, what, hour, count in looked.values_list("operator", "what", "hour", "count"):
        local = timezone.localtime(hour)
        counts.add("refused" if what == REFUSED else "look_ups", operator, local.date(), count)
        if what != REFUSED and not hours.get(operator, Hours()).contain(local):
            counts.add("night_work", operator, local.date(), count)
    entries = AuditEntry.objects.filter(recorded_at__gte=first, recorded_at__lt=last)
    for kind, actions in _actions().items():
        for actor, hour, count in _by_hour(entries.filter(action__in=actions)):
            if actor in operators:
                counts.add(kind, operators[actor], timezone.localtime(hour).date(), count)
    for actor, hour, count in _by_hour(entries.exclude(action__in=_QUIET)):
        local = timezone.localtime(hour)
        known = operators.get(actor)
        if known is not None and not hours.get(known, Hours()).contain(local):
            counts.add("night_work", known, local.date(), count)
    return counts


def _actions() -> dict[str, Iterable[str]]:
    return {"exports": EXPORTING, "reveals": REVEALING, "loosened": list(loosening())}


def _by_hour(entries: QuerySet[AuditEntry]) -> Iterable[tuple[str, datetime, int]]:
    found = entries.order_by().annotate(hour=TruncHour("recorded_at"))
    return (
        found.values("actor", "hour")
        .annotate(count=Count("sequence"))
        .values_list("actor", "hour", "count")
    )


def working_hours() -> dict[int, Hours]:
    """The working hours of each operator by number, of those who have their own."""
    return {
        one.operator_id: Hours(one.starts_at, one.ends_at, one.weekends)
        for one in WorkingHours.objects.all()
    }
