"""A load of every kind of request on keep-alive connections, and what of it was acknowledged."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hosting import Hosted

from fengkong.core.instants import format_instant

DECISIONS, EVENTS, BATCH = "/v1/decisions", "/v1/events", "/v1/decisions/batch"
NDJSON = "application/x-ndjson"
MOMENT_S_MAX = 20.0


class Sent(NamedTuple):
    """An event as it was sent, and where."""

    id: str
    path: str
    body: bytes


@dataclass
class Acknowledged:
    """Every answer of 200 by the event's id; whoever answers one twice answers the same."""

    answers: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def note(self, sent: Sent, *, status: int, body: bytes) -> None:
        self.statuses[status] += 1
        if status == 200:
            assert self.answers.setdefault(sent.id, body) == body, sent.id
            self.sent[sent.id] = sent


async def a_random_moment(acknowledged: Acknowledged, dice: random.Random) -> None:
    """Wait until so many are acknowledged, from none to a few hundred, and some milliseconds more.

    Counted and not timed, so that a busy machine tests what an idle one does.
    """
    wanted = dice.choice((0, 1, 20, 60, 120, 300)) + dice.randrange(60)
    end = time.monotonic() + MOMENT_S_MAX
    while len(acknowledged.answers) < wanted and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    await asyncio.sleep(dice.uniform(0.0, 0.01))


class Made:
    """Makes events: payments to decide, logins and labels to record."""

    def __init__(self, dice: random.Random, *, prefix: str) -> None:
        self.dice = dice
        self._prefix = prefix
        self._number = 0

    def payment(self, **fields: object) -> Sent:
        dice = self.dice
        event = self._event("payment.initiated") | {
            "currency": "CNY",
            "amount": f"{dice.randrange(1, 900_00) / 100:.2f}",
            "card": f"card-{dice.randrange(60)}",
            "ip": f"10.0.{dice.randrange(4)}.{dice.randrange(50)}",
        }
        return _sent(event | fields, DECISIONS)

    def noted(self) -> Sent:
        if self.dice.random() < 0.5:
            return _sent(self._event("login.attempted") | {"succeeded": True}, EVENTS)
        label = {"is_fraud": self.dice.random() < 0.2, "card": f"card-{self.dice.randrange(60)}"}
        return _sent(self._event("label.confirmed") | label, EVENTS)

    def _event(self, kind: str) -> dict[str, object]:
        self._number += 1
        ago = self.dice.randrange(3_600_000_000) if self.dice.random() < 0.1 else 0
        return {
            "type": kind,
            "id": f"{self._prefix}-{self._number}",
            "occurred_at": format_instant(time.time_ns() // 1000 - ago),
            "customer": f"客户-{self.dice.randrange(80)}",
            "device": f"dev-{self.dice.randrange(50)}",
        }


def _sent(event: dict[str, object], path: str) -> Sent:
    return Sent(str(event["id"]), path, json.dumps(event, ensure_ascii=False).encode())


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int, *, key: str) -> None:
        self._port = port
        self._key = key

    async def __aenter__(self) -> "Connection":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return

    async def ask(
        self, path: str, body: bytes, *, media: str = "application/json"
    ) -> tuple[int, bytes]:
        """The answer to one POST; ConnectionError or IncompleteReadError where there is none."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(answer[9:12]), await self._reader.readexactly(length)

    async def send(self, sent: Sequence[Sent], acknowledged: Acknowledged) -> None:
        """One event by itself, or many as a batch."""
        if len(sent) == 1:
            status, body = await self.ask(sent[0].path, sent[0].body)
            acknowledged.note(sent[0], status=status, body=body)
            return
        lines = b"\n".join(one.body for one in sent) + b"\n"
        status, body = await self.ask(f"{sent[0].path}/batch", lines, media=NDJSON)
        if status != 200:
            acknowledged.statuses[status] += 1
            return
        for one, line in zip(sent, body.splitlines(), strict=True):
            start = line.index(b'"body":') + len(b'"body":')
            status = int(line[len(b'{"status":') : line.index(b",")])
            acknowledged.note(one, status=status, body=line[start:-1])


async def _caller(
    hosted: Hosted, acknowledged: Acknowledged, made: Made, *, go_on: Callable[[], bool]
) -> None:
    dice = made.dice
    again: list[Sent] = []
    try:
        async with Connection(hosted.port, key=hosted.site.key) as connection:
            while go_on():
                kind = dice.random()
                if kind < 0.05 and again:
                    sent = [dice.choice(again)]
                elif kind < 0.12:
                    sent = [made.payment() for _ in range(dice.randrange(2, 20))]
                else:
                    sent = [made.payment() if kind < 0.8 else made.noted()]
                await connection.send(sent, acknowledged)
                again = [*again[-20:], *sent]
    except (ConnectionError, asyncio.IncompleteReadError, OSError):
        return  # the service is gone


def under_load(
    hosted: Hosted,
    acknowledged: Acknowledged,
    *,
    prefix: str,
    connections: int,
    meanwhile: Callable[[], Awaitable[None]],
) -> None:
    """Send from so many connections while `meanwhile` runs, and until they are all answered."""

    async def run() -> None:
        going = True
        dice = random.Random(prefix)
        callers = [
            asyncio.create_task(
                _caller(
                    hosted,
                    acknowledged,
                    Made(random.Random(dice.random()), prefix=f"{prefix}-{number}"),
                    go_on=lambda: going,
                )
            )
            for number in range(connections)
        ]
        try:
            await meanwhile()
        finally:
            going = False
            await asyncio.gather(*callers)

    asyncio.run(run())


def send_all(hosted: Hosted, sent: Sequence[Sent], acknowledged: Acknowledged) -> None:
    """Send everything (again), in batches."""

    async def run() -> None:
        async with Connection(hosted.port, key=hosted.site.key) as connection:
            for path in (DECISIONS, EVENTS):
                mine = [one for one in sent if one.path == path]
                for at in range(0, len(mine), 500):
                    chunk = mine[at : at + 500]
                    await connection.send(chunk if len(chunk) > 1 else [chunk[0]], acknowledged)

    asyncio.run(run())
