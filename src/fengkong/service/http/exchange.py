"""One request and its answer on a connection, as ASGI sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

Headers = list[tuple[bytes, bytes]]


def header_lines(headers: Headers) -> bytes:
    """Headers as they stand in an answer."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class PreparedHeaders(Headers):
    """Headers that many answers share; never changed, so their lines are made once."""

    __slots__ = ("lines",)

    def __init__(self, headers: Headers) -> None:
        super().__init__(headers)
        self.lines = header_lines(headers)


class StandingLines:
    """The headers that the server adds to every answer, such as Date; they change once a second."""

    def __init__(self) -> None:
        self._headers: object = None
        self._lines = b""

    def of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The lines of these headers, made once for each list."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = header_lines(headers)
        return self._lines


class Answered(Protocol):
    """A request whose answer was written, as the connection needs it."""

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open for another one."""
        ...


class Connection(Protocol):
    """What an exchange needs of the connection it goes over."""

    lines: ClassVar[StandingLines]
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    flow: FlowControl
    server_state: ServerState
    expect_100_continue: bool

    def answered(self, exchange: Answered) -> None:
        """The answer was written."""

    def unforeseen(self, error: BaseException) -> None:
        """Answer that there was an error of ours."""


class Exchange:
    """One request and its answer, as ASGI sees them.

    The answer's body is sent whole, and its length is told from here.
    """

    __slots__ = (
        *("body", "complete", "continues", "disconnected", "edge", "headers", "keep_alive"),
        *("more_body", "scope", "status", "waiter"),
    )

    def __init__(self, *, edge: Connection, scope: dict[str, Any], keep_alive: bool) -> None:
        self.edge = edge
        self.scope = scope
        self.keep_alive = keep_alive
        self.continues = edge.expect_100_continue
        self.body: bytes | bytearray = b""
        self.more_body = True
        self.complete = False
        self.disconnected = False
        self.status = 0
        self.headers: Headers = []
        self.waiter: asyncio.Future[None] | None = None

    async def receive(self) -> dict[str, Any]:
        """What has arrived of the body, waiting for some; or that the client has gone."""
        if self.more_body and not self.body and not self.disconnected and not self.complete:
            if self.continues:
                self.continues = False
                self.edge.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.edge.flow.resume_reading()
            self.waiter = self.edge.loop.create_future()
            await self.waiter
        if self.disconnected or self.complete:
            return {"type": "http.disconnect"}
        body, self.body = self.body, b""
        return {"type": "http.request", "body": bytes(body), "more_body": self.more_body}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Keep the start; write everything in one piece with the body."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = message["headers"]
            return
        assert not message.get("more_body"), "an answer's body is sent whole"
        assert self.status, "the start comes first"
        assert not self.complete, "one answer"
        self.complete = True
        if self.disconnected:
            return
        edge = self.edge
        parts = [STATUS_LINE[self.status], edge.lines.of(edge.server_state.default_headers)]
        headers = self.headers
        parts.append(headers.lines if type(headers) is PreparedHeaders else header_lines(headers))
        body = message["body"]
        parts.append(b"content-length: %d\r\n" % len(body))
        parts.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        if self.scope["method"] != "HEAD":
            parts.append(body)
        edge.transport.write(b"".join(parts))
        edge.answered(self)

    def wake(self) -> None:
        """Something arrived, or nothing more will."""
        waiter = self.waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
            self.waiter = None
