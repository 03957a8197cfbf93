"""A listed value: found by its digest, kept sealed, shown masked."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from fengkong.console.personal.masking import BY_ENTITY, mask_device
from fengkong.console.personal.sealing import open_text, seal_text
from fengkong.protection.guarded_files import create_guarded, read_guarded
from fengkong.protection.keyed_digest import KeyedDigest

KEY_FILE: Final = "console-lists.key"
_DIGEST_BYTES: Final = 16
_DIGESTS: Final[dict[Path, KeyedDigest]] = {}


def digest_of(list_name: str, value: str) -> str:
    """The digest under which a value on a list is found, in hexadecimal."""
    message = f"{list_name}\0{value}".encode()
    return _digest().of(message)[:_DIGEST_BYTES].hex()


def sealed_value(list_name: str, value: str) -> bytes:
    """The value sealed, to be opened for this list only."""
    return seal_text(value, context=f"list:{list_name}")


def opened_value(list_name: str, sealed: bytes) -> str:
    """The value in the clear, on its way to the decision service or to who revealed it."""
    return open_text(sealed, context=f"list:{list_name}")


def masked_value(entity: str, value: str) -> str:
    """What a screen shows of a value of an entity; little of one whose entity is not known."""
    mask = BY_ENTITY.get(entity) if entity else mask_device
    return (value if mask is None else mask(value))[:160]


def _digest() -> KeyedDigest:
    place: Path = settings.CONSOLE.keys / KEY_FILE
    if place not in _DIGESTS:
        if not place.exists():
            with suppress(FileExistsError):  # another process was first
                create_guarded(place, os.urandom(32))
        content, _ = read_guarded(place)
        _DIGESTS[place] = KeyedDigest(content)
    return _DIGESTS[place]
