"""`fengkong console` and `fengkong worker`: each one process tree of the desk."""

from __future__ import annotations

import gc
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from fengkong.cli.language import text
from fengkong.cli.logs import log_to_stderr
from fengkong.cli.screen import ERRORS
from fengkong.console.configuration import LOOPBACK, ConsoleSettings, load_console_settings
from fengkong.console.journaled.service_access import ensure_service_key
from fengkong.console.project.setup import bring_schema_up_to_date, start_django
from fengkong.console.shell.assets import gather_static_files
from fengkong.core.errors import RiskError

THREADS: Final = 64
"""Requests that one process answers at a time; each open live stream takes one of them."""
_LOCAL: Final = (LOOPBACK, "localhost", "::1")
_KILL_S: Final = 8
_LOG: Final = logging.getLogger(__name__)


class CannotServeConsoleError(RiskError):
    """The address of the console cannot be listened at."""

    code = "console.cannot_listen"
    hint = "Choose another port with --port, or end what listens there."


def serve_console(data: Path, *, given: Mapping[str, object]) -> None:
    """Answer browsers until a signal; raises CannotServeConsoleError and faults of settings."""
    settings = prepared_console(data, given=given)
    if settings.host not in _LOCAL and not (settings.tls_certificate or settings.trusted_proxies):
        ERRORS.print(text("console.open", host=settings.host), style="yellow", markup=False)
    _check_address(settings)
    server = Server(**_options(settings))
    server.on_startup(lambda: _tell(settings))
    log_to_stderr()
    try:
        server.serve()
    except SystemExit as ended:
        if ended.code:
            raise CannotServeConsoleError("a process that answers requests ended") from None


def prepared_console(data: Path, *, given: Mapping[str, object]) -> ConsoleSettings:
    """Everything that the console needs beside a process: directory, key, schema, static files."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = load_console_settings(data, given=given)
    ensure_service_key(settings)
    start_django(data, given=given)
    bring_schema_up_to_date()
    from django.conf import settings as django_settings  # noqa: PLC0415 - settings of a directory

    gather_static_files(Path(django_settings.STATIC_ROOT))
    return settings


def work(data: Path, *, given: Mapping[str, object]) -> None:
    """Follow the journal and do jobs until a signal; settings `given` go before the file."""
    from fengkong.service.settings import (  # noqa: PLC0415 - after the console's own
        COLLECTOR,
        load_settings,
    )

    log_to_stderr()
    settings = load_settings(data)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_service_key(load_console_settings(data, given=given))
    start_django(data, given=given)
    bring_schema_up_to_date()
    from fengkong.worker.running import Worker  # noqa: PLC0415 - needs a started Django

    worker = Worker(settings)
    _on_signals(worker.stop)
    # What start-up made stays for good: looking through it takes a third of following the journal.
    gc.set_threshold(*COLLECTOR)
    gc.collect()
    gc.freeze()
    worker.run(started=lambda: ERRORS.print(text("worker.started", data=data), markup=False))


def url_of(settings: ConsoleSettings) -> str:
    """Where browsers find the console."""
    scheme = "https" if settings.tls_certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{settings.port}/"


def _options(settings: ConsoleSettings) -> dict[str, Any]:
    tls = settings.tls_certificate
    return {
        "target": "fengkong.console.project.wsgi:application",
        "address": settings.host,
        "port": settings.port,
        "interface": Interfaces.WSGI,
        "workers": settings.workers,
        "blocking_threads": THREADS,
        "websockets": False,
        "log_level": LogLevels.warning,
        "ssl_cert": Path(tls) if tls else None,
        "ssl_key": Path(settings.tls_key) if tls else None,
        "respawn_failed_workers": True,
        "workers_kill_timeout": _KILL_S,
    }


def _check_address(settings: ConsoleSettings) -> None:
    """The server would tell of a taken port in a traceback only."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        message = f"{settings.host}:{settings.port}: {error.strerror}"
        raise CannotServeConsoleError(message) from error


def _tell(settings: ConsoleSettings) -> None:
    ERRORS.print(text("console.started", url=url_of(settings)), markup=False)


def _on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())
