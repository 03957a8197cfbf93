"""The service in a process of its own, as its users start it, with a key to talk to it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.contestants import environment
from benchmarks.payments import ROOT

_SERVER: Final = ROOT / "tests" / "journal" / "postgres_server.py"
_CPU_TIMES: Final = slice(11, 13)  # utime and stime, counted behind the command's name (proc(5))


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A service that listens on a port of the loopback, and a key that may send it anything."""

    port: int
    key: str
    process_id: int

    def cpu_s(self) -> float | None:
        """What all its threads have taken of the processors; None where nothing tells it."""
        file = Path(f"/proc/{self.process_id}/stat")
        if not file.exists():
            return None
        ticks = file.read_text().rpartition(")")[2].split()[_CPU_TIMES]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(
    data: Path, *, store: str = "sqlite", scopes: Iterable[str] = ("decide",)
) -> Iterator[Serving]:
    """The payments policy served from a new data directory; it ends with the block."""
    from fengkong.protection.access import Access
    from fengkong.protection.api_keys import KeyTerms

    data.mkdir(mode=0o700)
    (data / "service.yaml").write_text(f'store: "{store}"\n', encoding="utf-8")
    access = Access(data / "access.db")
    terms = KeyTerms(name="bench", scopes=frozenset(scopes), rate_per_second=1e6, burst=1_000_000)
    key = access.create(terms, now=time.time_ns() // 1000).text
    access.close()
    command = [sys.executable, "-c", "from fengkong.cli.main import main; main()", "serve"]
    process = subprocess.Popen(
        [*command, "--data", str(data), "--policy", "payments", "--port", "0"],
        cwd=ROOT,
        env={**environment(threads=1), "FENGKONG_LANGUAGE": "en"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None, "opened as a pipe"
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if "listens on" in line:
                port = int(line.rsplit(":", maxsplit=1)[1])
                yield Serving(port=port, key=key, process_id=process.pid)
                break
        else:
            raise RuntimeError("the service did not start: " + "".join(said))
    finally:
        process.terminate()
        process.stderr.read()
        process.stderr.close()
        process.wait(timeout=60)


def missing_postgres() -> str:
    """Why there can be no PostgreSQL server here, or nothing."""
    return str(_server_module().missing())


@contextmanager
def postgres() -> Iterator[Callable[[], str]]:
    """A PostgreSQL server of our own, with real durability; gives addresses of new databases."""
    server = _server_module().PostgresServer().start()

    def new_database() -> str:
        parts = dict(part.split("=", maxsplit=1) for part in server.new_database().split())
        return f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}"

    try:
        yield new_database
    finally:
        server.stop()


def _server_module() -> Any:
    """The tests start the same server."""
    spec = importlib.util.spec_from_file_location("bench_postgres_server", _SERVER)
    assert spec is not None, "the tests stand beside the benchmarks"
    assert spec.loader is not None, "it is a Python file"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
