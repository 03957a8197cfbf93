"""How long from the event that breaks a bound to the message that says so, with all parts real.

A decision service (`fengkong serve`) and a worker (`fengkong worker`) run in processes of their
own, with a console database between them; the message goes to a webhook receiver on the loopback.
Customers sign in; then one more from an emulator, and their share is beyond the bound of
`fraud.emulator_sign_ins`, a streaming indicator of the shipped library. Taken is the time from
before that event is sent to the arrival of the message. Afterwards so many others sign in
that the share is within bounds again, and the next round begins at another moment of the worker's
beat. In the rounds `while all is computed anew` the worker computes every indicator over three
years at the same time, because somebody asked for it.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.contestants import environment
from benchmarks.payments import ROOT
from benchmarks.serving_process import serving

INDICATOR: Final = "fraud.emulator_sign_ins"
_TITLE: Final = "Sign-ins from emulators"
FIRST: Final = 100
WITHIN: Final = 210
"""For each sign-in from an emulator so many in all: just below the bound of 0.005, so that one more
breaks it (up to the nineteenth)."""
ROUNDS: Final = 12
PATIENCE_S: Final = 120.0
BEAT_S: Final = 4.0
SLOW_S: Final = 9.0
_SLOW: Final = "slow"


def figures(*, rounds: int = ROUNDS, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Seconds of each round: median and largest, at rest and while all is computed anew."""
    with tempfile.TemporaryDirectory(prefix="fengkong-message-") as folder:
        data = Path(folder) / "data"
        arrivals: list[tuple[float, bytes]] = []
        with (
            _receiver(arrivals) as address,
            _receiver([], takes_s=SLOW_S) as slow,
            serving(data, scopes=("record",)) as service,
        ):
            _prepare(data, address, slow=slow)
            with _worker(data):
                platform = _Platform(service.port, service.key, data, arrivals)
                platform.settle()
                return {
                    "at rest": _told(platform, rounds, lambda: None, tell),
                    "while all is computed anew": _told(
                        platform, max(rounds // 3, 2), _all_anew, tell
                    ),
                    "while another receiver takes nine seconds": _told(
                        platform, max(rounds // 4, 2), _with_the_slow_one, tell
                    ),
                }


def _told(
    platform: _Platform, rounds: int, before: Callable[[], None], tell: Callable[[str], None]
) -> dict[str, Any]:
    dice, seconds = random.Random(7), []
    for number in range(rounds):
        time.sleep(dice.uniform(0, BEAT_S))
        before()
        seconds.append(round(platform.breach(), 2))
        tell(f"round {number + 1}: {seconds[-1]} s")
        platform.settle()
    return {"seconds": seconds, "median": median(seconds), "largest": max(seconds)}


class _Platform:
    """Customers who sign in, and how the console sees their indicator."""

    def __init__(
        self, port: int, key: str, data: Path, arrivals: list[tuple[float, bytes]]
    ) -> None:
        from fengkong.client.client import Client

        self._client = Client(f"http://127.0.0.1:{port}", key, timeout=30.0)
        self._data = data
        self._arrivals = arrivals
        self._sent = self._emulated = 0

    def breach(self) -> float:
        """Sign in from an emulator, which breaks the bound; seconds until the message is there."""
        known, begun = len(self._arrivals), time.monotonic()
        self._sign_in(emulator=True)
        until = begun + PATIENCE_S
        while time.monotonic() < until:
            for at, body in self._arrivals[known:]:
                if _TITLE.encode() in body:
                    return at - begun
            time.sleep(0.005)
        raise RuntimeError(f"no message within {PATIENCE_S} s")

    def settle(self) -> None:
        """Sign in without emulators until the share is within its bound and its warning over."""
        while self._sent < max(self._emulated * WITHIN, FIRST):
            self._sign_in(emulator=False)
        until = time.monotonic() + PATIENCE_S
        while _is_open(self._data):
            if time.monotonic() > until:
                raise RuntimeError("the warning does not end")
            time.sleep(0.1)

    def _sign_in(self, *, emulator: bool) -> None:
        self._sent += 1
        self._emulated += emulator
        self._client.record(
            {
                "type": "login.attempted",
                "id": f"sign-in-{self._sent}",
                "occurred_at": datetime.now(UTC).isoformat(),
                "customer": f"c{self._sent}",
                "channel": "app",
                "succeeded": True,
                "emulator": emulator,
            }
        )


def _is_open(data: Path) -> bool:
    """Whether the indicator is warned of, as the console's database says."""
    question = "select 1 from warnings_raisedwarning where indicator = ? and state = 'open'"
    with closing(sqlite3.connect(data / "console.db", timeout=30)) as database:
        return database.execute(question, (INDICATOR,)).fetchone() is not None


def _prepare(data: Path, address: str, *, slow: str) -> None:
    """A console whose notices go to the receivers, the slow one off, and sources of three years."""
    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    (data / "console.yaml").write_text('webhook_networks: ["127.0.0.0/8"]\n', encoding="utf-8")
    (data / "keys").mkdir(mode=0o700, exist_ok=True)
    start_django(data)
    bring_schema_up_to_date()

    from fengkong.console.accounts.models import Operator, RoleGrant
    from fengkong.console.notices.changing import Terms, add_channel, add_route

    people = {}
    for role in ("system_admin", "incident_commander"):
        people[role] = Operator.objects.create_user(role)
        RoleGrant.objects.create(operator=people[role], role=role)
    commander = people["incident_commander"]
    for name, where in ((_SLOW, slow), ("loopback", address)):
        terms = Terms(name=name, kind="webhook", language="en", address=where)
        channel = add_channel(people["system_admin"], terms)
        add_route(commander, channel=channel, group="fraud", level="yellow", after_minutes=0)
    _switch_slow(on=False)
    _deliver(data / "sources")


def _deliver(sources: Path) -> None:
    """Tables of three years for what no journal holds, as `scale` fills them."""
    import numpy as np
    from django.utils import timezone

    from benchmarks.early_warning.scale import DAYS, filled, starting_on
    from fengkong.console.warnings.kept_events import journal_sources
    from fengkong.indicators.library_file import shipped_library

    sources.mkdir(exist_ok=True)
    library, rng = shipped_library(), np.random.default_rng(1)
    begin = timezone.localdate() - timedelta(days=DAYS - 1)
    for name in library.sources.keys() - {one.id for one in journal_sources()}:
        starting_on(filled(library, name, rng), begin).write_parquet(sources / f"{name}.parquet")


def _with_the_slow_one() -> None:
    _switch_slow(on=True)


def _switch_slow(*, on: bool) -> None:
    """Have the slow receiver told first, or not at all."""
    from fengkong.console.notices.models import Channel

    Channel.objects.filter(name=_SLOW).update(is_active=on)


def _all_anew() -> None:
    """Ask for everything to be computed anew, as the button does; wait until it has begun."""
    from django.db import transaction

    from fengkong.console.outbox.jobs import put
    from fengkong.console.outbox.models import Job
    from fengkong.console.warnings.recomputing import RECOMPUTE

    until = time.monotonic() + PATIENCE_S
    with transaction.atomic():
        job = put(RECOMPUTE, {}, key="all")
    while time.monotonic() < until:
        job.refresh_from_db()
        if job.state != Job.State.WAITING:
            return
        time.sleep(0.1)


@contextmanager
def _worker(data: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "fengkong.cli", "worker", "--data", str(data)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(threads=2), stderr=sys.stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def _receiver(arrivals: list[tuple[float, bytes]], *, takes_s: float = 0.0) -> Iterator[str]:
    """An HTTP server that notes when what arrives, and answers after so many seconds."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrivals.append((time.monotonic(), body))
            time.sleep(takes_s)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
