"""A load that does not wait: requests leave at a steady rate, whether or not the last are answered.

A caller that waits for its answer sends less when the service is slow; a crowd does not.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from load import Sent

END = b"\r\n\r\n"
TICK_S = 0.001


@dataclass
class Seen:
    """Latencies in seconds by status, what was acknowledged, and how much was offered."""

    latencies: dict[int, list[float]] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    heads: dict[int, bytes] = field(default_factory=dict)
    offered: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Acknowledged a second."""
        return len(self.answers) / self.seconds

    def quantile(self, status: int, share: float) -> float:
        ordered = sorted(self.latencies[status])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Caller(asyncio.Protocol):
    def __init__(self, seen: Seen, idle: deque["_Caller"]) -> None:
        self._seen = seen
        self._idle = idle
        self._received = b""
        self._sent_at = 0.0
        self._id = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._idle.append(self)

    def send(self, name: str, request: bytes) -> None:
        self._id = name
        self._sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        data = self._received = self._received + data
        end = data.find(END)
        if end < 0:
            return
        at = data.find(b"content-length:") + len(b"content-length:")
        body = end + len(END)
        if len(data) < body + int(data[at : data.find(b"\r", at)]):
            return
        self._received = b""
        status = int(data[9:12])
        self._seen.latencies.setdefault(status, []).append(time.perf_counter() - self._sent_at)
        if status == 200:
            self._seen.answers[self._id] = data[body:]
        self._seen.heads.setdefault(status, data[:end])
        self._idle.append(self)


def offer(
    events: Sequence[Sent], *, port: int, key: str, rate: float, connections: int = 400
) -> Seen:
    """Send every event once, `rate` a second, each on a connection that has nothing to do."""
    head = (
        f"POST /v1/decisions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    requests = [(one.id, head + b"%d\r\n\r\n%b" % (len(one.body), one.body)) for one in events]
    return asyncio.run(_offer(requests, port=port, rate=rate, connections=connections))


async def _offer(
    requests: Sequence[tuple[str, bytes]], *, port: int, rate: float, connections: int
) -> Seen:
    loop = asyncio.get_running_loop()
    seen = Seen()
    idle: deque[_Caller] = deque()
    opened = [
        await loop.create_connection(lambda: _Caller(seen, idle), "127.0.0.1", port)
        for _ in range(connections)
    ]
    began = time.perf_counter()
    while seen.offered < len(requests):
        due = min(len(requests), int((time.perf_counter() - began) * rate) + 1)
        while seen.offered < due and idle:
            idle.popleft().send(*requests[seen.offered])
            seen.offered += 1
        await asyncio.sleep(TICK_S)
    while len(idle) < connections:  # noqa: ASYNC110 - the callers are many, and this is rare
        await asyncio.sleep(TICK_S)
    seen.seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    await asyncio.sleep(0)
    return seen
