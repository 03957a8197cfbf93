"""Copying the WAL back into the database file without holding up a commit.

A commit is quick while it only appends to the WAL, but the WAL must not grow for ever, and it
starts again from its beginning only when everything in it has been copied. So the bulk is copied
by a thread with a connection of its own while commits go on, and the small rest right behind a
commit, in the thread that committed.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Final

import apsw

from fengkong.journal.sqlite_file import close_quietly

BEGIN_PAGES: Final = 8192
"""The WAL's length from which its bulk is copied: 32 MiB."""
PAUSE_S: Final = 0.2
"""Between two copies of the bulk: a long reader, such as a backup, lets none of them come further,
and each looks through the whole WAL."""
REST_PAGES: Final = 2048
"""The longest rest that a commit's thread copies itself: some milliseconds."""


class WalCopying:
    """Keeps the WAL short. `connection` is used by nobody else."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()
        self._wanted = threading.Event()
        self._closed = False
        self._ended = threading.Event()
        self._copied = 0
        self._thread = threading.Thread(target=self._run, name="wal-copying", daemon=True)
        self._thread.start()

    def after_commit(self, wal_pages: int) -> None:
        """Copy the rest, or ask for the bulk, where the WAL has become long enough for it."""
        if wal_pages < BEGIN_PAGES:
            self._copied = 0
        elif self._copied and wal_pages - self._copied <= REST_PAGES:
            if self._turn.acquire(blocking=False):
                try:
                    self._copy(apsw.SQLITE_CHECKPOINT_PASSIVE)
                finally:
                    self._turn.release()
        else:
            self._wanted.set()

    def empty(self) -> None:
        """Leave nothing of older pages in the WAL, as far as readers allow it."""
        with self._turn:
            self._copy(apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """End the thread and its connection."""
        self._closed = True
        self._ended.set()
        self._wanted.set()
        self._thread.join()
        close_quietly(self._connection)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            # Before anything is looked at: what is wanted from here on must not be forgotten.
            self._wanted.clear()
            if self._closed:
                return
            with self._turn:
                self._copy(apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._ended.wait(PAUSE_S)

    def _copy(self, mode: int) -> None:
        """One checkpoint; where it fails, the WAL stays as it is until the next one."""
        self._copied = 0
        with contextlib.suppress(apsw.Error):
            _, self._copied = self._connection.wal_checkpoint(mode=mode)
