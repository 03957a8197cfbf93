"""`fengkong demo`: the whole system on simulated traffic, with a past and demo operators."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from fengkong.cli.consoles import prepared_console, url_of
from fengkong.cli.demo_model import written_demo_policy
from fengkong.cli.demo_traffic import Traffic
from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, OUTPUT, progress, show_error, show_table, waiting
from fengkong.cli.sources import read_policy
from fengkong.cli.system import Ports, System, planned, run
from fengkong.client.client import Client, Patience
from fengkong.client.errors import ClientError
from fengkong.console.configuration import FILE_NAME as CONSOLE_FILE
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.service.clock import wall_clock

if TYPE_CHECKING:
    from fengkong.cli.demo_operators import DemoOperator

CHINA: Final = ZoneInfo("Asia/Shanghai")
POLICY: Final = "payments"
"""The shipped policy that decides; what it does not decide is recorded."""
SERVICE_PORT: Final = 8700
CONSOLE_PORT: Final = 8800
RATE: Final = 100_000.0
SEEN_S: Final = 120.0
"""How long the console may take to have seen the past."""
STOPPING_S: Final = 30.0
LOOK_S: Final = 0.3
LOOPBACK: Final = "127.0.0.0/8"
"""The robots of a demonstration are on this machine."""
KEY_S: Final = 0.6
"""A running service knows a new key after a quarter of a second."""


def run_system(*, seed: int, customers: int, data: Path | None) -> None:
    """Run everything until Ctrl-C; without `data` in a directory that is removed at the end."""
    if data is not None:
        _run(data, seed=seed, customers=customers)
        return
    with tempfile.TemporaryDirectory(prefix="fengkong-demo-") as made:
        _run(Path(made) / "data", seed=seed, customers=customers)


def _run(data: Path, *, seed: int, customers: int) -> None:
    ports = Ports(service=_preferred(SERVICE_PORT), console=_preferred(CONSOLE_PORT))
    system = planned(data, ports=ports)
    ERRORS.print(text("demo.starting"), markup=False)
    _allow_loopback(data)
    prepared_console(data, given={"port": system.console.port, "service": system.service_url})
    from fengkong.cli.demo_core import opened_demo_core  # noqa: PLC0415 - needs Django
    from fengkong.cli.demo_loop import begun_demo_loop  # noqa: PLC0415
    from fengkong.cli.demo_notices import made_demo_channels, started_robots  # noqa: PLC0415
    from fengkong.cli.demo_operators import made_demo_operators  # noqa: PLC0415
    from fengkong.cli.demo_sources import made_demo_sources  # noqa: PLC0415

    operators = made_demo_operators()
    core = opened_demo_core()
    robots = started_robots(data)
    if operators:
        made_demo_channels(robots.server_port)
        made_demo_sources(data, today=datetime.now(tz=CHINA).date())
        begun_demo_loop()
    over = threading.Event()
    traffic = Traffic(
        seed=seed if operators else wall_clock() // 1_000_000,  # a platform of its own each time
        customers=customers,
        now=wall_clock(),
        policy=read_policy(POLICY),
    )

    def started() -> None:
        try:
            play()
        except ClientError as error:
            if not over.wait(STOPPING_S):  # else the service was ended while events were sent
                show_error(error)

    def play() -> None:
        with _client(system) as client:
            if operators:
                with progress(text("demo.past")) as told:
                    traffic.tell_past(client, told=told)
                with waiting(text("demo.seeing")):
                    _wait_until_seen(traffic.newest)
                    _worked()
            _introduce(system, operators)
            traffic.flow(client, clock=wall_clock, sleep=over.wait, over=over.is_set)

    try:
        policy = str(written_demo_policy(data))
        run(system, policy=policy, quiet=True, started=started)
    finally:
        over.set()
        core.close()
        robots.shutdown()
        robots.server_close()


def _worked() -> None:
    """What people would have done with the past, and figures of it."""
    from fengkong.cli.demo_books import asked_demo_books  # noqa: PLC0415
    from fengkong.cli.demo_cases import made_demo_cases  # noqa: PLC0415 - needs Django
    from fengkong.cli.demo_core import frozen_in_demo  # noqa: PLC0415
    from fengkong.cli.demo_incidents import made_demo_incident  # noqa: PLC0415
    from fengkong.cli.demo_lists import made_demo_lists  # noqa: PLC0415
    from fengkong.cli.demo_loop import made_demo_loop  # noqa: PLC0415
    from fengkong.cli.demo_policies import made_demo_policies, measured_again  # noqa: PLC0415

    asked_demo_books()
    made_demo_policies()
    made_demo_lists()
    made_demo_cases()
    frozen_in_demo()
    made_demo_loop()
    made_demo_incident()
    measured_again()


def _allow_loopback(data: Path) -> None:
    """Let every process of a new data directory reach the robots on this machine."""
    place = data / CONSOLE_FILE
    if not place.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_text(f"webhook_networks: [{LOOPBACK}]\n", encoding="utf-8")


def _client(system: System) -> Client:
    """A client with a key of its own, as a platform would have."""
    access = Access(system.service.access_file)
    try:
        scopes = frozenset({"decide", "record", "read"})
        terms = KeyTerms(name="demo", scopes=scopes, rate_per_second=RATE, burst=int(RATE))
        issued = access.create(terms, now=wall_clock())
    finally:
        access.close()
    time.sleep(KEY_S)
    return Client(system.service_url, issued.text, timeout=60, patience=Patience(whole=120))


def _wait_until_seen(newest: int) -> None:
    """Until the console has seen an entry of the journal, or it takes too long to wait for."""
    from django.db import connection  # noqa: PLC0415 - needs a started Django

    from fengkong.console.journaled.intake import TAIL  # noqa: PLC0415
    from fengkong.console.journaled.models import Cursor  # noqa: PLC0415

    until = time.monotonic() + SEEN_S
    while time.monotonic() < until:
        if Cursor.objects.filter(name=TAIL, sequence__gte=newest).exists():
            break
        time.sleep(LOOK_S)
    connection.close()


def _introduce(system: System, operators: Sequence[DemoOperator]) -> None:
    OUTPUT.print()
    OUTPUT.print(text("demo.address", url=url_of(system.console)), style="bold", markup=False)
    if operators:
        columns = [
            text("column.username"),
            text("column.duty"),
            text("column.password"),
            text("column.secret"),
        ]
        rows = [[one.username, one.title, one.password, one.secret] for one in operators]
        show_table(text("demo.operators"), columns, rows, left=4)
    OUTPUT.print(text("demo.code"), markup=False)
    OUTPUT.print(text("demo.stop"), markup=False)


def _preferred(port: int) -> int:
    """A port as it is, or 0 (any) where somebody listens there."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return 0
    return port
