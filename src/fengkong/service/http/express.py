"""Requests whose head came before, byte for byte: the shortest way from the wire to the desk.

On a connection that is kept open the same head comes again and again. What the strict parser makes
of a head depends on nothing but its bytes, so it is remembered, and the next request with the very
same head is taken without parsing, without a scope, without a task. Who sends it, and whether he
may, is asked anew each time; what is not known goes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Final, NamedTuple, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from fengkong.service.answers import JSON, Answer
from fengkong.service.http.exchange import Connection, Exchange
from fengkong.service.http.routing import ROUTES, Route, Sends
from fengkong.service.refusals import ServiceError

HEADS_MAX: Final = 4096
"""Heads that are remembered; when there are more, all are forgotten."""
HEAD_BYTES_MAX: Final = 1024
"""The longest head that is remembered."""
END: Final = b"\r\n\r\n"
_UNUSUAL: Final = frozenset(
    (
        *(b"content-encoding", b"expect", b"signature", b"signature-input"),
        *(b"transfer-encoding", b"upgrade"),
    )
)
_KEPT_OPEN: Final = b"keep-alive"
_ADDRESSES: Final[Mapping[bytes, Route]] = {
    route.path.encode(): route for route in ROUTES if route.sends is Sends.EVENT
}


class KnownHead(NamedTuple):
    """What a head says: how long the body is, where it goes, and who says to have sent it."""

    length: int
    route: Route
    authorization: bytes


class Expressed(Protocol):
    """The application, as it takes events without ASGI's ceremony."""

    def express(self, head: KnownHead, body: bytes, *, reply: Callable[[Answer], None]) -> None:
        """Have one event answered; `reply` is called once, perhaps before this returns."""

    def lines(self, answer: Answer, *, raw_path: bytes) -> bytes:
        """The header lines of an answer."""

    def note(self, *, route: str, status: int, seconds: float) -> None:
        """One request was answered."""

    def note_refused(self, error: type[ServiceError]) -> None:
        """One was refused before it became a request, or ended in a way that nobody foresaw."""


class KnownHeads:
    """Heads of events that one server has parsed before, by their bytes."""

    def __init__(self) -> None:
        self.known: dict[bytes, KnownHead] = {}

    def learn(self, data: bytes, exchange: Exchange) -> None:
        """Remember the head of a request that the parser has just read whole from these bytes.

        It must be all of them, have a body that nobody has taken yet, and be of the plainest kind.
        """
        scope, body = exchange.scope, exchange.body
        route = _ADDRESSES.get(scope["raw_path"])
        end = len(data) - len(body)
        if route is None or scope.get("query_string") or scope["method"] != "POST":
            return
        if not exchange.keep_alive:
            return
        if not 0 < end <= HEAD_BYTES_MAX or data.find(END) + len(END) != end or not body:
            return
        head = _plain_head(scope["headers"], route=route)
        if head is None or head.length != len(body) or data[end:] != body:
            return
        if len(self.known) >= HEADS_MAX:
            self.known.clear()
        self.known[data[:end]] = head


def _plain_head(headers: list[tuple[bytes, bytes]], *, route: Route) -> KnownHead | None:
    named = dict(headers)
    if len(named) != len(headers) or not _UNUSUAL.isdisjoint(named):
        return None
    length = named.get(b"content-length", b"")
    if named.get(b"connection", _KEPT_OPEN).lower() != _KEPT_OPEN:
        return None
    if named.get(b"content-type") != JSON or b"authorization" not in named:
        return None
    if not (length.isdigit() and len(length) <= 9 and int(length) <= route.sends.limit):
        return None
    return KnownHead(int(length), route, named[b"authorization"])


class ExpressExchange:
    """One such request and its answer; to its connection it looks like any other exchange."""

    __slots__ = ("_app", "_began", "_head", "complete", "disconnected", "edge", "keep_alive")

    def __init__(self, head: KnownHead, *, edge: Connection, app: Expressed) -> None:
        self.edge = edge
        self.keep_alive = True
        self.complete = False
        self.disconnected = False
        self._app = app
        self._head = head
        self._began = perf_counter()

    def __enter__(self) -> None:
        """What is raised while it is taken is answered 500, as if the request had a task."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.edge.unforeseen(error)
        return True

    def reply(self, answer: Answer) -> None:
        """Write the answer, if it is the first and somebody is still there."""
        if self.complete:
            return
        self.complete = True
        edge, app, status = self.edge, self._app, answer.status
        route = self._head.route.path
        if not (self.disconnected or edge.transport.is_closing()):
            body = answer.body
            edge.transport.write(
                b"%b%b%bcontent-length: %d\r\n%b%b"
                % (
                    STATUS_LINE[status],
                    edge.lines.of(edge.server_state.default_headers),
                    app.lines(answer, raw_path=route.encode()),
                    len(body),
                    b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n",
                    body,
                )
            )
            edge.answered(self)
        app.note(route=route, status=status, seconds=perf_counter() - self._began)

    def wake(self) -> None:
        """Nobody waits for more of a request that was whole."""
