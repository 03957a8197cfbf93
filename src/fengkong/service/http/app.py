"""The service as an ASGI application: route, admit, read, answer.

No framework: the way of one decision is a dictionary look-up, a key check, one receive, the desk,
two sends. What can be refused is refused before anything is read for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter, time
from typing import Any, Final

from fengkong.core.errors import RiskError
from fengkong.protection.probing import Scanners, is_injection
from fengkong.service import problems
from fengkong.service.answers import BYTES, JSON, NDJSON, PROBLEM, TEXT, Answer
from fengkong.service.http.authentication import Door, Visitor
from fengkong.service.http.bodies import (
    DisconnectedError,
    Receive,
    is_packed,
    media_type,
    read_body,
    unpacked,
)
from fengkong.service.http.exchange import Headers, PreparedHeaders, header_lines
from fengkong.service.http.express import KnownHead
from fengkong.service.http.handlers import Handler, Handlers, Request
from fengkong.service.http.routing import NO_PARAMETERS, ROUTES, Route, Router, Sends
from fengkong.service.metrics import Metrics
from fengkong.service.port import Desk
from fengkong.service.refusals import (
    OverloadedError,
    ReplayedRequestError,
    ServiceError,
    UnauthenticatedError,
)

Send = Callable[[dict[str, Any]], Awaitable[None]]

_STANDING: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_HEADERS: Final[dict[bytes, PreparedHeaders]] = {
    media: PreparedHeaders([(b"content-type", media), *_STANDING])
    for media in (JSON, PROBLEM, NDJSON, TEXT, BYTES)
}
_UNROUTED: Final = "none"
_OURS: Final = 500
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """What the application can be told; `metrics_open` gives /metrics to whoever can connect."""

    metrics_open: bool = False


class Application:
    """The ASGI application of one service."""

    def __init__(
        self,
        *,
        desk: Desk,
        door: Door,
        metrics: Metrics,
        openapi: bytes,
        settings: AppSettings | None = None,
    ) -> None:
        self._desk = desk
        self._door = door
        self._metrics = metrics
        self.note = metrics.requests.note
        self._router = Router()
        self._direct = self._router.direct
        self._scanners = Scanners()
        self._open = {route.name for route in ROUTES if route.scope is None}
        if settings is not None and settings.metrics_open:
            self._open.add("metrics")
        handlers = Handlers(desk=desk, metrics=metrics, openapi=openapi)
        self._handlers: dict[str, Handler] = {
            route.name: handlers.handler(route.name) for route in ROUTES
        }
        self._overload_refused = metrics.refused.labels(OverloadedError.code)
        self._overloaded = problems.of_error(OverloadedError("too many requests wait"))
        self._nobody = problems.of_error(
            UnauthenticatedError("the request does not prove who sends it")
        )

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP is none of ours."""
        if scope["type"] != "http":
            return
        began = perf_counter()
        route = self._direct.get((scope["method"], scope["raw_path"]))
        try:
            parameters = NO_PARAMETERS
            if route is None:
                route, parameters = self._router.find(
                    method=scope["method"], raw_path=scope["raw_path"]
                )
            answer = await self._answer(
                route=route, parameters=parameters, scope=scope, receive=receive
            )
        except DisconnectedError:
            return
        except RiskError as error:
            answer = self._refusal(error)
            self._look_at(scope, is_known=route is not None, status=answer.status)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": self._headers(answer, raw_path=scope["raw_path"]),
            }
        )
        await send({"type": "http.response.body", "body": answer.body})
        self.note(
            route=_UNROUTED if route is None else route.path,
            status=answer.status,
            seconds=perf_counter() - began,
        )

    def express(self, head: KnownHead, body: bytes, *, reply: Callable[[Answer], None]) -> None:
        """Have one event answered whose request is whole; `reply` may be called at once."""
        if self._desk.overloaded:
            self._overload_refused.inc()
            reply(self._overloaded)
            return
        route = head.route
        try:
            self._door.admit_bearer(head.authorization, route=route)
        except RiskError as error:
            reply(self._refusal(error))
            return
        self._desk.take(body, decided=route.name == "decide", reply=reply)

    def lines(self, answer: Answer, *, raw_path: bytes) -> bytes:
        """The header lines of an answer but Content-Length."""
        headers = self._headers(answer, raw_path=raw_path)
        return headers.lines if type(headers) is PreparedHeaders else header_lines(headers)

    async def _answer(
        self,
        *,
        route: Route,
        parameters: tuple[str, ...],
        scope: Mapping[str, Any],
        receive: Receive,
    ) -> Answer:
        sends = route.sends
        if sends.submits and self._desk.overloaded:
            self._overload_refused.inc()
            return self._overloaded
        if route.name in self._open:
            return await self._handlers[route.name](Request(parameters=parameters))
        headers = scope["headers"]
        named: dict[bytes, bytes] = dict(headers)
        if len(named) != len(headers):
            named = joined(headers)
        visitor = self._door.admit(route=route, scope=scope, named=named)
        media = JSON
        packed = False
        plain = named.get(b"content-type") == JSON and b"content-encoding" not in named
        if sends is not Sends.NOTHING and not (plain and sends.submits):
            media = media_type(named, accepted=sends.media)
            packed = is_packed(named)
        body = await read_body(receive, named=named, limit=sends.limit)
        if visitor.signature is not None:
            await self._spend(visitor, body=body, named=named)
        if packed:
            body = await unpacked(body, limit=sends.limit)
        if sends is Sends.EVENT:
            return await self._desk.submit(body, decided=route.name == "decide")
        request = Request(
            parameters=parameters,
            query=scope["query_string"],
            body=body,
            media=media,
            charge=partial(self._door.charge, visitor),
        )
        return await self._handlers[route.name](request)

    async def _spend(self, visitor: Visitor, *, body: bytes, named: Mapping[bytes, bytes]) -> None:
        """Use the signature up; a second use is noted in the ledger."""
        try:
            await self._door.spend(visitor, body=body, named=named)
        except ReplayedRequestError:
            self._desk.note_security("replayed_request", visitor.key.id)
            raise

    def note_refused(self, error: type[ServiceError]) -> None:
        """Count what the edge answered by itself."""
        self._metrics.refused.labels(error.code).inc()
        self.note(route=_UNROUTED, status=error.status, seconds=0.0)

    def _look_at(self, scope: Mapping[str, Any], *, is_known: bool, status: int) -> None:
        """Count a refused request that carries an attack, or whose sender walks addresses."""
        if status >= _OURS:
            return
        if is_injection(scope["raw_path"] + b"?" + scope["query_string"]):
            self._metrics.probes.labels("injection").inc()
        source = scope.get("client")
        if not is_known and source and self._scanners.note(source[0], day=int(time() // DAY_S)):
            self._metrics.probes.labels("scanner").inc()

    def _refusal(self, error: RiskError) -> Answer:
        self._metrics.refused.labels(error.code).inc()
        if isinstance(error, UnauthenticatedError):
            return self._nobody
        return problems.of_error(error)

    def _headers(self, answer: Answer, *, raw_path: bytes) -> Headers:
        """The headers but Content-Length, which the edge knows best."""
        status, _, media, retry_after = answer
        prepared = _HEADERS[media]
        if status < 400:
            return prepared
        headers = list(prepared)
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        elif status == 405:
            headers.append((b"allow", self._router.allowed(raw_path).encode()))
        elif retry_after or status in (429, 503):
            headers.append((b"retry-after", b"%d" % (retry_after or problems.RETRY_SECONDS)))
        return headers


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name, repeated ones joined as HTTP has it, so that none hides another."""
    named: dict[bytes, bytes] = {}
    for name, value in headers:
        named[name] = named[name] + b", " + value if name in named else value
    return named
