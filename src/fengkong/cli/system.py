"""`fengkong up`: decision service, worker and console as one supervised system."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fengkong.cli.consoles import url_of
from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS
from fengkong.cli.supervision import Part, Supervisor
from fengkong.console.configuration import ConsoleSettings, load_console_settings
from fengkong.console.governance.preview_socket import STARTED
from fengkong.service.settings import Settings, load_settings

_COMMAND: Final = (sys.executable, "-m", "fengkong.cli")
_ASK_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of service and console; None is what the settings say, 0 any free one."""

    service: int | None = None
    console: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What is going to run, with its addresses."""

    data: Path
    service: Settings
    console: ConsoleSettings

    @property
    def service_url(self) -> str:
        """Where events are sent."""
        scheme = "https" if self.service.tls_certificate else "http"
        host = f"[{self.service.host}]" if ":" in self.service.host else self.service.host
        return f"{scheme}://{host}:{self.service.port}"


def planned(data: Path, *, ports: Ports) -> System:
    """The system of a data directory; raises the faults of both files of settings."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    service = load_settings(data, given={"port": _free(ports.service)})
    console = load_console_settings(data, given={"port": _free(ports.console)})
    if service.port == 0:
        service = load_settings(data, given={"port": _free(0)})
    if console.port == 0:
        console = load_console_settings(data, given={"port": _free(0)})
    return System(data=data, service=service, console=console)


def run(
    system: System,
    *,
    policy: str | None,
    models: Path | None = None,
    quiet: bool = False,
    started: Callable[[], None] | None = None,
) -> None:
    """Run the system until a signal; raises ChildFailedError where a part does not come up.

    `started` is called once all parts are ready, in a thread of its own, while they run.
    """
    supervisor = Supervisor(
        [
            _service(system, policy=policy, models=models),
            _worker(system),
            _preview(system),
            _console(system),
        ],
        line=_ignored if quiet else _relayed,
        event=_told,
    )

    def ready() -> None:
        told = text("up.started", console=url_of(system.console), service=system.service_url)
        ERRORS.print(told, markup=False)
        if started is not None:
            threading.Thread(target=started, name="started", daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run(started=ready)
    ERRORS.print(text("up.stopped"), markup=False)


def _service(system: System, *, policy: str | None, models: Path | None) -> Part:
    command = [*_COMMAND, "serve", "--data", str(system.data), "--port", str(system.service.port)]
    if policy is not None:
        command += ["--policy", policy]
    if models is not None:
        command += ["--models", str(models)]
    host, port, tls = system.service.host, system.service.port, system.service.tls_certificate
    asked = _asking(host, port, "/readyz", tls=bool(tls))
    return Part(name=text("up.service"), command=command, ready=asked)


def _worker(system: System) -> Part:
    command = [*_COMMAND, "worker", "--data", str(system.data)]
    command += ["--service", system.service_url]
    says = text("worker.started", data=system.data)
    return Part(name=text("up.worker"), command=command, ready=lambda lines: says in lines)


def _preview(system: System) -> Part:
    """The newest days in memory, for the rule editor; it reads them while it answers."""
    command = [sys.executable, "-m", "fengkong.worker.previewing", str(system.data)]
    return Part(name=text("up.preview"), command=command, ready=lambda lines: STARTED in lines)


def _console(system: System) -> Part:
    console = system.console
    command = [*_COMMAND, "console", "--data", str(system.data), "--port", str(console.port)]
    command += ["--service", system.service_url]
    asked = _asking(console.host, console.port, "/", tls=bool(console.tls_certificate))
    return Part(name=text("up.console"), command=command, ready=asked)


def _asking(host: str, port: int, path: str, *, tls: bool) -> Callable[[Sequence[str]], bool]:
    """Whether something answers there: the service when it is ready, the console at all."""
    where = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with

    def ready(_lines: Sequence[str]) -> bool:
        if tls:
            return _listens(where, port)
        connection = http.client.HTTPConnection(where, port, timeout=_ASK_S)
        try:
            connection.request("GET", path)
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=_ASK_S).close()
    except OSError:
        return False
    return True


def _free(port: int | None) -> int | None:
    """A port that nobody listens at, where any will do."""
    if port != 0:
        return port
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found: int = listening.getsockname()[1]
        return found


def _told(key: str, **values: object) -> None:
    sentences: Mapping[str, str] = {
        "up.died": text("up.died", **values),
        "up.again": text("up.again", **values),
        "up.stopping": text("up.stopping", **values),
        "up.killed": text("up.killed", **values),
    }
    ERRORS.print(sentences[key], markup=False)


def _relayed(name: str, line: str) -> None:
    ERRORS.print(f"{name} | {line}", markup=False)


def _ignored(_name: str, _line: str) -> None:
    pass
