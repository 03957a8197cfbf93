"""Files sealed in chunks: flat in memory, and a cut, a swap or a flip anywhere is noticed.

A file is ``magic 8 | salt 32`` and chunks of ciphertext and tag. Its key comes from the secret and
the salt. The nonce of a chunk is its number (11 bytes) and whether it is the last (1 byte), so that
chunks cannot be moved, dropped or added (the STREAM construction of Hoang, Reyhanitabar, Rogaway
and Vizár, 2015). The file's purpose is associated with every chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import urandom
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fengkong.protection.aead import NONCE_BYTES, TAG_BYTES
from fengkong.protection.errors import TamperedFileError

CHUNK_BYTES: Final = 1 << 20
_MAGIC: Final = b"FKSEAL\x00\x01"
_SALT_BYTES: Final = 32


def seal_file(source: BinaryIO, target: BinaryIO, *, secret: bytes, bound: bytes) -> None:
    """Write the sealed form of everything in `source`, under AES-256-GCM."""
    salt = urandom(_SALT_BYTES)
    cipher = _cipher(secret, salt=salt)
    target.write(_MAGIC + salt)
    for number, chunk, last in _chunks(source, size=CHUNK_BYTES):
        sealed = cipher.encrypt(_nonce(number, last=last), chunk, _MAGIC + bound)
        target.write(sealed)


def open_file(source: BinaryIO, target: BinaryIO, *, secret: bytes, bound: bytes) -> None:
    """Write what was sealed; raises TamperedFileError, perhaps after some chunks were written."""
    if source.read(len(_MAGIC)) != _MAGIC:
        raise TamperedFileError("not a sealed file of a known form")
    cipher = _cipher(secret, salt=source.read(_SALT_BYTES))
    for number, chunk, last in _chunks(source, size=CHUNK_BYTES + TAG_BYTES):
        try:
            target.write(cipher.decrypt(_nonce(number, last=last), chunk, _MAGIC + bound))
        except InvalidTag:
            raise TamperedFileError(f"chunk {number} of a sealed file was altered") from None


def _chunks(source: BinaryIO, *, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, and whether nothing follows; at least one, which may be empty."""
    number = 0
    chunk = source.read(size)
    while True:
        following = source.read(size)
        yield number, chunk, not following
        if not following:
            return
        number += 1
        chunk = following


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1) + bytes((last,))


def _cipher(secret: bytes, *, salt: bytes) -> AESGCM:
    info = b"fengkong sealed file"
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret))
