"""API keys: what they are, how they are written, what of them is kept.

A key is written ``fk_<id>_<secret>``: 16 hexadecimal digits, and 43 characters that are 32 random
bytes. Kept are the SHA-256 of the secret and an Ed25519 public key whose private half is derived
from the secret. Neither lets anyone act as the holder.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fengkong.protection.errors import InvalidTermsError

SCOPES: Final = (
    "decide",
    "record",
    "read",
    "explain",
    "policy",
    "audit",
    "find",
    "metrics",
    "admin",
)
SIGNING_PURPOSE: Final = b"fengkong http signature"
PREFIX: Final = "fk_"
ID_LENGTH: Final = 16
SECRET_LENGTH: Final = 43
TEXT_LENGTH: Final = len(PREFIX) + ID_LENGTH + 1 + SECRET_LENGTH
NAME_LENGTH_MAX: Final = 128
RATE_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """What a new key may do. `require_signature`: its secret is never accepted as a bearer token.

    `expires_at` in microseconds since 1970, None for never; `burst` events at once and
    `rate_per_second` in the long run.
    """

    name: str
    scopes: frozenset[str]
    expires_at: int | None = None
    rate_per_second: float = 1000.0
    burst: int = 2000
    require_signature: bool = False

    def check(self) -> None:
        """Raise InvalidTermsError unless a key can be made of this."""
        if not (1 <= len(self.name) <= NAME_LENGTH_MAX and self.name.isprintable()):
            raise InvalidTermsError(f"the name has 1 to {NAME_LENGTH_MAX} printable characters")
        unknown = sorted(self.scopes - set(SCOPES))
        if unknown or not self.scopes:
            named = f"{', '.join(unknown)}: unknown; " if unknown else ""
            raise InvalidTermsError(f"{named}the scopes are {', '.join(SCOPES)}")
        if not (math.isfinite(self.rate_per_second) and 0 < self.rate_per_second <= RATE_MAX):
            raise InvalidTermsError(f"the rate is above 0 and at most {RATE_MAX:,} a second")
        if not 1 <= self.burst <= RATE_MAX:
            raise InvalidTermsError(f"the burst is 1 to {RATE_MAX:,} events")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept; instants in microseconds since 1970, None for never."""

    id: str
    name: str
    scopes: frozenset[str]
    secret_hash: bytes
    public_key: bytes
    rate_per_second: float
    burst: int
    require_signature: bool
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None = None

    def is_valid(self, now: int) -> bool:
        """Whether it may be used: not revoked, not expired (it ends at `expires_at`)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and its text, which is shown this once and kept nowhere."""

    key: ApiKey
    text: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.key.id!r})"


def issue(terms: KeyTerms, *, now: int) -> IssuedKey:
    """A new key with a secret nobody has seen."""
    terms.check()
    key_id = secrets.token_hex(ID_LENGTH // 2)
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        id=key_id,
        name=terms.name,
        scopes=terms.scopes,
        secret_hash=secret_hash(secret),
        public_key=signing_key(secret).public_key().public_bytes_raw(),
        rate_per_second=terms.rate_per_second,
        burst=terms.burst,
        require_signature=terms.require_signature,
        created_at=now,
        expires_at=terms.expires_at,
        revoked_at=None,
    )
    return IssuedKey(key, f"{PREFIX}{key_id}_{secret}")


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret; 32 random bytes need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def signing_key(secret: str) -> Ed25519PrivateKey:
    """The key with which the holder of a secret signs requests (HKDF-SHA256 of its text)."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=SIGNING_PURPOSE)
    return Ed25519PrivateKey.from_private_bytes(derivation.derive(secret.encode()))
