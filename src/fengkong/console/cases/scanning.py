"""Has a virus scanner look at a file before it is kept: clamd, by its command INSTREAM (clamd(8)).

The scanner is named by the setting `virus_scanner`; without one nothing is scanned, and the screen
says so. A scanner that is named and does not answer keeps files out: an unscanned file is not
kept as a scanned one.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from fengkong.console.cases.errors import InfectedFileError, UnscannedFileError

TIMEOUT_S: Final = 20.0
CHUNK_BYTES: Final = 64 * 1024
REPLY_BYTES_MAX: Final = 4_096
_PORT: Final = 3_310
_COMMAND: Final = b"zINSTREAM\0"
_END: Final = struct.pack("!I", 0)
_FOUND: Final = re.compile(r"^stream: (.{1,200}) FOUND$")
_CLEAN: Final = "stream: OK"


def is_scanning() -> bool:
    """Whether a scanner is named."""
    return bool(settings.CONSOLE.virus_scanner)


def scan(content: bytes) -> None:
    """Have it looked at, where a scanner is named.

    Raises InfectedFileError, UnscannedFileError where the scanner does not answer.
    """
    if not is_scanning():
        return
    try:
        reply = _ask(settings.CONSOLE.virus_scanner, content)
    except OSError as error:
        raise UnscannedFileError(f"the scanner cannot be reached: {error}"[:200]) from error
    if found := _FOUND.match(reply):
        raise InfectedFileError(f"the scanner calls it {found[1]}")
    if reply != _CLEAN:
        raise UnscannedFileError(f"the scanner said {reply[:120]!r}")


def _ask(address: str, content: bytes) -> str:
    """What the scanner says of a content, up to its NUL."""
    with _connected(address) as link:
        link.sendall(_COMMAND)
        for at in range(0, len(content), CHUNK_BYTES):
            part = content[at : at + CHUNK_BYTES]
            link.sendall(struct.pack("!I", len(part)) + part)
        link.sendall(_END)
        reply = b""
        while b"\0" not in reply and len(reply) < REPLY_BYTES_MAX:
            more = link.recv(REPLY_BYTES_MAX)
            if not more:
                break
            reply += more
    return reply.partition(b"\0")[0].decode("utf-8", "replace").strip()


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    """A socket to ``unix:///run/clamav/clamd.ctl`` or ``tcp://127.0.0.1:3310``."""
    parts = urlsplit(address)
    if parts.scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(TIMEOUT_S)
            link.connect(parts.path)
            yield link
        return
    place = (parts.hostname or "", parts.port or _PORT)
    with socket.create_connection(place, timeout=TIMEOUT_S) as link:
        yield link
