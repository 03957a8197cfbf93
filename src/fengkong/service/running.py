"""The service as a process: everything opened, the event loop, everything given back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Final

import uvicorn

from fengkong.events.catalogue import shipped_catalogue
from fengkong.protection.access import Access
from fengkong.protection.errors import AccessUnavailableError
from fengkong.protection.nonces import Nonces
from fengkong.service.http.app import Application, AppSettings
from fengkong.service.http.authentication import Door
from fengkong.service.http.edge import EdgeLimits
from fengkong.service.http.listening import BACKLOG, Listening, http_server
from fengkong.service.http.nonce_spending import NonceSpending
from fengkong.service.http.openapi import openapi_document
from fengkong.service.refusals import CannotListenError
from fengkong.service.serving import Prepared, Service, prepare
from fengkong.service.settings import COLLECTOR, Settings

FLUSH_S: Final = 5.0
SWITCH_S: Final = 0.0005
"""How soon the loop gives way to the thread that has just committed."""
_LOG: Final = logging.getLogger(__name__)


def run(
    settings: Settings,
    *,
    environment: Mapping[str, str],
    first_policy: str | None,
    progress: Callable[[str, int, int], None] | None = None,
    started: Callable[[str], None] | None = None,
) -> bool:
    """Serve until a signal; `started` is told the address. False if the service had to give up."""
    gc.set_threshold(*COLLECTOR)
    prepared = prepare(
        settings, environment=environment, first_policy=first_policy, progress=progress
    )
    sys.setswitchinterval(SWITCH_S)
    # What start-up made stays for good: the collector need not look at it with every request.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(prepared, started=started))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - not to be had on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(prepared: Prepared, *, started: Callable[[str], None] | None) -> bool:
    settings = prepared.settings
    failures: list[BaseException] = []
    access = Access(settings.access_file)
    nonces = NonceSpending(Nonces(settings.access_file))

    def failed(error: BaseException) -> None:
        failures.append(error)
        server.should_exit = True

    service = Service(prepared, on_failure=failed)
    server = http_server(
        Application(
            desk=service.desk,
            door=Door(keys=access, nonces=nonces),
            metrics=prepared.metrics,
            openapi=openapi_document(shipped_catalogue()),
            settings=AppSettings(metrics_open=settings.open_metrics == "yes"),
        ),
        listening=Listening(
            host=settings.host,
            port=settings.port,
            hosts=settings.hosts,
            certificate=settings.tls_certificate or None,
            private_key=settings.tls_key or None,
            limits=EdgeLimits(request=settings.request_seconds),
        ),
    )
    _stop_by_signals(server)
    flushing = asyncio.create_task(_flush(access))
    try:
        with _listening_socket(settings) as listening:
            await service.start()
            if started is not None:
                started(_address(listening))
            await server.serve(sockets=[listening])
    finally:
        flushing.cancel()
        await asyncio.wait([flushing])
        await service.stop()
        await asyncio.to_thread(access.flush)
        nonces.close()
        access.close()
    return not failures


def _stop_by_signals(server: uvicorn.Server) -> None:
    """A first signal ends the service in good order, a second one drops connections that wait.

    The server's own way is to raise the signal again at its end, which would kill the process
    before the journal is closed.
    """
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]

    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _listening_socket(settings: Settings) -> socket.socket:
    """The open socket; connections wait in it until the server takes them."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotListenError(f"{settings.host}:{settings.port}: {error.strerror}") from error


def _address(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _flush(access: Access) -> None:
    """Keep now and then when keys were used, and the latest instant."""
    while True:
        await asyncio.sleep(FLUSH_S)
        try:
            await asyncio.to_thread(access.flush)
        except AccessUnavailableError as error:
            _LOG.error("the last uses of keys are kept later: %s", error)
