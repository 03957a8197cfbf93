"""Asks one destination once and says what came back: bounded in time and size."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from fengkong.console.webhooks.destinations import Destination

Read = TypeVar("Read")
DEADLINE_S: Final = 10.0
"""For everything: connecting, sending, and reading the answer."""
ANSWER_BYTES_MAX: Final = 2_048
"""As much of an answer is read and kept; the rest is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: `status` is 0 where there was no answer, and `failure` says why."""

    status: int
    excerpt: str = ""
    failure: str = ""
    elapsed_ms: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the receiver has it: any 2xx, as the specification says."""
        return 200 <= self.status < 300


def post(
    destination: Destination,
    *,
    headers: Mapping[str, str],
    body: bytes,
    deadline_s: float = DEADLINE_S,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Post once; redirects are not followed and count as failures. Raises nothing of the network.

    `context` is what TLS trusts, the system's authorities unless given.
    """
    asked = _Asked("POST", destination.target, dict(headers), body)
    status, excerpt, failure, elapsed = _ask(
        destination, asked, _excerpt, deadline_s=deadline_s, context=context
    )
    return Answer(status=status, excerpt=excerpt or "", failure=failure, elapsed_ms=elapsed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What lay behind an address: `status` is 0 and `failure` says why where nothing came."""

    status: int
    body: bytes = b""
    failure: str = ""
    elapsed_ms: int = 0


def fetch(
    destination: Destination,
    *,
    headers: Mapping[str, str],
    bytes_max: int,
    deadline_s: float,
    context: ssl.SSLContext | None = None,
) -> Document:
    """Get a document once; redirects are not followed, one that is too large is a failure.

    Raises nothing of the network.
    """
    asked = _Asked("GET", destination.target, dict(headers))
    status, body, failure, elapsed = _ask(
        destination,
        asked,
        lambda response: response.read(bytes_max + 1),
        deadline_s=deadline_s,
        context=context,
    )
    if body is not None and len(body) > bytes_max:
        return Document(status=0, failure=f"larger than {bytes_max} bytes", elapsed_ms=elapsed)
    return Document(status=status, body=body or b"", failure=failure, elapsed_ms=elapsed)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None = None


def _ask(
    destination: Destination,
    asked: _Asked,
    read: Callable[[http.client.HTTPResponse], Read],
    *,
    deadline_s: float,
    context: ssl.SSLContext | None,
) -> tuple[int, Read | None, str, int]:
    """Status, what was read of the answer, the failure or nothing, and milliseconds."""
    began = time.monotonic()
    connection = _Pinned(destination, deadline_s=deadline_s, context=context)
    overdue = threading.Timer(deadline_s, connection.cut)
    overdue.start()
    status, found, failure = 0, None, ""
    try:
        connection.request(asked.method, asked.target, body=asked.body, headers=asked.headers)
        response = connection.getresponse()
        found = read(response)
        if connection.was_cut:  # the end of the line looked like the end of the answer
            raise TimeoutError
        status = response.status
    except (OSError, http.client.HTTPException) as error:
        late = connection.was_cut or isinstance(error, TimeoutError)
        found, failure = None, "timeout" if late else _failure(error)
    finally:
        overdue.cancel()
        connection.close()
    return status, found, failure, round((time.monotonic() - began) * 1000)


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was judged, whatever its name says by now."""

    def __init__(
        self, destination: Destination, *, deadline_s: float, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(destination.host, destination.port, timeout=deadline_s)
        self._destination = destination
        self._context = context
        self.was_cut = False

    def connect(self) -> None:
        """Connect to the judged address; TLS proves the name that was asked for."""
        to = (self._destination.connect_to, self._destination.port)
        self.sock = socket.create_connection(to, self.timeout)
        if self._destination.secure:
            context = self._context or ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._destination.host)

    def putrequest(self, method: str, url: str, *_args: object, **_more: object) -> None:
        """The request's line with the Host that was asked for, and nothing of our own beside it."""
        super().putrequest(method, url, skip_host=True, skip_accept_encoding=True)
        self.putheader("Host", self._destination.authority)

    def cut(self) -> None:
        """End it from another thread: whoever waits for the line wakes up."""
        self.was_cut = True
        held = self.sock
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def _excerpt(response: http.client.HTTPResponse) -> str:
    read = b""
    with suppress(OSError, http.client.HTTPException):  # the status is what counts
        read = response.read1(ANSWER_BYTES_MAX)
    return read.decode("utf-8", errors="replace").replace("\x00", "\ufffd")


def _failure(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"[:200]
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason}"[:200]
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return type(error).__name__
