"""Real services as processes of their own, started within a fraction of a second.

hosted = host.start(Site.new(tmp_path))
hosted.kill()                  # kill -9
hosted = host.start(site)      # raises RefusedStartError, with the code, where it does not start
hosted.stop()                  # in good order
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from fengkong.cli.sources import locate
from fengkong.protection.access import Access
from fengkong.protection.api_keys import SCOPES, KeyTerms

PAYMENTS = locate("payments", kind="policy").read_text(encoding="utf-8")
TERMS = KeyTerms(name="load", scopes=frozenset(SCOPES), rate_per_second=1_000_000, burst=1_000_000)


class RefusedStartError(Exception):
    """The service did not start; its code and what it said."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass
class Site:
    """A data directory, the settings it is served with, and a key for it."""

    data: Path
    key: str
    given: dict[str, Any] = field(default_factory=dict)
    hooks: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, folder: Path, **given: Any) -> Self:
        data = folder / "data"
        data.mkdir(mode=0o700, parents=True)
        return cls(data, new_key(data), {"port": 0, "snapshot_every": 10_000_000} | given)

    def moved(self, folder: Path) -> "Site":
        """The same site in another folder, to which it was copied."""
        return Site(folder / "data", self.key, self.given, self.hooks)

    @property
    def log(self) -> Path:
        return self.data.with_name("service.log")


def site_on(server: Any, folder: Path) -> Site:
    database = dict(part.split("=") for part in server.new_database().split())
    url = f"postgresql:///{database['dbname']}?host={database['host']}&user={database['user']}"
    return Site.new(folder, store=url)


def new_key(data: Path, terms: KeyTerms = TERMS, *, now: int | None = None) -> str:
    access = Access(data / "access.db")
    issued = access.create(terms, now=time.time_ns() // 1000 if now is None else now)
    access.close()
    return issued.text


class Hosted:
    """One running service."""

    def __init__(self, host: "Host", site: Site, *, pid: int, address: str) -> None:
        self._host = host
        self.site = site
        self.pid = pid
        self.port = int(address.rpartition(":")[2])
        self.status: int | None = None

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        self._ended()
        assert self.status == 0, (self.status, self.site.log.read_text()[-2000:])

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        media: str = "application/json",
        **headers: str,
    ) -> tuple[int, bytes, dict[str, str]]:
        """One request on a connection of its own: status, body, headers."""
        sent = {"Content-Type": media} if body else {}
        if "Signature" not in headers:
            sent["Authorization"] = f"Bearer {self.site.key}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(
                method,
                path,
                body or None,
                {k.replace("_", "-"): v for k, v in headers.items()} | sent,
            )
            answer = connection.getresponse()
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}

    def metric(self, name: str) -> float:
        """The value of a gauge or counter, summed over its labels."""
        _, text, _ = self.call("GET", "/metrics")
        values = [
            float(line.rpartition(" ")[2])
            for line in text.decode().splitlines()
            if line.split("{")[0].split(" ")[0] == name
        ]
        return sum(values)

    def turn(self, **order: Any) -> dict[str, Any]:
        """Turn a hook of the running service."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.site.hooks["control"])
            with connection.makefile("rw") as talk:
                talk.write(json.dumps(order) + "\n")
                talk.flush()
                answer: dict[str, Any] = json.loads(talk.readline())
                return answer

    def wait_until_ready(self, *, seconds: float = 20.0) -> float:
        """Seconds until it takes requests again."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            if self.call("GET", "/readyz")[0] == 200:
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(self.site.log.read_text()[-2000:])

    def _ended(self) -> None:
        self.status = self._host.order(reap=self.pid)["status"]
        self._host.running.discard(self)


class Host:
    """The process that forks services; see `service_host.py`."""

    def __init__(self) -> None:
        self.running: set[Hosted] = set()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("service_host.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.order(warm=PAYMENTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for hosted in list(self.running):
            hosted.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def start(self, site: Site, *, policy: str = PAYMENTS) -> Hosted:
        """The service of a site; `policy` is used where its journal is new."""
        if "control" in site.hooks:
            Path(site.hooks["control"]).unlink(missing_ok=True)
        order = {
            "data": str(site.data),
            "given": site.given,
            "policy": policy,
            "hooks": site.hooks,
            "log": str(site.log),
        }
        answer = self.order(start=order)
        if "address" not in answer:
            raise RefusedStartError(answer["code"], answer["message"])
        hosted = Hosted(self, site, pid=answer["pid"], address=answer["address"])
        self.running.add(hosted)
        return hosted

    def order(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
