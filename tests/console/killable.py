"""A decision service in a process of its own that tests may kill, and a console that knows it."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.console.governance.test_whole_path import free_port
from versions import TEXT

from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled.service_access import ensure_service_key

START_S = 120


@dataclass
class KillableService:
    """A decision service on one directory and port, whichever process it is."""

    data: Path
    port: int
    policy: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        command = [sys.executable, "-m", "fengkong.cli", "serve", "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, "--policy", str(self.policy), "--port", str(self.port)],
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
                return
            assert self.process.poll() is None
            time.sleep(0.2)
        raise AssertionError("the service did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def killable_service(folder: Path, settings: Any) -> Iterator[KillableService]:
    """Serves in a folder until the end of the block; `settings` are those of Django."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    policy = folder / "policy.yaml"
    policy.write_text(TEXT, encoding="utf-8")
    made = KillableService(data, free_port(), policy)
    made.start()
    settings.CONSOLE = ConsoleSettings(directory=data, service=f"http://127.0.0.1:{made.port}")
    ensure_service_key(settings.CONSOLE)
    try:
        yield made
    finally:
        made.kill()
