"""A database file copied while others write to it: one moment of it, in bounded steps.

The copy reads one snapshot from its first page to its last, so it needs no writer to wait. Between
two steps it rests as long as the step took: a disk that is asked for everything at once would make
the next commit wait. Meanwhile the WAL cannot begin again from its start, so it grows by what is
written while the copy is made.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from fengkong.journal.sqlite_file import risk_of

STEP_PAGES: Final = 128
"""Pages of one step: half a megabyte."""
SYNCED_STEPS: Final = 32
"""Steps between two syncs of the copy: what is not synced yet is synced with somebody's commit."""
REST_MAX_S: Final = 0.05


def copy_database(
    source: Path, target: Path, *, progress: Callable[[float], None] | None = None
) -> None:
    """Make `target` a copy of an SQLite file, synced; `progress` is told the fraction done.

    Raises StoreUnavailableError or DamagedJournalError; a target that exists is an error too.
    """
    try:
        descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise risk_of(error, path=target) from error
    try:
        _copy(source, target, descriptor=descriptor, progress=progress)
        os.fsync(descriptor)
    except (apsw.Error, OSError) as error:
        raise risk_of(error, path=source) from error
    finally:
        os.close(descriptor)


def _copy(
    source: Path, target: Path, *, descriptor: int, progress: Callable[[float], None] | None
) -> None:
    with contextlib.ExitStack() as opened:
        reader = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        opened.callback(reader.close)
        writer = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
        opened.callback(writer.close)
        reader.execute("PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0")
        writer.execute("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF")
        # The snapshot: every page is read as it was now, whatever is committed meanwhile.
        reader.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
        with writer.backup("main", reader, "main") as copying:
            steps = 0
            while not copying.done:
                began = time.monotonic()
                copying.step(STEP_PAGES)
                steps += 1
                if not steps % SYNCED_STEPS:
                    os.fdatasync(descriptor)
                if progress is not None and copying.page_count:
                    progress(1 - copying.remaining / copying.page_count)
                time.sleep(min(time.monotonic() - began, REST_MAX_S))
        reader.execute("COMMIT")
