"""A browser without a window: signs in to a running console over HTTP and times its pages.

The console is served by granian as its users have it. Wall seconds are those that whoever asks
waits; processor seconds are those of granian's processes meanwhile, whatever else the machine does.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.contestants import environment
from benchmarks.payments import ROOT

HOST: Final = "127.0.0.1"
START_S: Final = 120.0
TIMEOUT_S: Final = 120.0
_TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_ASSETS: Final = re.compile(r'(?:src|href|content)="(/static/[^"#]+\.(?:js|css|woff2|svg))[#"]')
_CPU_TIMES: Final = slice(11, 13)  # utime and stime (proc(5)), behind the command's name


@dataclass(frozen=True)
class Answer:
    """What came back, and how many bytes of it went over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether a screen came back, whole and not as a part of one."""
        html = self.headers.get("content-type", "").startswith("text/html")
        return self.status == 200 and html


class Browser:
    """One person at one console: keeps cookies and a connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
        self._cookies: dict[str, str] = {}

    def get(self, path: str, *, packed: bool = False) -> Answer:
        return self._ask("GET", path, None, {"Accept-Encoding": "gzip"} if packed else {})

    def post(self, path: str, said: Mapping[str, str]) -> Answer:
        """Send a form with the token of the page that it stands on."""
        token = _TOKEN.search(self.get(path).body.decode())
        assert token is not None, path
        body = urlencode({**said, "csrfmiddlewaretoken": token[1]})
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def sign_in(self, username: str, *, password: str, secret: str) -> None:
        """Password and code, as a person does."""
        from fengkong.cli.authenticator import code_at

        login = "/accounts/login/"
        assert self.post(login, {"login": username, "password": password}).status == 302
        code = code_at(secret, seconds=int(time.time()))
        assert self.post("/accounts/login/factor/", {"code": code}).status == 302

    def first_page_bytes(self, path: str) -> int:
        """What a browser that was never here loads: the page and all its assets, packed."""
        page = self.get(path, packed=True)
        shown = self.get(path).body.decode()
        assets = dict.fromkeys(_ASSETS.findall(shown))
        return len(page.body) + sum(len(self.get(one, packed=True).body) for one in assets)

    def close(self) -> None:
        self._connection.close()

    @property
    def cookies(self) -> str:
        """Who is signed in, as a header says it."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        said = {"Cookie": self.cookies, "Accept-Language": "zh-CN", **headers}
        self._connection.request(method, path, body, said)
        answer = self._connection.getresponse()
        for written in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: one.value for name, one in SimpleCookie(written).items()}
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, named, answer.read())


@dataclass
class Served:
    """A console that answers at a port."""

    port: int
    process: int
    family: list[int] = field(default_factory=list)

    def cpu_s(self) -> float:
        """What granian and its workers have taken of the processors."""
        self.family = self.family or [self.process, *_children(self.process)]
        return sum(_cpu_s(one) for one in self.family)


@contextmanager
def served(data: Path, *, port: int, more: Sequence[str] = ()) -> Iterator[Served]:
    """`fengkong console` over a data directory; it ends with the block."""
    command = [sys.executable, "-W", "ignore", "-m", "fengkong.cli", "console"]
    process = subprocess.Popen(
        [*command, "--data", str(data), "--port", str(port), *more],
        cwd=ROOT, env=environment(threads=1), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, process)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=60)


def visited(
    served: Served, browser: Browser, addresses: Sequence[str], *, rounds: int
) -> list[dict[str, Any]]:
    """The addresses that are pages: wall and processor seconds of every round, and bytes."""
    found = []
    for address in addresses:
        first = browser.get(address)
        if not first.is_page:
            continue
        wall, cpu = [], []
        for _ in range(rounds):
            used, began = served.cpu_s(), time.perf_counter()
            answer = browser.get(address)
            wall.append(time.perf_counter() - began)
            cpu.append(served.cpu_s() - used)
            assert answer.status == 200, (address, answer.status)
        found.append({"address": address, "wall": wall, "cpu": cpu, "bytes": len(first.body)})
    return found


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, "the console did not start"
        try:
            browser = Browser(port)
            browser.get("/accounts/login/")
            browser.close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"no console after {START_S} s")


def _children(parent: int) -> list[int]:
    """Processes below a process, by the fourth field of their status."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except OSError:
            continue
    found, waiting = [], [parent]
    while waiting:
        here = waiting.pop()
        below = [one for one, above in parents.items() if above == here]
        found += below
        waiting += below
    return found


def _cpu_s(process: int) -> float:
    """Processor seconds, to the nanosecond where the scheduler tells them (proc(5), schedstat)."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    try:
        return sum(int(one.read_text().split()[0]) for one in threads) / 1e9
    except OSError:
        ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[_CPU_TIMES]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
