"""How patient the edge is, and the sweep that closes what is slower."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol


class Watched(Protocol):
    """A connection that can be too slow."""

    loop: asyncio.AbstractEventLoop

    def check_clock(self) -> None:
        """Close it if its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLimits:
    """How patient the edge is; times are in seconds, sizes in bytes.

    `request` is for the headers, and again for the body; `idle` for a connection between two
    requests; `write` for a client that does not read; `discard` is how much of a body nobody
    wants is read, so that its sender sees the answer.
    """

    request: float = 15.0
    idle: float = 75.0
    write: float = 15.0
    linger: float = 2.0
    connections: int = 4096
    write_buffer: int = 256 * 1024
    discard: int = 32 * 1024 * 1024


class Sweep:
    """Closes what is too slow: looks at every open connection a few times a second."""

    def __init__(self, limits: EdgeLimits) -> None:
        shortest = min(limits.request, limits.idle, limits.write, limits.linger)
        self._interval = min(0.5, shortest / 4)
        self._connections: set[Watched] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: Watched) -> None:
        """Watch a connection from now on."""
        self._connections.add(connection)
        if self._timer is None:
            self._timer = connection.loop.call_later(self._interval, self._look)

    def discard(self, connection: Watched) -> None:
        """It is closed; with the last one the looking ends."""
        self._connections.discard(connection)
        if not self._connections and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        for connection in list(self._connections):
            connection.check_clock()
        if self._connections and self._timer is None:
            loop = next(iter(self._connections)).loop
            self._timer = loop.call_later(self._interval, self._look)
