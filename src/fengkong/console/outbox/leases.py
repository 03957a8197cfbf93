"""Who is at which job: taken with a lease, renewed while it goes on, freed when the lease ends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, models, transaction
from django.db.models import Count

from fengkong.console.outbox.jobs import OPEN, kind_of, kinds, wait_after
from fengkong.console.outbox.models import Job, Schedule

LEASE: Final = timedelta(seconds=60)
KEPT: Final = timedelta(days=14)
"""For how long finished jobs can be looked at."""
ERROR_LENGTH: Final = 500
SCHEDULED: Final = "schedule"
"""The key of repeated jobs."""
_REAPED: Final = "the worker that had it ended"


def take(holder: str, *, now: datetime, among: Collection[str] | None = None) -> Job | None:
    """The next job that is due, now leased to `holder`; None where there is none."""
    with transaction.atomic():
        due = Job.objects.filter(
            state=Job.State.WAITING,
            due_at__lte=now,
            kind__in=list(kinds() if among is None else among),
        )
        job = due.order_by("due_at", "id").select_for_update(skip_locked=True).first()
        if job is None:
            return None
        job.state, job.holder = Job.State.RUNNING, holder
        job.attempts += 1
        job.leased_until = now + LEASE
        job.save(update_fields=("state", "holder", "attempts", "leased_until"))
        return job


def renew(job: Job, *, now: datetime) -> bool:
    """Keep a job for another lease; False where it was lost meanwhile."""
    return bool(_held(job).update(leased_until=now + LEASE))


def finish(job: Job, *, now: datetime) -> bool:
    """Write down that a job is done; False where it was lost meanwhile, and another does it."""
    return bool(
        _held(job).update(
            state=Job.State.DONE, finished_at=now, leased_until=None, holder="", error=""
        )
    )


def fail(job: Job, *, error: str, now: datetime) -> None:
    """Write down a failed attempt: the job waits for its next one, or is given up."""
    wait = wait_after(job.kind, attempts=job.attempts)
    _end_attempt(job, error=error, now=now, wait=wait)


def give_up(job: Job, *, error: str, now: datetime) -> None:
    """Write down that a job was given up; an operator may have it tried again."""
    _end_attempt(job, error=error, now=now, wait=None)


def reap(*, now: datetime) -> int:
    """Free the jobs of holders whose leases ran out; how many there were.

    They are due at once; one whose attempts are all used is given up, or a job that kills its
    worker would do so for ever.
    """
    count = 0
    with transaction.atomic():
        lost = Job.objects.filter(state=Job.State.RUNNING, leased_until__lt=now)
        for job in lost.select_for_update(skip_locked=True):
            known = job.kind in kinds()
            wait = wait_after(job.kind, attempts=job.attempts) if known else timedelta()
            again = timedelta() if wait is not None or kind_of(job.kind).every else None
            _end_attempt(job, error=_REAPED, now=now, wait=again)
            count += 1
    return count


def put_what_is_due(*, now: datetime) -> int:
    """Put the repeated jobs whose time has come; how many there were."""
    count = 0
    for kind, declared in kinds().items():
        if declared.every is None:
            continue
        try:
            with transaction.atomic():
                count += _put_if_due(kind, seconds=declared.every, now=now)
        except IntegrityError:
            continue  # another worker was faster
    return count


def retry(job_id: int, *, now: datetime) -> Job | None:
    """Have a job that was given up tried again from the start; None where it is not given up."""
    job = Job.objects.select_for_update().filter(pk=job_id, state=Job.State.DEAD).first()
    if job is None:
        return None
    job.state, job.attempts, job.due_at, job.finished_at = Job.State.WAITING, 0, now, None
    job.save(update_fields=("state", "attempts", "due_at", "finished_at"))
    return job


def forget_finished(*, now: datetime) -> int:
    """Remove the jobs that were done long ago; those given up stay until somebody looks."""
    return Job.objects.filter(state=Job.State.DONE, finished_at__lt=now - KEPT).delete()[0]


def counted() -> dict[str, int]:
    """How many jobs there are of each state."""
    found = Job.objects.order_by().values_list("state").annotate(count=Count("id"))
    return {state.value: 0 for state in Job.State} | dict(found)


def _put_if_due(kind: str, *, seconds: int, now: datetime) -> int:
    schedule = Schedule.objects.select_for_update().filter(kind=kind).first()
    following = now + timedelta(seconds=seconds)
    if schedule is None:
        Schedule.objects.create(kind=kind, next_at=following)
    elif schedule.next_at > now:
        return 0
    else:
        schedule.next_at = following
        schedule.save(update_fields=("next_at",))
    if Job.objects.filter(kind=kind, state__in=OPEN).exists():
        return 0
    # The last failure of a repeated job is enough to be looked at.
    Job.objects.filter(kind=kind, key=SCHEDULED, state=Job.State.DEAD).delete()
    Job.objects.create(kind=kind, key=SCHEDULED, due_at=now)
    return 1


def _held(job: Job) -> models.QuerySet[Job]:
    """The job, if it is still this attempt of this holder."""
    return Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, holder=job.holder, attempts=job.attempts
    )


def _end_attempt(job: Job, *, error: str, now: datetime, wait: timedelta | None) -> None:
    ended = {"holder": "", "leased_until": None, "error": error[:ERROR_LENGTH]}
    if wait is None:
        _held(job).update(state=Job.State.DEAD, finished_at=now, **ended)
    else:
        _held(job).update(state=Job.State.WAITING, due_at=now + wait, **ended)
