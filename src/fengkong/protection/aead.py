"""The two ciphers that seal: AES-256-GCM, and SM4-GCM (GB/T 32907) where the law asks for it.

Both are authenticated with associated data, take 12-byte nonces and add a 16-byte tag. The number
of the algorithm stands in everything that was sealed, so that another can be added one day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class Aead(Protocol):
    """A cipher with its key; `decrypt` raises cryptography's InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The ciphertext followed by its tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext of a ciphertext followed by its tag."""
        ...

    def decrypt_into(
        self, nonce: bytes, data: bytes, associated_data: bytes, buffer: memoryview, /
    ) -> int:
        """The same into a buffer of just its length, which is given back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """A cipher to choose: its name in settings, its number in envelopes, its key's length."""

    name: str
    number: int
    key_bytes: int
    cipher: Callable[[bytes], Aead]


class Sm4Gcm:
    """SM4 in Galois/counter mode with the calls of `AESGCM`."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The ciphertext followed by its 16-byte tag."""
        context = Cipher(self._key, modes.GCM(nonce)).encryptor()
        context.authenticate_additional_data(associated_data)
        return context.update(data) + context.finalize() + context.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; raises InvalidTag for anything that was not sealed so."""
        if len(data) < TAG_BYTES:
            raise InvalidTag
        mode = modes.GCM(nonce, data[-TAG_BYTES:])
        context = Cipher(self._key, mode).decryptor()
        context.authenticate_additional_data(associated_data)
        return context.update(data[:-TAG_BYTES]) + context.finalize()

    def decrypt_into(
        self, nonce: bytes, data: bytes, associated_data: bytes, buffer: memoryview, /
    ) -> int:
        """The plaintext into a buffer of its length; raises InvalidTag as `decrypt` does."""
        buffer[:] = self.decrypt(nonce, data, associated_data)
        return len(buffer)


AES_256_GCM: Final = Algorithm(name="aes-256-gcm", number=1, key_bytes=32, cipher=AESGCM)
SM4_GCM: Final = Algorithm(name="sm4-gcm", number=2, key_bytes=16, cipher=Sm4Gcm)
ALGORITHMS: Final = {algorithm.name: algorithm for algorithm in (AES_256_GCM, SM4_GCM)}
ALGORITHMS_BY_NUMBER: Final = {algorithm.number: algorithm for algorithm in ALGORITHMS.values()}
