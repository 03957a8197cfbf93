"""Files and short texts of personal data that the console keeps for a while: sealed."""

from __future__ import annotations

import hmac
import io
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings

from fengkong.protection.guarded_files import create_guarded, read_guarded
from fengkong.protection.sealed_files import open_file, seal_file

KEY_FILE: Final = "console-files.key"
FOLDER: Final = "console-exports"
_KEY_BYTES: Final = 32


def seal_text(text: str, *, context: str) -> bytes:
    """A text sealed; it opens only for the same context."""
    sealed = io.BytesIO()
    seal_file(io.BytesIO(text.encode()), sealed, secret=_secret(), bound=context.encode())
    return sealed.getvalue()


def open_text(sealed: bytes, *, context: str) -> str:
    """The text; raises TamperedFileError."""
    opened = io.BytesIO()
    open_file(io.BytesIO(sealed), opened, secret=_secret(), bound=context.encode())
    return opened.getvalue().decode()


def blind_numbers(texts: Iterable[str], *, context: str) -> dict[str, int]:
    """Keyed hashes of texts, signed numbers of 64 bits: equal texts of one context have equal ones.

    Their key is derived from the one that seals, for each context another.
    """
    key = hmac.digest(_secret(), f"blind:{context}".encode(), "sha256")
    return {
        text: int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:8], "big", signed=True)
        for text in texts
    }


def keep_file(source: BinaryIO, *, name: str) -> None:
    """Keep a file sealed under a name; one that is there is replaced whole."""
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:  # noqa: PTH123
        seal_file(source, target, secret=_secret(), bound=name.encode())
        target.flush()
        os.fsync(target.fileno())
    new.replace(path)


def kept_file(name: str) -> bytes:
    """A kept file in the clear; raises FileNotFoundError, TamperedFileError."""
    opened = io.BytesIO()
    with _path(name).open("rb") as source:
        open_file(source, opened, secret=_secret(), bound=name.encode())
    return opened.getvalue()


def forget_file(name: str) -> None:
    """Remove a kept file; harmless where there is none."""
    _path(name).unlink(missing_ok=True)


def _path(name: str) -> Path:
    assert "/" not in name, "names are our own"
    directory: Path = settings.CONSOLE.directory
    return directory / FOLDER / f"{name}.sealed"


def _secret() -> bytes:
    """The key of this data directory, made where there is none."""
    place: Path = settings.CONSOLE.keys / KEY_FILE
    if not place.exists():
        with suppress(FileExistsError):  # another process was first
            create_guarded(place, os.urandom(_KEY_BYTES))
    content, _ = read_guarded(place)
    return content


def working_folder() -> Path:
    """Where a file may be made before it is sealed: nobody else reads there."""
    folder: Path = settings.CONSOLE.directory / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
