"""The whole system as one command: started in order, mended when a part dies, ended by a signal."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fengkong.cli.authenticator import InvalidSecretError, code_at
from fengkong.cli.supervision import ChildFailedError, Part, Supervisor

WAIT_S = 120.0


def wait_for(what: Callable[[], object], *, seconds: float = WAIT_S) -> object:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come about")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[str], Path]]:
    """`fengkong up` on free ports, what it has said so far, and its data directory."""
    data = tmp_path / "data"
    command = [sys.executable, "-m", "fengkong.cli", "up", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--policy", "payments", "--port", "0", "--console-port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"FENGKONG_LANGUAGE": "en"},
    )
    said: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    yield process, said, data
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    reader.join(timeout=10)
    process.stderr.close()


def children_of(data: Path) -> dict[str, int]:
    """The processes that work in a data directory, by their command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(data) in words and "fengkong.cli" in words:
            found[words[words.index("fengkong.cli") + 1]] = int(folder.name)
    found.pop("up", None)
    return found


@pytest.mark.nightly
def test_up_runs_mends_and_ends(up: tuple[subprocess.Popen[str], list[str], Path]) -> None:
    process, said, data = up
    wait_for(lambda: process.poll() is not None or "The system is running" in "".join(said))
    line = next(one for one in said if "The system is running" in one)
    console, service = re.findall(r"http://[0-9.:]+", line)
    with urllib.request.urlopen(f"{console}/", timeout=10) as answer:
        assert answer.status == 200  # the page on which operators sign in
    with urllib.request.urlopen(f"{service}/readyz", timeout=10) as answer:
        assert answer.status == 200
    first = children_of(data)
    assert set(first) == {"serve", "worker", "console"}
    os.kill(first["worker"], signal.SIGKILL)
    wait_for(lambda: children_of(data).get("worker") not in {None, first["worker"]})
    connection = sqlite3.connect(data / "console.db")
    wait_for(lambda: connection.execute("SELECT count(*) FROM journaled_cursor").fetchone()[0])
    connection.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert children_of(data) == {}
    ended = [one.split()[1] for one in said if one.startswith("Stopping")]
    assert ended == ["console", "preview", "worker", "service"]


def part(name: str, code: str, *, ready: str = "up") -> Part:
    command = [sys.executable, "-u", "-c", code]
    return Part(name=name, command=command, ready=lambda lines: ready in lines)


def supervised(*parts: Part) -> tuple[Supervisor, list[str]]:
    told: list[str] = []
    supervisor = Supervisor(
        parts,
        line=lambda name, line: told.append(f"{name} said {line}"),
        event=lambda key, **values: told.append(f"{key} {values['name']}"),
    )
    return supervisor, told


SLEEPS = "import time; print('up'); time.sleep(60)"


def test_a_part_that_does_not_come_up_is_told_of_and_the_others_end() -> None:
    broken = part("second", "import sys; print('the port is taken'); sys.exit(3)")
    supervisor, told = supervised(part("first", SLEEPS), broken, part("third", SLEEPS))
    with pytest.raises(ChildFailedError, match="second ended with 3:\nthe port is taken"):
        supervisor.run(started=lambda: told.append("started"))
    assert "up.stopping first" in told
    assert not any("third" in one or one == "started" for one in told)
    assert supervisor.pids() == {}


def test_a_part_that_dies_is_started_again_and_all_end_in_order() -> None:
    supervisor, told = supervised(part("first", SLEEPS), part("second", SLEEPS))
    pids: dict[str, int] = {}

    def look() -> None:
        pids.update(supervisor.pids())
        os.kill(pids["first"], signal.SIGKILL)
        wait_for(lambda: "up.again first" in told, seconds=20)
        assert supervisor.pids()["first"] != pids["first"]
        supervisor.stop()

    looking = threading.Thread(target=look)
    supervisor.run(started=looking.start)
    looking.join()
    assert [one for one in told if one.startswith("up.stopping")] == [
        "up.stopping second",
        "up.stopping first",
    ]
    assert supervisor.pids() == {}


@pytest.mark.parametrize(
    ("seconds", "code"),
    [  # RFC 6238, appendix B, the last six of its eight digits
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", seconds=seconds) == code


def test_a_secret_is_base_32() -> None:
    with pytest.raises(InvalidSecretError):
        code_at("not base 32!", seconds=0)
