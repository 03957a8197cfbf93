"""Where checkpoints are kept outside the data directory, so that a rollback is noticed.

Whoever puts yesterday's database back, or another one, does not hold the second place too. A place
belongs to one journal: it keeps that journal's newest checkpoint and the one before it.
"""

from __future__ import annotations

import contextlib
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from fengkong.core.errors import RiskError

NAME: Final = "checkpoint"
PREVIOUS: Final = "checkpoint.previous"
NOTE_BYTES_MAX: Final = 1 << 20
TIMEOUT_S: Final = 5.0
_SCHEMES: Final = ("http", "https")


class SecondPlaceError(RiskError):
    """The second place of checkpoints cannot be read or written just now."""

    code = "journal.second_place"
    hint = "Bring the directory or address of `second_places` back, or name another one."


class SecondPlace(Protocol):
    """Keeps the newest signed checkpoint of one journal. Every call may raise SecondPlaceError."""

    def put(self, note: bytes) -> None:
        """Keep a note, durably, in the place of the one before."""
        ...

    def newest(self) -> bytes | None:
        """The note kept last; None where nothing was ever kept."""
        ...


class DirectoryPlace:
    """A directory, best on another disk."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __str__(self) -> str:
        return str(self.directory)

    def put(self, note: bytes) -> None:
        """Keep a note; a reader sees the old one or the new one, never a part."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.directory / NAME
            new = self.directory / (NAME + ".new")
            _write(new, note)
            with contextlib.suppress(FileNotFoundError):
                path.replace(self.directory / PREVIOUS)
            new.replace(path)
            _sync_directory(self.directory)
        except OSError as error:
            raise SecondPlaceError(f"{self}: {error.strerror or error}") from error

    def newest(self) -> bytes | None:
        """The note kept last, or the one before where the power went in the middle."""
        for name in (NAME, PREVIOUS):
            try:
                with (self.directory / name).open("rb") as file:
                    return file.read(NOTE_BYTES_MAX)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise SecondPlaceError(f"{self}: {error.strerror or error}") from error
        return None


class HttpPlace:
    """An address that keeps what is PUT to it and gives it back on GET; 404 while it is empty."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{parts.path}"

    def put(self, note: bytes) -> None:
        """Keep a note; any answer of 2xx counts as kept."""
        self._send("PUT", note)

    def newest(self) -> bytes | None:
        """The note kept last."""
        return self._send("GET", None)

    def _send(self, method: str, body: bytes | None) -> bytes | None:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self.url, data=body, method=method, headers={"Content-Type": "text/plain"}
        )
        try:
            with OPENER.open(request, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read(NOTE_BYTES_MAX)
                return content
        except urllib.error.HTTPError as error:
            with error:
                if method == "GET" and error.code == 404:
                    return None
                raise SecondPlaceError(f"{self} answers {error.code}") from error
        except OSError as error:
            reason = getattr(error, "reason", None) or error
            raise SecondPlaceError(f"{self}: {reason}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A checkpoint goes where it was told to, nowhere else."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        """Follow none."""


OPENER: Final = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
"""Asks an address itself, through no proxy and no redirection."""


def second_place(text: str) -> SecondPlace:
    """The place that a setting names: a directory or an http(s) address."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        return DirectoryPlace(Path(text))
    if scheme.lower() not in _SCHEMES:
        raise SecondPlaceError(f"{text[:80]!r} is neither a directory nor http:// or https://")
    return HttpPlace(text)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
