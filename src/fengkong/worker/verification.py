"""The process that verifies a journal beside a start which folds it (see `service.verifying`).

Its task comes as a line on standard input; it says how far it is and what it found, a line each,
on standard output, and ends with 0 only where everything is well. It ends when its input ends, so
it never outlives the service.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from fengkong.core.errors import RiskError
from fengkong.journal.second_place import second_place
from fengkong.journal.verification import verify_journal
from fengkong.ledger.notes import VerifierKey
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import COLLECTOR
from fengkong.service.verifying import Agreement, LeavesDigest, Remark, Task, decode_task


def main() -> int:
    """Verify what the task says; 0 where everything is well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when it is over
    gc.set_threshold(*COLLECTOR)
    logging.basicConfig(level=logging.INFO, handlers=[_Remarks()])
    task = decode_task(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        _say(verified(task, progress=_say))
    except (RiskError, OSError):
        return 1  # the service looks for itself and says what it is
    return 0


def verified(task: Task, *, progress: Callable[[int], None]) -> Agreement:
    """Verify the entries of a task; raises what `verify_journal` raises."""
    settings = task.settings
    opened = open_for_reading(settings, environment=os.environ)
    try:
        leaves = LeavesDigest(after=task.folded_after)
        found = verify_journal(
            opened.reading,
            verifier=VerifierKey.parse(task.verifier),
            places=tuple(second_place(text) for text in settings.places),
            after=task.after,
            each_subject=opened.vault.check_key,
            each_chunk=leaves.over,
            progress=progress,
        )
        return Agreement(size=found.size, root=found.root, leaves=leaves.digest())
    finally:
        opened.close()


class _Remarks(logging.Handler):
    """Has the log written by the service, with its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell the service a line."""
        _say(Remark(level=record.levelno, source=record.name, text=record.getMessage()))


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _say(what: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
