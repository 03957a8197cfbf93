"""A load generator for the decision service: many keep-alive connections on one event loop.

Each connection sends its next request as soon as the last one is answered, so the load is what the
service can take; requests are bytes that were made before, so the generator costs as little as it
can of the two cores that it shares with the service.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import uvloop

_LENGTH: Final = b"content-length:"
_END: Final = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What one run saw; seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """The latency that this share of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def request(path: str, body: bytes, *, key: str, media: str = "application/json") -> bytes:
    """The bytes of one POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def drive(requests: Sequence[bytes], *, port: int, connections: int) -> Load:
    """Send every request once, over so many connections."""
    return uvloop.run(_drive(deque(requests), port=port, connections=connections))


async def _drive(requests: deque[bytes], *, port: int, connections: int) -> Load:
    load = Load()
    loop = asyncio.get_running_loop()
    done = [loop.create_future() for _ in range(connections)]
    opened = [
        await loop.create_connection(
            lambda future=future: _Connection(requests, load, future), "127.0.0.1", port
        )
        for future in done
    ]
    began = time.perf_counter()
    for _, connection in opened:
        connection.send()
    await asyncio.gather(*done)
    load.seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    return load


class _Connection(asyncio.Protocol):
    """One caller: sends, waits for the whole answer, sends again."""

    __slots__ = ("_done", "_load", "_missing", "_received", "_requests", "_sent", "_transport")

    def __init__(self, requests: deque[bytes], load: Load, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._load = load
        self._done = done
        self._received = b""
        self._missing = -1
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self) -> None:
        if not self._requests:
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self._requests.popleft())

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            data = self._received + data if self._received else data
            end = data.find(_END)
            if end < 0:
                self._received = data
                return
            self._received = b""
            self._load.statuses[int(data[9:12])] += 1
            at = data.find(_LENGTH) + len(_LENGTH)
            length = int(data[at : data.find(b"\r", at)])
            self._missing = length - (len(data) - end - len(_END))
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self._load.latencies.append(time.perf_counter() - self._sent)
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the service closed the connection"))
