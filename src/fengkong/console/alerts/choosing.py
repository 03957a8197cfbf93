"""A share of things, chosen by a keyed hash: the same ones every time, and none can foresee them.

Who does not have the key cannot tell which alerts a second person will judge.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

from fengkong.console.configuration import ConsoleSettings
from fengkong.protection.guarded_files import create_guarded, read_guarded

KEY_FILE: Final = "choosing.key"
_KEY_BYTES: Final = 32
_WHOLE: Final = 2**64


def chosen(name: str, *, share: float, key: bytes) -> bool:
    """Whether a thing is in the sample; a larger share holds everything that a smaller one does."""
    digest = hmac.digest(key, name.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8]) < share * _WHOLE


def choosing_key() -> bytes:
    """The key of the data directory, made where there is none."""
    console: ConsoleSettings = settings.CONSOLE
    return _key(console.keys)


@cache
def _key(keys: Path) -> bytes:
    place = keys / KEY_FILE
    if not place.exists():
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first
            create_guarded(place, os.urandom(_KEY_BYTES).hex().encode() + b"\n")
    content, _ = read_guarded(place)
    return bytes.fromhex(content.decode().strip())
