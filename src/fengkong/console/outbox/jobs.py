"""Promises work in a transaction, and says who does it: handlers by kind, and what is repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from fengkong.console.audit.guard import recorded_job
from fengkong.console.outbox.models import Job

Handler = Callable[[Job], None]


class Lane(Enum):
    """Whose turn a job waits for: a worker does the jobs of each lane beside those of the others.

    What is looked at every few seconds is soon done and waits for nothing that takes long, neither
    for a computation nor for a receiver that takes its time.
    """

    WATCH = "watch"
    TELL = "tell"
    WORK = "work"


WAITS: Final = (5, 15, 60, 300, 900, 3_600, 10_800, 43_200)
"""Seconds between attempts, unless a kind has its own: given up after some seventeen hours."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of a kind are done; `every` is in seconds, None for those that are put."""

    handler: Handler
    waits: tuple[int, ...] = WAITS
    every: int | None = None
    lane: Lane = Lane.WORK


_KINDS: Final[dict[str, Kind]] = {}


class GiveUpError(Exception):
    """Raised by a handler: another attempt would not help, so the job is given up at once."""


def register_job(
    kind: str, handler: Handler, *, waits: tuple[int, ...] = WAITS, lane: Lane = Lane.WORK
) -> None:
    """Say who does jobs of a kind; each app does so when Django starts.

    A handler may be called again for a job that it has done: its worker may have died before
    that was written down. It runs outside of any transaction; in those that it opens, what changes
    of the console's own is recorded in the ledger, or taken back. What it raises counts as a failed
    attempt; after `waits` (seconds) have all been waited the job is given up.
    """
    _add(kind, Kind(handler, waits, lane=lane))


def every(seconds: int, kind: str, handler: Handler, *, lane: Lane = Lane.WORK) -> None:
    """Have a job of this kind done again and again, by one worker at a time.

    Times that were missed are not made up for. The next time comes whether it failed or not, so a
    failed attempt is not repeated before.
    """
    _add(kind, Kind(handler, waits=(), every=seconds, lane=lane))


def put(
    kind: str, content: Mapping[str, Any], *, key: str = "", due_at: datetime | None = None
) -> Job:
    """Promise a job; it is there with the transaction around this call, or not at all.

    `content` is JSON and no personal data. While a job of the same `key` is open, it is returned
    instead of a new one. Raises RuntimeError outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{kind} is promised outside of the transaction that wants it")
    kind_of(kind)
    terms = {"kind": kind, "content": dict(content), "due_at": due_at or timezone.now()}
    if not key:
        return Job.objects.create(**terms)
    try:
        with transaction.atomic():
            return Job.objects.create(**terms, key=key)
    except IntegrityError:
        return Job.objects.get(kind=kind, key=key, state__in=OPEN)


OPEN: Final = (Job.State.WAITING, Job.State.RUNNING)
"""The states of jobs that are not finished."""


def kind_of(kind: str) -> Kind:
    """How jobs of a kind are done."""
    try:
        return _KINDS[kind]
    except KeyError:
        raise ImproperlyConfigured(f"nobody does jobs of kind {kind!r}") from None


def kinds() -> Mapping[str, Kind]:
    """Every kind that somebody does."""
    return _KINDS


def kinds_of(lane: Lane) -> list[str]:
    """The kinds that are done in a lane."""
    return [kind for kind, declared in _KINDS.items() if declared.lane is lane]


def wait_after(kind: str, *, attempts: int) -> timedelta | None:
    """How long to wait after this many attempts, None where that was the last one."""
    waits = kind_of(kind).waits
    return timedelta(seconds=waits[attempts - 1]) if attempts <= len(waits) else None


def _add(kind: str, declared: Kind) -> None:
    if kind in _KINDS:
        raise ImproperlyConfigured(f"two handlers for jobs of kind {kind!r}")
    _KINDS[kind] = replace(declared, handler=recorded_job(declared.handler))
