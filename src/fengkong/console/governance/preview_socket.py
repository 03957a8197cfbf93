"""The way from the console to the preview process: messages over a Unix socket."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from fengkong.core.errors import Fault, FaultsError, RiskError

FILE_NAME: Final = "preview.sock"
STARTED: Final = "The preview answers."
"""What the preview process writes once it can be asked."""
LENGTH: Final = struct.Struct(">I")
MESSAGE_MAX: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 30.0
_ADDRESS_MAX: Final = 100


class PreviewUnavailableError(RiskError):
    """The preview process does not answer."""

    code = "console.preview_unavailable"
    hint = "Start it with `fengkong up`; drafts can be saved and checked without it."


class PreviewRefusedError(RiskError):
    """The preview process could not answer the question."""

    code = "console.preview_refused"
    hint = "Correct what the message names, or wait until the newest days are read."


def socket_place(data: Path) -> Path:
    """Where the preview process of a data directory listens."""
    return data / FILE_NAME


@contextmanager
def bound_address(place: Path) -> Iterator[str]:
    """An address that fits, for addresses of sockets are short."""
    if len(os.fsencode(place)) <= _ADDRESS_MAX:
        yield str(place)
        return
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{place.name}"
    finally:
        os.close(folder)


def ask_preview(data: Path, question: dict[str, Any], *, timeout: float = TIMEOUT_S) -> Any:
    """The answer to a question.

    Raises `PreviewUnavailableError`, `PreviewRefusedError`, or FaultsError where a policy of the
    question has faults.
    """
    try:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking,
            bound_address(socket_place(data)) as address,
        ):
            asking.settimeout(timeout)
            asking.connect(address)
            write_message(asking, msgspec.json.encode(question))
            said = msgspec.json.decode(read_message(asking))
    except (OSError, EOFError) as error:
        raise PreviewUnavailableError(f"no answer: {type(error).__name__}") from error
    if said["ok"]:
        return said["value"]
    faults = [Fault(**fault) for fault in said["faults"]]
    if len(faults) > 1 or (faults and faults[0].line is not None):
        raise FaultsError(faults)
    raise PreviewRefusedError(str(said["message"]))


def write_message(to: socket.socket, content: bytes) -> None:
    """Send one message."""
    to.sendall(LENGTH.pack(len(content)) + content)


def read_message(source: socket.socket) -> bytes:
    """Receive one message; raises EOFError where the other side went, or sends too much."""
    (length,) = LENGTH.unpack(_read(source, LENGTH.size))
    if length > MESSAGE_MAX:
        raise EOFError(f"a message of {length:,} bytes")
    return _read(source, length)


def _read(source: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = source.recv(min(1 << 16, count - len(parts)))
        if not part:
            raise EOFError("the other side has closed")
        parts += part
    return bytes(parts)
