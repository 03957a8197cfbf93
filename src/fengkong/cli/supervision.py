"""Processes that belong together: started in order, started again when one dies, ended in order."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fengkong.core.errors import RiskError

Told = Callable[[str, str], None]
"""Is told the name of a process and a line that it wrote, or what happened to it."""
AGAIN_FIRST_S: Final = 1.0
AGAIN_LONGEST_S: Final = 60.0
STEADY_S: Final = 60.0
"""Whoever ran as long as this is started again at once."""
STOP_S: Final = 20.0
READY_S: Final = 300.0
LOOK_S: Final = 0.2
LINES_KEPT: Final = 20


class ChildFailedError(RiskError):
    """A process of the system ended before it was ready."""

    code = "system.child_failed"
    hint = "Mend what its last lines say, then start the system again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process: how it is started, and `ready`.

    `ready` is shown the lines that the process wrote so far, again and again until it says yes.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[Sequence[str]], bool]


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[str]
    since: float
    lines: list[str] = field(default_factory=list)
    wait: float = AGAIN_FIRST_S
    again_at: float | None = None
    reader: threading.Thread | None = None


class Supervisor:
    """Runs parts until it is told to stop; a part needs those before it."""

    def __init__(self, parts: Sequence[Part], *, line: Told, event: Callable[..., None]) -> None:
        """`line` is told what parts write; `event` what happens, as a text's key and values."""
        self._parts = parts
        self._line = line
        self._event = event
        self._running: list[_Running] = []
        self._over = threading.Event()

    def run(self, *, started: Callable[[], None]) -> None:
        """Start all, tell `started`, and keep them running until `stop`.

        Raises ChildFailedError when a part does not come up the first time; all are ended then.
        """
        try:
            for part in self._parts:
                if self._over.is_set():
                    return
                running = self._launched(part)
                self._running.append(running)
                self._await(running)
            if not self._over.is_set():
                started()
            while not self._over.wait(LOOK_S):
                self._tend()
        finally:
            self._end()

    def stop(self) -> None:
        """Have `run` end every part and return."""
        self._over.set()

    def pids(self) -> dict[str, int]:
        """The process of each part that was started."""
        return {one.part.name: one.process.pid for one in self._running}

    def _launched(self, part: Part) -> _Running:
        # A session of its own: a Ctrl-C in the terminal is for the supervisor, which ends the
        # parts in order.
        process = subprocess.Popen(  # noqa: S603 - our own command
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        running = _Running(part, process, since=time.monotonic())
        running.reader = threading.Thread(target=self._read, args=(running, process), daemon=True)
        running.reader.start()
        return running

    def _read(self, running: _Running, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None, "it was started with a pipe"
        with process.stdout:
            for text in process.stdout:
                line = text.rstrip("\n")
                running.lines = [*running.lines[-LINES_KEPT:], line]
                self._line(running.part.name, line)

    def _await(self, running: _Running) -> None:
        """Wait until a part is ready the first time."""
        until = time.monotonic() + READY_S
        while not self._over.wait(LOOK_S):
            if running.process.poll() is not None:
                assert running.reader is not None, "it was started with one"
                running.reader.join(timeout=1.0)
                said = "\n".join(running.lines[-LINES_KEPT:]).strip()
                code = running.process.returncode
                raise ChildFailedError(f"{running.part.name} ended with {code}:\n{said}")
            if running.part.ready(running.lines):
                return
            if time.monotonic() > until:
                raise ChildFailedError(f"{running.part.name} was not ready after {READY_S:.0f} s")

    def _tend(self) -> None:
        """Start again what has ended, at once or after longer and longer waits."""
        now = time.monotonic()
        for place, running in enumerate(self._running):
            if running.process.poll() is None:
                continue
            if running.again_at is None:
                steady = now - running.since > STEADY_S
                wait = AGAIN_FIRST_S if steady else running.wait
                running.wait = min(2 * wait, AGAIN_LONGEST_S)
                running.again_at = now + wait
                self._event(
                    "up.died",
                    name=running.part.name,
                    code=running.process.returncode,
                    wait=f"{wait:.0f}",
                )
            elif now >= running.again_at:
                fresh = self._launched(running.part)
                fresh.wait = running.wait
                self._running[place] = fresh
                self._event("up.again", name=running.part.name)

    def _end(self) -> None:
        """End the parts, the last one first; each is waited for before the one it needs."""
        for running in reversed(self._running):
            process = running.process
            if process.poll() is not None:
                continue
            self._event("up.stopping", name=running.part.name)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                self._event("up.killed", name=running.part.name)
                process.kill()
                process.wait()
        self._running = []
