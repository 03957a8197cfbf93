"""A real server on a loopback port, with a small desk that keeps its word in memory."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.event import Event
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.protection.nonces import Nonces
from fengkong.service import problems
from fengkong.service.answers import BYTES, TEXT, Answer
from fengkong.service.http.app import Application, AppSettings
from fengkong.service.http.authentication import Door
from fengkong.service.http.listening import Listening, http_server
from fengkong.service.http.nonce_spending import NonceSpending
from fengkong.service.http.openapi import openapi_document
from fengkong.service.http.sweep import EdgeLimits
from fengkong.service.metrics import Metrics
from fengkong.service.refusals import IdempotencyConflictError, UnknownDecisionError

NOW_US = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z
QUICK = EdgeLimits(request=0.6, idle=5.0, write=0.6, linger=0.4)


class EchoedLedger:
    """Says what it was asked."""

    async def checkpoint(self) -> Answer:
        return Answer(200, b"checkpoint", media=TEXT)

    async def tile(self, *, level: int, index: int, width: int) -> Answer:
        return Answer(200, f"tile {level} {index} {width}".encode(), media=BYTES)

    async def bundle(self, *, index: int, width: int) -> Answer:
        return Answer(200, f"bundle {index} {width}".encode(), media=BYTES)

    async def inclusion(self, *, sequence: int, size: int) -> Answer:
        return Answer(200, b'{"sequence":%d,"size":%d}' % (sequence, size))

    async def consistency(self, *, old: int, new: int) -> Answer:
        return Answer(200, b'{"old":%d,"new":%d}' % (old, new))


class MemoryDesk:
    """Decodes as the real one does, allows everything, and never answers an id in two ways."""

    def __init__(self) -> None:
        self.overloaded = False
        self.fails_with: BaseException | None = None
        self.ledger = EchoedLedger()
        self.notes: list[tuple[str, str]] = []
        self.entries: dict[str, tuple[Event, bytes, Answer]] = {}
        self.erased: list[str] = []
        self.policy_texts: list[str] = []
        self.pause = 0.0
        self._decoder = Decoder(shipped_catalogue())

    async def submit(self, body: bytes, *, decided: bool) -> Answer:
        if self.pause:
            await asyncio.sleep(self.pause)
        if self.fails_with is not None:
            raise self.fails_with
        try:
            return self._submitted(body, decided=decided)
        except RiskError as error:
            return problems.of_error(error)

    def take(self, body: bytes, *, decided: bool, reply: Callable[[Answer], None]) -> None:
        if self.fails_with is not None and not self.pause:
            raise self.fails_with
        task = asyncio.ensure_future(self.submit(body, decided=decided))
        task.add_done_callback(lambda done: reply(done.result()))

    async def submit_many(self, bodies: Sequence[bytes], *, decided: bool) -> list[Answer]:
        return [await self.submit(body, decided=decided) for body in bodies]

    async def find(self, event_id: str) -> Answer:
        if event_id not in self.entries:
            return problems.of_error(UnknownDecisionError("no event of this id was recorded here"))
        return self.entries[event_id][2]

    async def explain(self, event_id: str) -> Answer:
        return await self.find(event_id)

    async def publish(self, policy_text: str) -> Answer:
        load_policy(policy_text, source="policy", catalogue=shipped_catalogue())
        self.policy_texts.append(policy_text)
        return Answer(200, b'{"published":true}')

    async def shadow(self, policy_text: str | None) -> Answer:
        return Answer(200, b'{"shadow":%b}' % (b"false" if policy_text is None else b"true"))

    async def canary(
        self, policy_text: str | None, *, share: float = 0.0, by: str | None = None
    ) -> Answer:
        said = {"canary": policy_text is not None, "share": share, "by": by}
        return Answer(200, json.dumps(said).encode())

    async def promote(self) -> Answer:
        return Answer(200, b'{"promoted":true}')

    async def rollback(self) -> Answer:
        return Answer(200, b'{"rolled_back":true}')

    async def policies(self) -> Answer:
        return Answer(200, b'{"policies":[]}')

    async def erase(self, subject: str) -> Answer:
        self.erased.append(subject)
        return Answer(200, b'{"erased":true}')

    async def look_up(self, value: str) -> Answer:
        return Answer(200, b'{"found":[]}')

    def ready(self) -> Answer:
        return Answer(200, b'{"status":"ready"}')

    def health(self) -> Answer:
        return Answer(200, b'{"status":"alive"}')

    def note_security(self, kind: str, key_id: str) -> None:
        self.notes.append((kind, key_id))

    def _submitted(self, body: bytes, *, decided: bool) -> Answer:
        event = self._decoder.decode(body)
        if event.id in self.entries:
            first, _, answer = self.entries[event.id]
            if first != event:
                raise IdempotencyConflictError(f"another event was recorded as {event.id}")
            return answer
        said = {
            "sequence": len(self.entries) + 1,
            "recorded_at": format_instant(NOW_US),
            "degraded": False,
        }
        said |= (
            {"decision": {"event_id": event.id, "outcome": "allow"}}
            if decided
            else {"event_id": event.id}
        )
        answer = Answer(200, json.dumps(said).encode())
        self.entries[event.id] = (event, body, answer)
        return answer


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The body of a refusal, which is always problem JSON."""
        assert self.headers["content-type"] == "application/problem+json", self
        return json.loads(self.body)

    def codes(self) -> set[str]:
        """The code of the refusal and those of all its faults."""
        problem = self.problem
        return {problem["code"], *(fault["code"] for fault in problem.get("errors", ()))}


@dataclass
class Running:
    """A server that runs, and how to talk to it."""

    server: uvicorn.Server
    desk: MemoryDesk
    access: Access
    metrics: Metrics
    nonces: NonceSpending
    thread: threading.Thread
    port: int
    tokens: dict[tuple[str, ...], str] = field(default_factory=dict)

    def token(self, *scopes: str, **terms: Any) -> str:
        """The text of a key with these scopes; the same one for the same plain scopes."""
        if terms or scopes not in self.tokens:
            rates = {"rate_per_second": 1_000_000.0, "burst": 1_000_000} | terms
            made = KeyTerms(name="test", scopes=frozenset(scopes), **rates)
            text = self.access.create(made, now=time.time_ns() // 1000).text
            time.sleep(0.3)  # the running service looks for new keys four times a second
            if terms:
                return text
            self.tokens[scopes] = text
        return self.tokens[scopes]

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request on a connection of its own; JSON unless the headers say otherwise."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=sent | (headers or {}))
            return _reply(connection.getresponse())
        finally:
            connection.close()

    def post(self, body: bytes, path: str = "/v1/decisions", **more: Any) -> Reply:
        """A body sent by someone who may do everything."""
        return self.call("POST", path, body, token=self.token("decide", "record"), **more)

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, data: bytes) -> Reply:
        """What is answered to these bytes, whatever they are."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_reply(connection)


def _reply(response: http.client.HTTPResponse) -> Reply:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


def read_reply(connection: socket.socket, method: str = "GET") -> Reply:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        return _reply(response)
    finally:
        response.close()


Serve = Callable[..., Running]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts servers; all of them are stopped at the end."""
    running: list[Running] = []

    def start(
        *,
        limits: EdgeLimits = QUICK,
        settings: AppSettings | None = None,
        tls: tuple[str | None, str | None] = (None, None),
        **door: Any,
    ) -> Running:
        folder: Path = tmp_path_factory.mktemp("service")
        desk, metrics = MemoryDesk(), Metrics()
        access = Access(folder / "access.db")
        nonces = NonceSpending(Nonces(folder / "access.db"))
        app = Application(
            desk=desk,
            door=Door(keys=access, nonces=nonces, **door),
            metrics=metrics,
            openapi=openapi_document(shipped_catalogue()),
            settings=settings,
        )
        server = http_server(
            app, listening=Listening(port=0, limits=limits, certificate=tls[0], private_key=tls[1])
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        running.append(Running(server, desk, access, metrics, nonces, thread, port))
        return running[-1]

    yield start
    for one in running:
        one.server.should_exit = True
    for one in running:
        one.thread.join(timeout=20)
        assert not one.thread.is_alive(), "the server did not stop"
        one.nonces.close()
        one.access.close()


@pytest.fixture(scope="session")
def service(serve: Serve) -> Running:
    """One server for tests that leave it as it was."""
    return serve()


@pytest.fixture(scope="session")
def example() -> Callable[..., bytes]:
    """A good event as JSON, with fields of one's own."""
    numbers = iter(range(1, 10**9))

    def build(**fields: object) -> bytes:
        event = {
            "type": "payment.initiated",
            "id": f"e-{next(numbers)}",
            "occurred_at": "2026-11-01T12:00:00Z",
            "currency": "CNY",
            "amount": "12.30",
            "customer": "C-1",
            "card": "K-1",
        }
        return json.dumps(event | fields).encode()

    return build
