"""The worker looks at the decision service every few seconds, and at its own queues.

Counters of the service begin anew when it does; what was added between two looks goes to the day
of the second. A service that does not answer, or says that it is not ready, is down from the look
before on. Between looks that are too far apart (the worker was not there) nobody knows, and nothing
is counted, unless the service says afterwards that it had ended without order.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from fengkong.client.client import Client, Patience
from fengkong.client.errors import ClientError, UnreachableError
from fengkong.console.journaled.intake import TAIL
from fengkong.console.journaled.models import Cursor
from fengkong.console.journaled.service_access import NoServiceKeyError, service_client
from fengkong.console.outbox.models import Job
from fengkong.console.traffic.counting import (
    DECISIONS,
    WORKER,
    Served,
    add_served,
    day_of,
    forget_old,
)
from fengkong.console.traffic.machine_clock import clock_offset_ms
from fengkong.console.traffic.models import Followed
from fengkong.console.traffic.service_counters import ServiceCounters, counters_of

FOLLOW_S: Final = 4
ASK_S: Final = 4.0
"""A service that takes longer to say that it is ready is away."""
APART_MAX: Final = timedelta(minutes=2)
"""Looks further apart say nothing of the time between them."""
_HEADS_MAX: Final = 50
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the service found; no counters where it is away."""

    at: datetime
    counters: ServiceCounters | None = None


def follow_services(_job: Job) -> None:
    """Look at everything once; a job of the outbox."""
    look = looked(at=timezone.now())
    if look is not None:
        take_look(look)
    counters = None if look is None else look.counters
    take_worker(at=timezone.now(), head=0 if counters is None else counters.head)
    forget_old(now=timezone.now())


def looked(*, at: datetime) -> Look | None:
    """Ask the decision service; None where it does not tell the console what it counts."""
    try:
        with service_client(timeout=ASK_S, patience=Patience(whole=ASK_S)) as client:
            if not _is_ready(client):
                return Look(at)
            return Look(at, counters_of(client.metrics()))
    except NoServiceKeyError:
        return None
    except ClientError as error:
        _LOG.warning("nobody knows how the decision service is: %s", error)
        return None


def _is_ready(client: Client) -> bool:
    try:
        return client.ready()
    except UnreachableError:
        return False


@transaction.atomic
def take_look(look: Look) -> None:
    """Count what happened since the look before; of a service that never was there, nothing."""
    now = look.counters
    known = Followed.objects.select_for_update().filter(pk=DECISIONS).first()
    if known is not None:
        _count_since(known, look)
    elif now is None:
        return
    else:
        known = Followed(service=DECISIONS)
        began_today = timezone.localdate(_moment(now.started)) == timezone.localdate(look.at)
        add_served(DECISIONS, now.served({}) if began_today else Served(), at=look.at)
    known.at = look.at
    if now is None:
        known.down_since = known.down_since or look.at
    else:
        known.down_since, known.started = None, now.started
        known.unclean_starts, known.version = now.unclean_starts, now.version
        known.totals = dict(now.totals)
    known.save()


def _count_since(known: Followed, look: Look) -> None:
    now = look.counters
    is_new = now is not None and now.started != known.started
    served = Served() if now is None else now.served({} if is_new else known.totals)
    add_served(DECISIONS, served, at=look.at)
    day = day_of(DECISIONS, at=look.at)
    day.minutes_down += _down_between(known, look).total_seconds() / 60
    if now is not None and is_new:
        day.restarts += max(0, now.unclean_starts - known.unclean_starts)
        day.deployments += bool(known.version) and now.version != known.version
    day.save()


def _down_between(known: Followed, look: Look) -> timedelta:
    """How long the service was away between two looks."""
    apart, now = max(look.at - known.at, timedelta()), look.counters
    if now is None:
        return apart if apart <= APART_MAX else timedelta()
    if now.started == known.started:
        return timedelta()
    away = min(max(_moment(now.started) - known.at, timedelta()), apart)
    if apart <= APART_MAX or now.unclean_starts > known.unclean_starts:
        return away
    return timedelta()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


@transaction.atomic
def take_worker(*, at: datetime, head: int) -> None:
    """Note how long jobs and entries of the journal wait, the disk, and the clock."""
    known, _ = Followed.objects.select_for_update().get_or_create(pk=WORKER)
    heads = _unread(known.gauges.get("heads", []), head=head, at=at)
    waits = [_oldest_job_s(at)]
    if heads:
        waits.append(at.timestamp() - heads[0][0])
    now: dict[str, float | None] = {
        "queue_seconds": max(0.0, *waits),
        "disk_used_share": _disk_used(),
        "clock_offset_ms": clock_offset_ms(),
    }
    day = day_of(WORKER, at=at)
    for name, value in now.items():
        setattr(day, name, worst(getattr(day, name), value))
    day.save()
    known.at, known.gauges = at, {**now, "heads": heads}
    known.save()


def worst(before: float | None, now: float | None) -> float | None:
    """The higher of two, where they are known."""
    return max((one for one in (before, now) if one is not None), default=None)


def _unread(heads: list[list[float]], *, head: int, at: datetime) -> list[list[float]]:
    """Heads of the journal that were seen and are not read yet, each with when: oldest first."""
    cursor = Cursor.objects.filter(name=TAIL).values_list("sequence", flat=True).first() or 0
    unread = [one for one in heads if one[1] > cursor]
    if head > cursor and (not unread or head > unread[-1][1]):
        unread.append([at.timestamp(), head])
    return [*unread[:1], *unread[1:][-_HEADS_MAX:]]


def _oldest_job_s(at: datetime) -> float:
    """How long the oldest job that is due has waited to be taken."""
    due = Job.objects.filter(state=Job.State.WAITING, due_at__lte=at)
    oldest: datetime | None = due.aggregate(oldest=Min("due_at"))["oldest"]
    return 0.0 if oldest is None else (at - oldest).total_seconds()


def _disk_used() -> float | None:
    """The share of the data directory's disk that is not free."""
    try:
        found = shutil.disk_usage(settings.CONSOLE.directory)
    except OSError:
        return None
    room = found.used + found.free
    return found.used / room if room else None
