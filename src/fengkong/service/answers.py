"""What the service says to one request, before HTTP dresses it."""

from __future__ import annotations

from typing import Final, NamedTuple

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
NDJSON: Final = b"application/x-ndjson"
TEXT: Final = b"text/plain; charset=utf-8"
BYTES: Final = b"application/octet-stream"


class Answer(NamedTuple):
    """Status and body of one answer.

    `media` is the body's Content-Type; `retry_after` is in whole seconds, 0 for no such header
    (a 429 or 503 without one says 1).
    """

    status: int
    body: bytes
    media: bytes = JSON
    retry_after: int = 0
