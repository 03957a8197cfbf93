"""`fengkong up` on free ports with operators already made: service, worker, preview and console."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fengkong.client.client import Client
from fengkong.protection.access import POLL_US, Access
from fengkong.protection.api_keys import KeyTerms

ROOT = Path(__file__).resolve().parents[2]
START_S = 240
STARTED = "The system is running"


@dataclass
class WholeSystem:
    """A system that runs: where it is found, and what it has said."""

    data: Path
    console: str
    service: str
    said: list[str]

    @contextmanager
    def traffic(self) -> Iterator[Client]:
        """A client with a key of its own, as a platform has."""
        with Client(self.service, self._key) as client:
            yield client

    @cached_property
    def _key(self) -> str:
        """A key that the service knows by now."""
        access = Access(self.data / "access.db")
        scopes = frozenset({"decide", "record"})
        terms = KeyTerms(name="traffic", scopes=scopes, rate_per_second=1000, burst=1000)
        key = access.create(terms, now=time.time_ns() // 1000).text
        access.close()
        time.sleep(2 * POLL_US / 1_000_000)
        return key


def make_operators(data: Path, *wanted: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.made_operators", str(data), *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@contextmanager
def running_system(data: Path, policy: str) -> Iterator[WholeSystem]:
    """Everything started, and ended by a signal afterwards; raises with what was said."""
    command = [sys.executable, "-m", "fengkong.cli", "up", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--policy", policy, "--port", "0", "--console-port", "0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"FENGKONG_LANGUAGE": "en"},
    )
    said: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    try:
        line = wait_for(lambda: _started(process, said), seconds=START_S)
        console, service = re.findall(r"http://[0-9.:]+", line)
        yield WholeSystem(data, console, service, said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=90)
        reader.join(timeout=10)
        process.stderr.close()


def _started(process: subprocess.Popen[str], said: list[str]) -> str | None:
    assert process.poll() is None, "".join(said)[-3000:]
    return next((line for line in said if STARTED in line), None)


def wait_for(what: Callable[[], Any], *, seconds: float = 60.0, every: float = 0.1) -> Any:
    """What something gives as soon as it gives anything."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(every)
    raise AssertionError(f"it did not come about within {seconds} s")
