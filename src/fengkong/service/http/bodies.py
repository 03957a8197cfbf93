"""Bodies of requests: what may be sent, read within limits, unpacked, split into events."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from fengkong.events.errors import InvalidJsonError
from fengkong.events.json_text import LENGTH_MAX
from fengkong.service.answers import JSON, NDJSON, Answer
from fengkong.service.refusals import (
    InvalidBatchError,
    InvalidEncodingError,
    TooLargeError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)

Receive = Callable[[], Awaitable[dict[str, Any]]]

EVENT_BYTES_MAX: Final = LENGTH_MAX
BATCH_BYTES_MAX: Final = 16 * 1024 * 1024
BATCH_EVENTS_MAX: Final = 10_000
POLICY_BYTES_MAX: Final = 16 * 1024 * 1024
SUBJECT_BYTES_MAX: Final = 4 * 1024

EVENT_MEDIA: Final = (b"application/json",)
BATCH_MEDIA: Final = (b"application/json", b"application/x-ndjson", b"application/ndjson")
POLICY_MEDIA: Final = (b"application/yaml", b"application/x-yaml", b"text/yaml")

_INFLATED_HERE_MAX: Final = 64 * 1024
_PLAIN: Final = (b"application/json", b"application/json; charset=utf-8")
_RAW_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


class DisconnectedError(Exception):
    """The client went away before its request was whole; nobody is there to be answered."""


def media_type(named: Mapping[bytes, bytes], *, accepted: Sequence[bytes]) -> bytes:
    """The body's media type if it is one of those accepted, in UTF-8."""
    value = named.get(b"content-type", b"")
    if value in _PLAIN and JSON in accepted:
        return JSON
    kind, _, parameters = value.lower().partition(b";")
    charset = parameters.strip().replace(b'"', b"")
    if kind.strip() not in accepted or charset not in (b"", b"charset=utf-8"):
        names = " or ".join(name.decode() for name in accepted)
        raise UnsupportedMediaTypeError(f"send Content-Type: {names}, in UTF-8")
    return kind.strip()


def is_packed(named: Mapping[bytes, bytes]) -> bool:
    """Whether the body is gzip; packed in any other way it is refused."""
    encoding = named.get(b"content-encoding")
    if encoding is None or encoding.strip().lower() == b"identity":
        return False
    if encoding.strip().lower() != b"gzip":
        raise UnsupportedEncodingError("send the body plain or with Content-Encoding: gzip, once")
    return True


async def read_body(receive: Receive, *, named: Mapping[bytes, bytes], limit: int) -> bytes:
    """The body as it was sent; more than the limit is refused before it is read."""
    length = named.get(b"content-length")
    if length is not None and (len(length) > 9 or int(length) > limit):
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise DisconnectedError
    body: bytes = message["body"]
    if not message["more_body"] and len(body) <= limit:
        return body
    parts = [body]
    size = len(body)
    while message["more_body"] and size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        parts.append(message["body"])
        size += len(message["body"])
    if size > limit:
        raise _too_large(limit)
    return b"".join(parts)


async def unpacked(body: bytes, *, limit: int) -> bytes:
    """A gzip body unpacked, never further than the limit; large ones away from the event loop."""
    if limit <= EVENT_BYTES_MAX or len(body) <= _INFLATED_HERE_MAX:
        return inflate(body, limit=limit)
    return await asyncio.to_thread(inflate, body, limit=limit)


def inflate(body: bytes, *, limit: int) -> bytes:
    """One whole gzip stream and nothing after it; refused as soon as it exceeds the limit."""
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise InvalidEncodingError("the body is not gzip") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not stream.eof:
        raise InvalidEncodingError("the gzip stream ends before its end")
    if stream.unused_data:
        raise InvalidEncodingError("something follows the gzip stream")
    return plain


def split_batch(body: bytes, *, media: bytes) -> list[bytes]:
    """The events of a batch, each as its own bytes, in order; blank lines of NDJSON left out."""
    if media == JSON:
        bodies = _elements(body)
    else:
        bodies = [line for line in body.split(b"\n") if line and not line.isspace()]
    if not bodies:
        raise InvalidBatchError("a batch without events")
    if len(bodies) > BATCH_EVENTS_MAX:
        raise TooLargeError(f"{len(bodies)} events, the limit is {BATCH_EVENTS_MAX}")
    return bodies


def join_answers(answers: Sequence[Answer], *, media: bytes) -> Answer:
    """The answer to a batch: for each event its status and body, in the order they were sent.

    Where all events were refused for want of capacity, the whole batch is, so that a client that
    looks only at the status sends it again.
    """
    first = answers[0]
    if first.status in (429, 503) and all(answer.status == first.status for answer in answers):
        return first
    parts = [b'{"status":%d,"body":%b}' % (answer.status, answer.body) for answer in answers]
    if media == JSON:
        return Answer(200, b"[" + b",".join(parts) + b"]")
    return Answer(200, b"\n".join(parts) + b"\n", media=NDJSON)


def _elements(body: bytes) -> list[bytes]:
    try:
        return [bytes(element) for element in _RAW_LIST.decode(body)]
    except msgspec.ValidationError:
        raise InvalidBatchError("the body is JSON but no array") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidJsonError("the batch is not a JSON array") from None
    except RecursionError:
        raise InvalidJsonError("the batch is nested too deep") from None


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the limit is {limit} bytes")
