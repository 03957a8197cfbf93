"""The two hash functions a ledger can stand on, with the prefixes of RFC 6962.

`HASHES["sha256"]` (the default, as transparency logs everywhere) and `HASHES["sm3"]` (GB/T 32905).
Both give 32 bytes. `hash_named(text)` raises `UnknownHashError` for any other name. A `Hash` has

- `name`, `digest(data)`: the plain hash;
- `leaf_hash(data)`: H(0x00 || data), the hash of an entry;
- `node_hash(left, right)`: H(0x01 || left || right), the hash of an inner node;
- `empty_root`: the root of the tree without entries, H("").

`NO_PREVIOUS` (32 zero bytes) stands where the first entry names its predecessor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes as primitives

from fengkong.core.errors import RiskError

HASH_SIZE: Final = 32
NO_PREVIOUS: Final = bytes(HASH_SIZE)


class UnknownHashError(RiskError):
    """A ledger names a hash function that this program does not have."""

    code = "ledger.unknown_hash"
    hint = "Use sha256 or sm3; a ledger keeps the function it was made with."


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash function as a Merkle tree needs it; the callables take their arguments by place."""

    name: str
    digest: Callable[[bytes], bytes]
    leaf_hash: Callable[[bytes], bytes]
    node_hash: Callable[[bytes, bytes], bytes]
    empty_root: bytes


def _sha256() -> Hash:
    sha256 = hashlib.sha256

    def digest(data: bytes) -> bytes:
        return sha256(data).digest()

    def leaf_hash(data: bytes) -> bytes:
        return sha256(b"\x00" + data).digest()

    def node_hash(left: bytes, right: bytes) -> bytes:
        return sha256(b"\x01" + left + right).digest()

    return Hash("sha256", digest, leaf_hash, node_hash, digest(b""))


def _sm3() -> Hash:
    digest = _sm3_of_hashlib() if "sm3" in hashlib.algorithms_available else _sm3_of_cryptography()

    def leaf_hash(data: bytes) -> bytes:
        return digest(b"\x00" + data)

    def node_hash(left: bytes, right: bytes) -> bytes:
        return digest(b"\x01" + left + right)

    return Hash("sm3", digest, leaf_hash, node_hash, digest(b""))


def _sm3_of_hashlib() -> Callable[[bytes], bytes]:
    fresh = hashlib.new("sm3").copy  # a copy costs less than a look-up by name

    def digest(data: bytes) -> bytes:
        state = fresh()
        state.update(data)
        return state.digest()

    return digest


def _sm3_of_cryptography() -> Callable[[bytes], bytes]:
    def digest(data: bytes) -> bytes:
        state = primitives.Hash(primitives.SM3())
        state.update(data)
        return state.finalize()

    return digest


SHA256: Final = _sha256()
SM3: Final = _sm3()
HASHES: Final = {"sha256": SHA256, "sm3": SM3}


def hash_named(name: str) -> Hash:
    """The hash function of this name; `UnknownHashError` where there is none."""
    found = HASHES.get(name)
    if found is None:
        raise UnknownHashError(f"unknown hash function {name!r}: expected sha256 or sm3")
    return found
