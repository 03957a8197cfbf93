"""Keys under keys: how a master key wraps what lies in the store.

A wrapped key is version, algorithm number, nonce, ciphertext and tag. The associated data bind it
to its journal, its purpose and the id of its master, so that wrapped keys cannot change places.
"""

from __future__ import annotations

from os import urandom
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag

from fengkong.protection.aead import ALGORITHMS, ALGORITHMS_BY_NUMBER, NONCE_BYTES, TAG_BYTES
from fengkong.protection.errors import TamperedKeyError

_VERSION: Final = 1
_OVERHEAD: Final = 2 + NONCE_BYTES + TAG_BYTES


class MasterKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that wraps keys; it stays in memory and in its provider, never in the journal."""

    id: str
    algorithm: str
    secret: bytes

    def __repr__(self) -> str:
        return f"MasterKey({self.id!r}, {self.algorithm!r})"


class MasterKeys(Protocol):
    """Where master keys come from: a file, the environment, a key service."""

    def current(self) -> MasterKey:
        """The master under which new keys are wrapped."""
        ...

    def by_id(self, master_id: str) -> MasterKey:
        """A master that may be older; raises UnknownMasterError."""
        ...

    def reload(self) -> None:
        """Read the source again now."""
        ...


def wrap(secret: bytes, *, master: MasterKey, purpose: bytes) -> bytes:
    """A secret under a master key, bound to its purpose."""
    algorithm = ALGORITHMS[master.algorithm]
    header = bytes((_VERSION, algorithm.number))
    nonce = urandom(NONCE_BYTES)
    associated = header + _bound(master.id, purpose)
    return header + nonce + algorithm.cipher(master.secret).encrypt(nonce, secret, associated)


def unwrap(wrapped: bytes, *, master: MasterKey, purpose: bytes) -> bytes:
    """The secret; raises TamperedKeyError for anything that `wrap` did not make so."""
    algorithm = ALGORITHMS_BY_NUMBER.get(wrapped[1]) if len(wrapped) > _OVERHEAD else None
    if algorithm is None or wrapped[0] != _VERSION or algorithm.name != master.algorithm:
        raise TamperedKeyError(f"a key under master {master.id} has a form nobody wrote")
    header, nonce = wrapped[:2], wrapped[2 : 2 + NONCE_BYTES]
    try:
        return algorithm.cipher(master.secret).decrypt(
            nonce, wrapped[2 + NONCE_BYTES :], header + _bound(master.id, purpose)
        )
    except InvalidTag:
        raise TamperedKeyError(f"a wrapped key does not open under master {master.id}") from None


def _bound(master_id: str, purpose: bytes) -> bytes:
    name = master_id.encode()
    return len(name).to_bytes(2) + name + purpose
