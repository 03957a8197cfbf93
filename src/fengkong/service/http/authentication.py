"""Who sends a request, and whether it may: keys, signatures, scopes and rates."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fengkong.client.signatures import (
    InvalidSignatureError,
    Message,
    Signature,
    is_digest_of,
    parse_signature,
)
from fengkong.service.http.rates import Rates
from fengkong.service.http.routing import Route
from fengkong.service.port import ApiKey, Keys, Nonces
from fengkong.service.refusals import (
    ForbiddenError,
    RateLimitedError,
    ReplayedRequestError,
    UnauthenticatedError,
)

_BEARER: Final = b"Bearer "
_PORTS: Final = {"http": ":80", "https": ":443"}
_TOKEN_MAX: Final = 256
_KNOWN_SECONDS: Final = 0.2
_KNOWN_MAX: Final = 1024


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Whose request it is; `signature` where it was signed, to be spent once the body is here."""

    key: ApiKey
    signature: Signature | None = None


class Door:
    """Lets requests in. Every reason not to know the sender looks the same from outside."""

    def __init__(
        self,
        *,
        keys: Keys,
        nonces: Nonces,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._nonces = nonces
        self._clock = clock
        self._monotonic = monotonic
        self._rates = Rates()
        self._known: dict[bytes, ApiKey] = {}
        self._known_until = 0.0
        self._nobody = Ed25519PrivateKey.generate().public_key()

    def admit(
        self, *, route: Route, scope: Mapping[str, Any], named: Mapping[bytes, bytes]
    ) -> Visitor:
        """The sender, who may do this and is within the rate.

        Raises UnauthenticatedError, ForbiddenError or RateLimitedError.
        """
        now = self._monotonic()
        if b"signature-input" in named:
            visitor = self._signed(scope=scope, named=named)
        else:
            visitor = Visitor(key=self._bearer(named.get(b"authorization", b""), now=now))
        self._let_in(visitor.key, route=route, now=now)
        return visitor

    def admit_bearer(self, authorization: bytes, *, route: Route) -> None:
        """As `admit`, of a request that is known to carry this and no signature."""
        now = self._monotonic()
        self._let_in(self._bearer(authorization, now=now), route=route, now=now)

    def _let_in(self, key: ApiKey, *, route: Route, now: float) -> None:
        """Refuse a key that may not do this, or not so often."""
        if route.scope not in key.scopes:
            raise ForbiddenError(f"this needs the scope {route.scope}")
        wait = self._rates.take(key.id, rate=key.rate_per_second, burst=key.burst, now=now)
        if wait:
            error = RateLimitedError("more requests than this key may send")
            error.retry_after = math.ceil(wait)
            raise error

    async def spend(self, visitor: Visitor, *, body: bytes, named: Mapping[bytes, bytes]) -> None:
        """Check that the body is the one signed, and use the signature up, durably.

        Raises UnauthenticatedError or ReplayedRequestError.
        """
        signature = visitor.signature
        if signature is None:
            return
        digest = named.get(b"content-digest", b"").decode("latin-1").strip()
        if not is_digest_of(digest, body):
            raise _unknown_sender()
        fresh = await self._nonces.spend(
            key_id=visitor.key.id,
            nonce=signature.nonce,
            created=signature.created,
            now=self._clock() // 1000,
        )
        if not fresh:
            raise ReplayedRequestError("this signature was used before or is out of time")

    def charge(self, visitor: Visitor, events: int) -> None:
        """Count the events of a batch against the key's rate; the first was counted already."""
        self._rates.owe(visitor.key.id, events - 1)

    def _bearer(self, value: bytes, *, now: float) -> ApiKey:
        """The key in an Authorization header.

        One that was found good is taken as good for a fifth of a second: under load that saves
        most of the checks, and a key that ends is still refused well within a second.
        """
        if now >= self._known_until:
            self._known.clear()
            self._known_until = now + _KNOWN_SECONDS
        known = self._known.get(value)
        if known is not None:
            return known
        if value[:7] != _BEARER or len(value) > _TOKEN_MAX or not value.isascii():
            raise _unknown_sender()
        key = self._keys.authenticate(value[7:].decode("ascii"), self._clock() // 1000)
        if key is None or key.require_signature:
            raise _unknown_sender()
        if len(self._known) < _KNOWN_MAX:
            self._known[value] = key
        return key

    def _signed(self, *, scope: Mapping[str, Any], named: Mapping[bytes, bytes]) -> Visitor:
        try:
            signature = parse_signature(
                signature_input=named[b"signature-input"].decode("latin-1").strip(),
                signature=named.get(b"signature", b"").decode("latin-1").strip(),
            )
            now = self._clock() // 1000
            if signature.expires is not None and signature.expires * 1_000_000 <= now:
                raise _unknown_sender()
            key = self._keys.signer(signature.key_id, now)
            # An unknown key costs a verification as well.
            public = self._nobody if key is None else _public(key)
            signature.verify(_message(scope=scope, named=named), key=public)
        except InvalidSignatureError:
            raise _unknown_sender() from None
        if key is None:
            raise _unknown_sender()
        self._keys.note_use(key.id, now)
        return Visitor(key=key, signature=signature)


def _unknown_sender() -> UnauthenticatedError:
    return UnauthenticatedError("the request does not prove who sends it")


def _public(key: ApiKey) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key.public_key)


def _message(*, scope: Mapping[str, Any], named: Mapping[bytes, bytes]) -> Message:
    authority = named.get(b"host", b"").decode("latin-1").lower()
    return Message(
        method=scope["method"],
        authority=authority.removesuffix(_PORTS.get(scope["scheme"], "")),
        path=scope["raw_path"].decode("ascii", "replace"),
        query="?" + scope["query_string"].decode("ascii", "replace"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in named.items()},
    )
