"""Starts services quickly: imports everything once, and forks a real service for every start.

Run as a script. It reads one JSON order a line and answers each with one JSON line:

    {"start": {"data": DIR, "given": {...}, "policy": TEXT or null, "hooks": {...}, "log": FILE}}
        {"pid": N, "address": "127.0.0.1:PORT"}  or  {"code": ..., "message": ...} when it refuses
    {"reap": PID}   waits for the end of a service: {"status": N}

A child runs `service.running.run` as `fengkong serve` does. Its hooks stand in for the world, not
for the service: a disk that fails (`disk`), no syncs (`synchronous`), another clock (`clock_us`),
events that cost more (`slow_us`).
While it runs they are turned over the unix socket `control`, one JSON order a connection.
"""

import contextlib
import ctypes
import gc
import importlib.util
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from fengkong.core.errors import RiskError
from fengkong.journal import sqlite_file, sqlite_store
from fengkong.service import opening, running, serving
from fengkong.service.http import authentication
from fengkong.service.settings import load_settings
from fengkong.service.states import lanes
from fengkong.service.states.lanes import Lane

PR_SET_PDEATHSIG = 1
TURNED = {"clock_us": 0}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            _, status = os.waitpid(order["reap"], 0)
            answer: dict[str, Any] = {"status": status}
        elif "warm" in order:
            warm(order["warm"])
            answer = {}
        else:
            answer = start(order["start"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def warm(policy: str) -> None:
    """Have compiled what the first decision would compile."""
    Lane.begin(policy)
    gc.freeze()


def start(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        code = 70
        try:
            code = serve(order, writing)
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.readline()
    answer = json.loads(text) if text else {"code": "ended", "message": "it said nothing"}
    if "address" not in answer:
        os.waitpid(pid, 0)
    return answer | {"pid": pid}


def serve(order: dict[str, Any], writing: int) -> int:
    """The life of one service; it ends with the process that forked it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    hooks = order["hooks"]
    with os.fdopen(writing, "w") as said:
        try:
            hang(hooks)
            good = running.run(
                load_settings(Path(order["data"]), given=order["given"]),
                environment=os.environ,
                first_policy=order["policy"],
                started=lambda address: tell(said, address=address),
            )
        except RiskError as error:
            tell(said, code=type(error).code, message=str(error))
            return 1
    return 0 if good else 3


def tell(said: Any, **facts: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        said.write(json.dumps(facts) + "\n")
        said.flush()
        said.close()


def hang(hooks: dict[str, Any]) -> None:
    """Hang the hooks in, before the service opens anything."""
    files = None
    if hooks.get("disk"):
        files = faulty_files().FaultyFiles("faulty")
        real = sqlite_store.SqliteStore

        class OnFaultyFiles(real):  # type: ignore[misc, valid-type]
            @classmethod
            def open(cls, path: Path, **options: Any) -> Any:
                return super().open(path, vfs="faulty", **options)

        opening.SqliteStore = OnFaultyFiles
    if hooks.get("synchronous"):
        off = f"PRAGMA synchronous={hooks['synchronous']}"
        sqlite_file._PRAGMAS = tuple(
            off if pragma.startswith("PRAGMA synchronous") else pragma
            for pragma in sqlite_file._PRAGMAS
        )
    TURNED["clock_us"] = hooks.get("clock_us", 0)
    serving.wall_clock = lambda: time.time_ns() // 1000 + TURNED["clock_us"]
    defaults = authentication.Door.__init__.__kwdefaults__
    defaults["clock"] = lambda: time.time_ns() + TURNED["clock_us"] * 1000
    if hooks.get("slow_us"):
        slow_down(hooks["slow_us"] / 1e6)
    if hooks.get("control"):
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(hooks["control"])
        listening.listen()
        threading.Thread(target=obey, args=(listening, files), daemon=True).start()


def slow_down(seconds: float) -> None:
    """Let every event cost so much more, by itself or among others, as a heavier policy would."""
    check, together = lanes.Lane.check, lanes.Lane.decide_together

    def spend(events: int) -> None:
        until = time.perf_counter() + seconds * events
        while time.perf_counter() < until:
            pass

    def slowly(self: Any, event: Any) -> None:
        spend(1)
        check(self, event)

    def slowly_together(self: Any, events: Any) -> Any:
        spend(len(events))
        return together(self, events)

    lanes.Lane.check = slowly  # type: ignore[method-assign]
    lanes.Lane.decide_together = slowly_together  # type: ignore[method-assign]


def obey(listening: socket.socket, files: Any) -> None:
    """Turn the hooks as told: one order, one answer a connection."""
    while True:
        connection, _ = listening.accept()
        with connection, connection.makefile("rw") as talk:
            order = json.loads(talk.readline())
            talk.write(json.dumps(obeyed(order, files)) + "\n")


def obeyed(order: dict[str, Any], files: Any) -> dict[str, Any]:
    if "clock_us" in order:
        TURNED["clock_us"] = order["clock_us"]
    if "arm" in order:
        fault = faulty_files().Fault[order["arm"]]
        files.arm(fault, at=order["at"], lasting=order["lasting"])
    if "disarm" in order:
        files.disarm()
    if "watch" in order:
        files.watch()
    return {} if files is None else {"calls": len(files.calls), "failed": files.failed}


def faulty_files() -> Any:
    """The failing files of the journal's tests."""
    name = "journal_faulty_files"
    if name not in sys.modules:
        place = Path(__file__).resolve().parents[1] / "journal" / "faulty_files.py"
        spec = importlib.util.spec_from_file_location(name, place)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


if __name__ == "__main__":
    main()
