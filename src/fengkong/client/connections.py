"""HTTP connections to one address, kept open between requests."""

from __future__ import annotations

import http.client
import ssl
import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fengkong.client.errors import ClientError, InvalidAddressError

ANSWER_BYTES_MAX: Final = 256 * 1024 * 1024
IDLE_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the service is; `prefix` stands before every path."""

    tls: bool
    host: str
    port: int
    prefix: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A whole answer; `retry_after` in seconds, 0 where it says nothing."""

    status: int
    body: bytes
    retry_after: float


def parse_address(url: str) -> Address:
    """The address in a URL of http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidAddressError(f"{url[:200]!r}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidAddressError(f"{url[:200]!r} is not http:// or https:// with a host")
    tls = parts.scheme == "https"
    return Address(
        tls=tls,
        host=parts.hostname,
        port=port or (443 if tls else 80),
        prefix=parts.path.rstrip("/"),
    )


class StaleConnectionError(OSError):
    """A connection that was kept had ended meanwhile; a new one may well succeed."""


class Connections:
    """Asks over connections that are kept; as many as threads ask at once, safe from any thread."""

    def __init__(self, address: Address, *, timeout: float, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._timeout = timeout
        self._context = context
        self._idle: list[http.client.HTTPConnection] = []
        self._turn = threading.Lock()

    def ask(self, method: str, path: str, *, body: bytes, headers: dict[str, str]) -> Raw:
        """One request and its answer. A failure of any kind drops the connection and raises.

        Raises OSError (of it StaleConnectionError, after which all kept ones are dropped) or
        http.client.HTTPException.
        """
        kept = self._kept()
        if kept is None:
            return self._ask(self._opened(), method, path, body=body, headers=headers)
        try:
            return self._ask(kept, method, path, body=body, headers=headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise StaleConnectionError(str(error)) from error

    def ask_afresh(self, method: str, path: str, *, body: bytes, headers: dict[str, str]) -> Raw:
        """The same over a new connection, for a request that must not be sent twice."""
        return self._ask(self._opened(), method, path, body=body, headers=headers)

    def close(self) -> None:
        """Close the connections that lie idle."""
        with self._turn:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: dict[str, str],
    ) -> Raw:
        whole = False
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            content = _whole(response)
            whole = True
        finally:
            if whole:
                self._keep(connection)
            else:
                connection.close()
        retry = response.getheader("Retry-After", "")
        return Raw(
            status=response.status,
            body=content,
            retry_after=float(retry) if retry.isdigit() and len(retry) < 7 else 0.0,
        )

    def _kept(self) -> http.client.HTTPConnection | None:
        with self._turn:
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._turn:
            if connection.sock is not None and len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def _opened(self) -> http.client.HTTPConnection:
        where = self._address
        if where.tls:
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(
                where.host, where.port, timeout=self._timeout, context=context
            )
        return http.client.HTTPConnection(where.host, where.port, timeout=self._timeout)


def _whole(response: http.client.HTTPResponse) -> bytes:
    """The body, all of it; http.client itself is content with less when it reads up to a limit."""
    content = response.read(ANSWER_BYTES_MAX + 1)
    if len(content) > ANSWER_BYTES_MAX:
        raise ClientError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
    length = response.getheader("Content-Length", "")
    if length.isdigit() and len(content) < int(length):
        raise http.client.IncompleteRead(content, int(length) - len(content))
    return content
