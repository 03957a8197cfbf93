"""The bodies of successful answers, made from what is recorded so that they can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

_text = msgspec.json.encode
_DECIDED: Final = b'{"sequence":%d,"recorded_at":"%b","degraded":false,"decision":%b}'


def decision_body(
    sequence: int, recorded_at: str, decision: bytes, *, missing: str | None
) -> bytes:
    """The answer to an event that was decided; `decision` is its canonical JSON."""
    return b'{"sequence":%d,"recorded_at":"%s",%s,"decision":%s}' % (
        sequence,
        recorded_at.encode(),
        _degraded(missing),
        decision,
    )


def many_bodies(
    recorded: Iterable[tuple[str, bytes | None]], *, first: int, recorded_at: str
) -> Iterator[bytes]:
    """The answers to events recorded in order from a sequence on: id and decision of each."""
    stamp = recorded_at.encode()
    for sequence, (event_id, decision) in enumerate(recorded, first):
        if decision is None:
            yield event_body(sequence, recorded_at, event_id, missing=None)
        else:
            yield _DECIDED % (sequence, stamp, decision)


def event_body(sequence: int, recorded_at: str, event_id: str, *, missing: str | None) -> bytes:
    """The answer to an event that was only recorded."""
    return b'{"sequence":%d,"recorded_at":"%s",%s,"event_id":%s}' % (
        sequence,
        recorded_at.encode(),
        _degraded(missing),
        _text(event_id),
    )


def _degraded(missing: str | None) -> bytes:
    if missing is None:
        return b'"degraded":false'
    return b'"degraded":true,"missing":%s' % _text([missing])
