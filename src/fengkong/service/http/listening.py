"""The HTTP server, set up as the service wants it: uvicorn with uvloop and our edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import uvicorn

from fengkong.service.http.app import Application
from fengkong.service.http.edge import edge_for
from fengkong.service.http.hosts import LOOPBACK, Hosts
from fengkong.service.http.sweep import EdgeLimits

BACKLOG: Final = 2048
GRACE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the service listens and how; `hosts` are names beside the address and loopback's.

    `certificate` and `private_key` are PEM files for TLS, both or neither. Port 0 takes a free one.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    hosts: tuple[str, ...] = ()
    certificate: str | None = None
    private_key: str | None = None
    limits: EdgeLimits = field(default_factory=EdgeLimits)


def http_server(app: Application, *, listening: Listening) -> uvicorn.Server:
    """The server; `await server.serve()` runs it until `should_exit` is set or a signal comes.

    It trusts no forwarding header, writes no access log and installs no log configuration.
    """
    names = _names(listening.host, more=listening.hosts)
    config = uvicorn.Config(
        app,
        host=listening.host,
        port=listening.port,
        loop="uvloop",
        http=edge_for(limits=listening.limits, hosts=Hosts(names), express=app),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.private_key,
    )
    return uvicorn.Server(config)


def _names(host: str, *, more: Iterable[str]) -> tuple[str, ...]:
    own = f"[{host}]" if ":" in host else host
    return (own, *LOOPBACK, *more)
