"""The secret that signs what browsers carry: made at the first start, kept by the other keys."""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from pathlib import Path

from fengkong.protection.guarded_files import create_guarded, read_guarded


def session_secret(keys: Path) -> str:
    """The secret of a data directory, made where there is none."""
    place = keys / "console.key"
    if not place.exists():
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first
            create_guarded(place, base64.urlsafe_b64encode(os.urandom(48)) + b"\n")
    content, _ = read_guarded(place)
    return content.decode().strip()
