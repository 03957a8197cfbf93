"""Signs in as a person does: name and password, then the code of the authenticator app."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from tests.browser.made import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""The authenticator secret of every made operator (TOTP_SECRET of tests/console/operators.py)."""


def code_at(seconds: float, secret: str = SECRET) -> str:
    """The six digits of an authenticator app (RFC 6238: SHA-1, 30 seconds)."""
    counter = struct.pack(">Q", int(seconds) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    place = digest[-1] & 15
    number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def sign_in(page: Any, base: str, who: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", who)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form:has(input[name=password]) button[type=submit]")
    page.fill("input[name=code]", code_at(time.time()))
    page.click("main form:has(input[name=code]) button[type=submit]")
    page.wait_for_selector(".fk-operator")
