"""The outermost edge: one HTTP/1.1 connection, its limits and its clocks.

uvicorn's httptools protocol with stricter manners. What is not a decent request never reaches the
application: it is answered from here with prepared bytes and the connection ends. One sweep a
few times a second closes every connection that is too slow, instead of one timer a request.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from fengkong.service import problems
from fengkong.service.http.exchange import Answered, Exchange, StandingLines
from fengkong.service.http.express import END, Expressed, ExpressExchange, KnownHeads
from fengkong.service.http.hosts import Hosts
from fengkong.service.http.sweep import EdgeLimits, Sweep
from fengkong.service.refusals import (
    AddressTooLongError,
    HeadersTooLargeError,
    InternalError,
    InvalidHostError,
    MalformedRequestError,
    MethodNotAllowedError,
    OverloadedError,
    RequestTimeoutError,
    ServiceError,
)

__all__ = ["Edge", "EdgeLimits", "edge_for"]

LOGGER: Final = logging.getLogger("fengkong.service")
ADDRESS_MAX: Final = 8 * 1024
HEADERS_MAX: Final = 64
HEADER_BYTES_MAX: Final = 16 * 1024
_READ_AHEAD: Final = 64 * 1024
_HEAD_MAX: Final = 64 * 1024
_LINGER_BYTES: Final = 1024 * 1024
_NEVER: Final = math.inf


class Edge(HttpToolsProtocol):
    """One connection. Made by `edge_for`, which gives it its limits."""

    limits: ClassVar[EdgeLimits]
    hosts: ClassVar[Hosts]
    sweep: ClassVar[Sweep]
    lines: ClassVar[StandingLines]
    refusals: ClassVar[Mapping[type[ServiceError], bytes]]
    express: ClassVar[Expressed]
    heads: ClassVar[KnownHeads]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start watching the connection; refuse it where there are too many."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.transport.set_write_buffer_limits(high=self.limits.write_buffer)
        self.refused = False
        self.head_bytes = 0
        self.piece_bytes = 0
        self.arriving = False
        self.begun = 0
        self.discarded = 0
        self.write_deadline = _NEVER
        self.deadline = self.loop.time() + self.limits.request
        self.sweep.add(self)
        if len(self.sweep) > self.limits.connections:
            self._refuse(OverloadedError)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell whoever still answers that nobody listens."""
        self.connections.discard(self)
        self.sweep.discard(self)
        waiting = [exchange for exchange, _ in self.pipeline]
        self.pipeline.clear()
        for exchange in [self.cycle, *waiting]:
            if exchange is not None:
                exchange.disconnected = True
                cast("Exchange | ExpressExchange", exchange).wake()
        self.flow.resume_writing()
        self.parser = None  # type: ignore[assignment]

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more; what it has sent is still answered."""
        exchange = cast("Exchange | ExpressExchange | None", self.cycle)
        if exchange is None or exchange.complete or self.arriving:
            return False
        self._end_after_answer()
        return self.scheme == "http"

    def data_received(self, data: bytes) -> None:
        """Parse what came; anything that is no decent request ends the connection."""
        if self.refused:
            self._discard(data)
            return
        quiet = self._quiet()
        if quiet and self._expressed(data):
            return
        begun = self.begun
        self._parse(data)
        if quiet and self.begun == begun + 1 and not (self.arriving or self.refused):
            exchange = cast("Exchange | None", self.cycle)
            if exchange is not None and not exchange.complete:
                self.heads.learn(data, exchange)

    def _quiet(self) -> bool:
        """Whether nothing is half read and nothing unanswered: a new request begins."""
        if self.arriving or self.head_bytes:
            return False
        previous = cast("Exchange | ExpressExchange | None", self.cycle)
        return previous is None or previous.complete

    def _expressed(self, data: bytes) -> bool:
        """Whether this is one whole event under a known head, which is then on its way."""
        end = data.find(END) + len(END)
        head = self.heads.known.get(data[:end])
        if head is None or len(data) != end + head.length:
            return False
        self.deadline = _NEVER
        exchange = ExpressExchange(head, edge=self, app=self.express)
        self.cycle = exchange  # type: ignore[assignment]
        with exchange:
            self.express.express(head, data[end:], reply=exchange.reply)
        return True

    def _parse(self, data: bytes) -> None:
        self.piece_bytes = len(data)
        if not self.arriving:
            self.head_bytes += len(data)
            if self.deadline == _NEVER or self.head_bytes == len(data):
                self.deadline = self.loop.time() + self.limits.request
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An upgrade may be ignored; what follows it cannot be understood.
            self._end_after_answer()
        except httptools.HttpParserError:
            if not self.refused:
                self._refuse(MalformedRequestError)
        if not self.arriving and self.head_bytes > _HEAD_MAX and not self.refused:
            self._refuse(HeadersTooLargeError if self.headers else AddressTooLongError)

    def on_message_begin(self) -> None:
        """A request starts."""
        self.begun += 1
        self.url = b""
        self.headers = []

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self.url += url
        if len(self.url) > ADDRESS_MAX:
            self._stop(AddressTooLongError)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, after the colon is known."""
        headers = self.headers
        if len(headers) >= HEADERS_MAX:
            self._stop(HeadersTooLargeError)
        headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole: refuse it, or hand the request to the application."""
        method = self.parser.get_method().decode("ascii")
        if method in ("TRACE", "CONNECT"):
            self._stop(MethodNotAllowedError)
        if not self.url.startswith(b"/") or not self.url.isascii():
            self._stop(MalformedRequestError)
        # What was counted on the way may hold a body too, so it is counted again, exactly.
        much = max(self.head_bytes, self.piece_bytes) > HEADER_BYTES_MAX
        if much and sum(len(n) + len(v) for n, v in self.headers) > HEADER_BYTES_MAX:
            self._stop(HeadersTooLargeError)
        self.expect_100_continue = (b"expect", b"100-continue") in self.headers
        if not self.hosts.admits(self.headers):
            self._stop(InvalidHostError)
        path, _, query = self.url.partition(b"?")
        version = self.parser.get_http_version()
        exchange = Exchange(
            edge=self,
            scope={
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": version,
                "method": method,
                "scheme": self.scheme,
                "path": path.decode("ascii"),
                "raw_path": path,
                "query_string": query,
                "root_path": "",
                "headers": self.headers,
                "client": self.client,
                "server": self.server,
            },
            keep_alive=version == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade(),
        )
        self.arriving = True
        self.head_bytes = 0
        self.discarded = 0
        previous = cast("Exchange | ExpressExchange | None", self.cycle)
        self.cycle = exchange  # type: ignore[assignment]
        if previous is None or previous.complete:
            self._start(exchange)
        else:
            # A second request before the first is answered waits, and no more of it is read.
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))  # type: ignore[arg-type]

    def on_body(self, body: bytes) -> None:
        """A piece of the body; of a request that was answered already it is dropped."""
        exchange = cast("Exchange", self.cycle)
        if exchange.complete:
            self.discarded += len(body)
            if self.discarded > self.limits.discard:
                self.transport.close()
            return
        if exchange.body:
            exchange.body = (
                bytearray(exchange.body) if type(exchange.body) is bytes else exchange.body
            )
            exchange.body += body
        else:
            exchange.body = body
        if len(exchange.body) > _READ_AHEAD:
            self.flow.pause_reading()
        exchange.wake()

    def on_message_complete(self) -> None:
        """The request is whole; from here on the clock is ours, not the client's."""
        self.arriving = False
        exchange = cast("Exchange", self.cycle)
        exchange.more_body = False
        if exchange.complete:
            self.deadline = self.loop.time() + self.limits.idle
        else:
            self.deadline = _NEVER
            exchange.wake()

    def answered(self, exchange: Answered) -> None:
        """An answer was written: close, take the next waiting request, or wait for one."""
        self.server_state.total_requests += 1
        if not exchange.keep_alive:
            if self.arriving:
                self._linger()
            else:
                self.refused = True
                self.transport.close()
            return
        if self.pipeline:
            following, _ = self.pipeline.pop()
            self._start(cast("Exchange", following))
        if not self.arriving:
            self.deadline = self.loop.time() + self.limits.idle
        if self.write_deadline == _NEVER:
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """The server stops: answer what is being answered, then close."""
        exchange = cast("Exchange | ExpressExchange | None", self.cycle)
        if exchange is None or exchange.complete:
            self.transport.close()
        else:
            self._end_after_answer()

    def pause_writing(self) -> None:
        """The client does not read: it gets no more requests in, and some time."""
        self.flow.pause_writing()
        self.flow.pause_reading()
        self.write_deadline = self.loop.time() + self.limits.write

    def resume_writing(self) -> None:
        """The client reads again."""
        self.flow.resume_writing()
        self.flow.resume_reading()
        self.write_deadline = _NEVER

    def check_clock(self) -> None:
        """Close the connection where its client is too slow."""
        now = self.loop.time()
        if now >= self.write_deadline:
            self.transport.abort()
        elif now >= self.deadline:
            self._too_slow()

    def _too_slow(self) -> None:
        exchange = cast("Exchange | ExpressExchange | None", self.cycle)
        unanswered = exchange is not None and not exchange.complete
        if self.refused:
            self.transport.abort()
        elif unanswered and not self.arriving:
            self.deadline = _NEVER  # it is us who are slow
        elif unanswered or (self.head_bytes and not self.arriving):
            self._refuse(RequestTimeoutError)
        else:
            self.transport.close()

    def _start(self, exchange: Exchange) -> None:
        if self.arriving:
            self.deadline = self.loop.time() + self.limits.request
        app = cast("Any", self.app)
        task = self.loop.create_task(app(exchange.scope, exchange.receive, exchange.send))
        self.tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled():
            self.transport.close()
        elif (error := task.exception()) is not None:
            self.unforeseen(error)

    def unforeseen(self, error: BaseException) -> None:
        """Answer 500 and log where, not what: an error's text may hold a customer's data."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        code = place.tb_frame.f_code if place is not None else None
        LOGGER.error(
            "unforeseen %s in %s, line %s",
            type(error).__name__,
            code.co_qualname if code else "?",
            place.tb_lineno if place else "?",
        )
        if not self.transport.is_closing():
            self._refuse(InternalError)

    def _end_after_answer(self) -> None:
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _stop(self, error: type[ServiceError]) -> None:
        """Refuse from inside the parser, which ends its work on this data."""
        self._refuse(error)
        raise _StoppedError

    def _refuse(self, error: type[ServiceError]) -> None:
        self.refused = True
        self.express.note_refused(error)
        exchange = cast("Exchange | ExpressExchange | None", self.cycle)
        if exchange is not None and not exchange.complete:
            exchange.disconnected = True
            exchange.wake()
        self.transport.write(self.refusals[error])
        self._linger()

    def _linger(self) -> None:
        """Close in a way that the client sees the answer although it is still sending."""
        self.refused = True
        if self.transport.is_closing() or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.discarded = 0
        self.flow.resume_reading()
        self.transport.write_eof()
        self.deadline = self.loop.time() + self.limits.linger

    def _discard(self, data: bytes) -> None:
        self.discarded += len(data)
        if self.discarded > _LINGER_BYTES:
            self.transport.close()


class _StoppedError(Exception):
    """The parser's work on this data ends: the request was refused."""


_EDGE_ERRORS: Final = (
    *(AddressTooLongError, HeadersTooLargeError, InternalError, InvalidHostError),
    *(MalformedRequestError, MethodNotAllowedError, OverloadedError, RequestTimeoutError),
)


def edge_for(*, limits: EdgeLimits, hosts: Hosts, express: Expressed) -> type[Edge]:
    """The protocol class for uvicorn's `http` setting, with these limits.

    `express` is the application that uvicorn is given, for events that need no ASGI.
    """
    members = {
        "limits": limits,
        "hosts": hosts,
        "sweep": Sweep(limits),
        "lines": StandingLines(),
        "refusals": {error: _prepared(error) for error in _EDGE_ERRORS},
        "express": express,
        "heads": KnownHeads(),
    }
    return type("Edge", (Edge,), members)


def _prepared(error: type[ServiceError]) -> bytes:
    summary = " ".join((error.__doc__ or "").split())
    answer = problems.of_error(error(summary))
    lines = [
        STATUS_LINE[answer.status],
        b"content-type: %b\r\n" % answer.media,
        b"content-length: %d\r\n" % len(answer.body),
        b"cache-control: no-store\r\n",
        b"x-content-type-options: nosniff\r\n",
        b"retry-after: %d\r\n" % answer.retry_after if answer.retry_after else b"",
        b"allow: GET, POST, PUT, DELETE\r\n" if answer.status == 405 else b"",
        b"connection: close\r\n\r\n",
        answer.body,
    ]
    return b"".join(lines)
