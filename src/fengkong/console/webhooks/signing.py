"""Signatures of webhooks, as the Standard Webhooks specification has them.

The signed text is ``{id}.{timestamp}.{body}``, the signature HMAC-SHA256 over it, in base64 behind
``v1,``; during a rotation a message carries one for each valid secret, separated by spaces.
Source: Standard Webhooks specification 1.0.0, "Signature scheme".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from fengkong.core.errors import RiskError

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""The specification allows 24 to 64."""
SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64
TOLERANCE_S: Final = 300
"""How far the clock of who verifies may be from the time stamp."""


class InvalidSignatureError(RiskError):
    """A webhook is not signed by any secret given, or was signed too long ago."""

    code = "webhooks.invalid_signature"
    hint = "Refuse the message; check that secret and clock are right."


def new_secret() -> str:
    """A secret as it is shown, once, to who receives."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_headers(
    *, message_id: str, timestamp: int, body: bytes, secrets_valid: Sequence[str]
) -> dict[str, str]:
    """The three headers of a message; `timestamp` in seconds since 1970 is that of the attempt."""
    assert "." not in message_id, "the id would be ambiguous in what is signed"
    signed = [_signature(message_id, timestamp, body, secret) for secret in secrets_valid]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
    }


def verify(headers: Mapping[str, str], *, body: bytes, secret: str, now: int) -> None:
    """Raise `InvalidSignatureError` unless one of the signatures is of this secret and fresh.

    `headers` have names in small letters, `now` is in seconds since 1970.
    """
    try:
        message_id, written = headers["webhook-id"], headers["webhook-timestamp"]
        given = headers["webhook-signature"].split()
        timestamp = int(written)
    except (KeyError, ValueError):
        raise InvalidSignatureError("the headers of a webhook are missing or malformed") from None
    if abs(now - timestamp) > TOLERANCE_S:
        raise InvalidSignatureError(f"it was signed {abs(now - timestamp)} s away from now")
    expected = _signature(message_id, timestamp, body, secret).encode()
    if not any(hmac.compare_digest(one.encode(), expected) for one in given):
        raise InvalidSignatureError("no signature of it is of this secret")


def _signature(message_id: str, timestamp: int, body: bytes, secret: str) -> str:
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise InvalidSignatureError("the secret is not whsec_ and base64") from None
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise InvalidSignatureError("the secret has not 24 to 64 bytes")
    return key
