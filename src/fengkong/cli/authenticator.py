"""`fengkong operator code`: the code of an authenticator, for demonstrations and tests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import time
from typing import Final

from fengkong.cli.screen import OUTPUT
from fengkong.core.errors import RiskError

STEP_S: Final = 30
DIGITS: Final = 6


class InvalidSecretError(RiskError):
    """The secret of an authenticator is not written in base 32."""

    code = "cli.invalid_secret"
    hint = "Copy the secret as it was shown, letters A to Z and digits 2 to 7."


def show_code(secret: str) -> None:
    """Print the code of a secret that is valid now; raises InvalidSecretError."""
    OUTPUT.print(code_at(secret, seconds=int(time.time())), markup=False)


def code_at(secret: str, *, seconds: int) -> str:
    """What an authenticator shows at a time, in seconds since 1970 (RFC 6238, RFC 4226)."""
    text = secret.upper().replace(" ", "").rstrip("=")
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise InvalidSecretError("it is not base 32") from None
    digest = hmac.new(key, struct.pack(">Q", seconds // STEP_S), hashlib.sha1).digest()
    place = digest[-1] & 0x0F
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"
