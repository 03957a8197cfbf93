"""Server-sent events: what follows an entry, in order, with a heartbeat, for a bounded time.

A reader that was cut off comes again with the last number it had seen; one that is too far behind
is told how many entries it skips. The server pulls frames only while the connection takes them, so
a slow reader slows its own stream and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

AGAIN_MS: Final = 2_000
"""When a browser comes again after its stream has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often there is a look at what is new, and how long a stream lasts, in seconds.

    A stream sends at most `rows` at a time, and skips where more than `behind` entries wait. It
    ends after `life`: whoever may still see it comes again at once, and is looked at again.
    """

    look: float = 1.0
    beat: float = 10.0
    life: float = 55.0
    rows: int = 40
    behind: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is new: rows (as JSON objects) and the last number that was looked at."""

    rows: Sequence[dict[str, Any]]
    upto: int


class Source(Protocol):
    """Where a stream's rows come from."""

    def head(self) -> int:
        """The newest number."""
        ...

    def after(self, number: int, *, limit: int) -> Found:
        """The rows behind a number, the oldest first."""
        ...

    def state(self) -> dict[str, Any]:
        """What a heartbeat tells."""
        ...


def frame(event: str, data: object, *, number: int | None = None) -> bytes:
    """One event as it goes over the wire (HTML standard, 9.2.5); JSON has no bare line break."""
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def last_seen(header: str | None, asked: str | None) -> int | None:
    """The number after which to go on: of a browser that comes again, or that it asks for."""
    for text in (header, asked):
        if text and text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look found: `skipped` entries were passed over, rows follow, all up to `upto`."""

    rows: Sequence[dict[str, Any]]
    upto: int
    skipped: int = 0
    full: bool = False


def look(source: Source, *, place: int, pace: Pace) -> Look:
    """What is new behind a place; most of it is skipped where too much waits."""
    waiting = source.head() - place
    if waiting <= 0:
        return Look(rows=(), upto=place)
    skipped = waiting - pace.rows if waiting > pace.behind else 0
    found = source.after(place + skipped, limit=pace.rows)
    return Look(
        rows=found.rows,
        upto=max(found.upto, place + skipped),
        skipped=skipped,
        full=len(found.rows) >= pace.rows,
    )


def beginning(source: Source, *, after: int | None) -> int:
    """Where a stream begins: behind what was seen last, or with what comes next."""
    head = source.head()
    return head if after is None else min(after, head)


def frames(
    source: Source,
    *,
    after: int | None,
    pace: Pace,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[bytes]:
    """The frames of one stream; `after` None begins with what comes next."""
    began = beaten = clock()
    place = beginning(source, after=after)
    yield f"retry: {AGAIN_MS}\n\n".encode()
    yield frame("state", source.state(), number=place)
    while clock() - began < pace.life:
        seen = look(source, place=place, pace=pace)
        place = seen.upto
        if seen.skipped:
            yield frame("skipped", {"count": seen.skipped}, number=place)
        if seen.rows:
            beaten = clock()
            yield frame("decisions", {"rows": list(seen.rows)}, number=place)
        elif clock() - beaten >= pace.beat:
            beaten = clock()
            yield frame("state", source.state(), number=place)
        if not seen.full:
            sleep(pace.look)
