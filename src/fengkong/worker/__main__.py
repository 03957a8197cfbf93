"""The worker process: tasks come as JSON lines on standard input, answers go to standard output.

It ends when its input ends, so it never outlives the service.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import msgspec

from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.worker.tasks import Task, Tasks, result_of

_NICE = 5
"""Below the service: decisions go before snapshots."""


def main() -> None:
    """Read tasks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when it is over
    os.nice(_NICE)
    decoder = msgspec.json.Decoder(Task)
    opened = None
    try:
        for line in sys.stdin.buffer:
            task = decoder.decode(line)
            if opened is None:
                settings = load_settings(
                    Path(sys.argv[1]), given={"store": sys.argv[2] if len(sys.argv) > 2 else None}
                )
                opened = open_for_reading(settings, environment=os.environ)
                tasks = Tasks(opened, settings=settings)
            answer = msgspec.json.encode(result_of(task, tasks=tasks))
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()
    finally:
        if opened is not None:
            opened.close()


if __name__ == "__main__":
    main()
