"""Adds counts of requests to the day and the minute of a service."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from fengkong.console.traffic.latencies import Counts, added, none, sum_of
from fengkong.console.traffic.models import ServiceDay, ServiceMinute

DECISIONS: Final = "decision_service"
CONSOLE: Final = "console"
WORKER: Final = "worker"
RECENT: Final = timedelta(minutes=5)
"""What is true now is made of so many minutes."""
MINUTES_KEPT: Final = timedelta(hours=25)
DAYS_KEPT: Final = timedelta(days=400)
_OF_MINUTES: Final = ("requests", "errors", "came", "blocked", "rate_limited")


@dataclass(slots=True, kw_only=True)
class Served:
    """What came to a service and what became of it: numbers of requests.

    `requests` are those that were taken as work, `came` every one, `blocked` those refused for
    what they were; `latencies` are counts by bound.
    """

    requests: int = 0
    errors: int = 0
    came: int = 0
    blocked: int = 0
    rate_limited: int = 0
    injection_attempts: int = 0
    scanners: int = 0
    bad_signatures: int = 0
    latencies: list[float] = field(default_factory=none)

    def with_more(self, other: Served) -> Served:
        """Both together."""
        mine, theirs = asdict(self), asdict(other)
        latencies = added(mine.pop("latencies"), theirs.pop("latencies"))
        counts = {name: count + theirs[name] for name, count in mine.items()}
        return Served(**counts, latencies=latencies)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to add."""
        return self == Served()


@transaction.atomic
def add_served(service: str, served: Served, *, at: datetime) -> ServiceDay:
    """Add to the day and the minute of a service; its day."""
    counts = asdict(served)
    day = day_of(service, at=at)
    _add(day, counts)
    day.save()
    if not served.is_nothing:
        minute = at.replace(second=0, microsecond=0)
        ServiceMinute.objects.get_or_create(service=service, minute=minute)
        found = ServiceMinute.objects.select_for_update().get(service=service, minute=minute)
        _add(found, {name: counts[name] for name in (*_OF_MINUTES, "latencies")})
        found.save()
    return day


def day_of(service: str, *, at: datetime) -> ServiceDay:
    """The day of a service, locked until the transaction ends; made where there is none."""
    day = timezone.localdate(at)
    ServiceDay.objects.get_or_create(service=service, day=day)
    return ServiceDay.objects.select_for_update().get(service=service, day=day)


def recent(service: str, *, now: datetime) -> Served:
    """What came in the last minutes."""
    return _between(service, now - RECENT, now)


def of_a_day(service: str, *, now: datetime) -> int:
    """Requests of the 24 hours that end now."""
    return _between(service, now - timedelta(days=1), now).requests


def forget_old(*, now: datetime) -> None:
    """Remove minutes and days that are older than they are kept."""
    ServiceMinute.objects.filter(minute__lt=now - MINUTES_KEPT).delete()
    ServiceDay.objects.filter(day__lt=timezone.localdate(now - DAYS_KEPT)).delete()


def _between(service: str, since: datetime, until: datetime) -> Served:
    rows = ServiceMinute.objects.filter(service=service, minute__gt=since, minute__lte=until)
    sums = rows.aggregate(**{name: Sum(name) for name in _OF_MINUTES})
    counts: dict[str, int] = {name: int(value or 0) for name, value in sums.items()}
    short = until - since <= RECENT
    latencies = sum_of(rows.values_list("latencies", flat=True)) if short else none()
    return Served(**counts, latencies=latencies)


def _add(row: ServiceDay | ServiceMinute, counts: dict[str, int | Counts]) -> None:
    for name, count in counts.items():
        if isinstance(count, int):
            setattr(row, name, getattr(row, name) + count)
        else:
            row.latencies = added(row.latencies, count)
