"""The console's worker: follows the journal into the read model and does jobs, until told to end.

It needs a started Django. Each part has a thread of its own and goes on when another is in
trouble: a journal that cannot be read holds up no webhook, a long computation no warning.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from functools import partial
from typing import Final

from django.db import DatabaseError, close_old_connections, connection

from fengkong.console.journaled.intake import ForeignReadModelError
from fengkong.console.outbox.jobs import Lane
from fengkong.core.errors import RiskError
from fengkong.journal.errors import MissingJournalError
from fengkong.journal.history import History
from fengkong.journal.opening import open_history
from fengkong.service.settings import Settings
from fengkong.worker.jobs import Jobs
from fengkong.worker.tail import Tail

POLL_S: Final = 0.25
"""How long the newest decision and a new job wait before they are seen, at most."""
TEND_S: Final = 2.0
HANDS: Final = {Lane.TELL: 3}
"""Jobs of a lane at the same time, where that is not one: a slow receiver holds up no other."""
RETRY_FIRST_S: Final = 0.5
RETRY_LONGEST_S: Final = 30.0
_NICE: Final = 5
"""Below the service: decisions go before what is shown of them."""
_LOG: Final = logging.getLogger(__name__)


class Worker:
    """Tail, jobs and schedule of one data directory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._over = threading.Event()

    def run(self, *, started: Callable[[], None] | None = None) -> None:
        """Work until `stop`; raises what no repetition would mend."""
        os.nice(_NICE)
        works: list[Callable[[], None]] = [self._follow]
        works += [partial(self._do_jobs, lane) for lane in Lane for _ in range(HANDS.get(lane, 1))]
        with ThreadPoolExecutor(max_workers=len(works), thread_name_prefix="worker") as pool:
            parts = [pool.submit(self._ended, work) for work in works]
            if started is not None:
                started()
            for part in as_completed(parts):
                part.result()

    def stop(self) -> None:
        """Have it end once the batch and the job at hand are finished."""
        self._over.set()

    def _ended(self, work: Callable[[], None]) -> None:
        """Do one part; when it ends, however it ends, the others end too."""
        try:
            work()
        finally:
            self._over.set()
            connection.close()

    def _follow(self) -> None:
        """Take in the journal, opened again after each failure, with longer and longer waits."""
        wait = RETRY_FIRST_S
        while not self._over.is_set():
            try:
                history = open_history(self._settings.place, environment=os.environ)
            except MissingJournalError:
                self._over.wait(RETRY_FIRST_S)  # the service makes it when it first starts
                continue
            except RiskError as error:
                wait = self._wait_after(error, wait)
                continue
            try:
                self._follow_opened(history)
            except ForeignReadModelError:
                raise
            except (RiskError, DatabaseError) as error:
                wait = self._wait_after(error, wait)
            else:
                wait = RETRY_FIRST_S
            finally:
                history.reading.close()

    def _follow_opened(self, history: History) -> None:
        tail = Tail(history)
        while not self._over.is_set():
            if not tail.step():
                self._over.wait(POLL_S)
            close_old_connections()

    def _do_jobs(self, lane: Lane) -> None:
        """Do the jobs of a lane; the one where nothing takes long also tends to all of them."""
        wait, tended = RETRY_FIRST_S, -TEND_S
        with closing(Jobs(lane)) as jobs:
            while not self._over.is_set():
                try:
                    if lane is Lane.WATCH and time.monotonic() - tended >= TEND_S:
                        jobs.tend()
                        tended = time.monotonic()
                    while not self._over.is_set() and jobs.step():
                        pass
                except DatabaseError as error:
                    wait = self._wait_after(error, wait)
                    continue
                wait = RETRY_FIRST_S
                self._over.wait(POLL_S)
                close_old_connections()

    def _wait_after(self, error: Exception, wait: float) -> float:
        """Tell of a failure and wait; the next wait."""
        _LOG.warning("going on in %.1f s after: %s", wait, error)
        connection.close()
        self._over.wait(wait)
        return min(2 * wait, RETRY_LONGEST_S)
