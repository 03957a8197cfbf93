"""Does the console's jobs: takes one with a lease, renews it meanwhile, tells how it ended."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

from django.db import connection
from django.utils import timezone

from fengkong.console.outbox import leases
from fengkong.console.outbox.jobs import GiveUpError, Lane, kind_of, kinds_of
from fengkong.console.outbox.models import Job

RENEW_S: Final = leases.LEASE.total_seconds() / 3
_LOG: Final = logging.getLogger(__name__)


class Jobs:
    """One worker's hands; several may be at the same jobs, here or on other machines.

    Those that are given a lane do the jobs of that lane alone.
    """

    def __init__(self, lane: Lane | None = None) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
        self._lane = lane
        self.holder: Final = f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(4)}"

    def tend(self) -> None:
        """Free the jobs of workers that are gone, and put the repeated jobs that are due."""
        freed = leases.reap(now=timezone.now())
        if freed:
            _LOG.warning("%s jobs of ended workers are free again", freed)
        leases.put_what_is_due(now=timezone.now())

    def step(self) -> bool:
        """Do the next job in a thread of its own, the lease renewed; False where none is due."""
        among = None if self._lane is None else kinds_of(self._lane)
        job = leases.take(self.holder, now=timezone.now(), among=among)
        if job is None:
            return False
        doing = self._pool.submit(_done, job)
        while not wait([doing], timeout=RENEW_S).done:
            if not leases.renew(job, now=timezone.now()):
                _LOG.warning("job %s (%s) was taken by another worker", job.pk, job.kind)
        self._tell(job, doing.exception())
        return True

    def close(self) -> None:
        """Give the thread back."""
        self._pool.shutdown()

    def _tell(self, job: Job, error: BaseException | None) -> None:
        """Write down how it ended; whatever a handler raises, the other jobs go on."""
        now = timezone.now()
        if error is None:
            leases.finish(job, now=now)
        elif isinstance(error, GiveUpError):
            leases.give_up(job, error=str(error), now=now)
        else:
            _LOG.warning("job %s (%s) failed: %s", job.pk, job.kind, type(error).__name__)
            leases.fail(job, error=f"{type(error).__name__}: {error}", now=now)


def _done(job: Job) -> None:
    try:
        kind_of(job.kind).handler(job)
    finally:
        connection.close()
