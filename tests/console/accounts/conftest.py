"""A clock that tests set, and codes as an authenticator app makes them."""

import base64
import datetime as dt
import hashlib
import hmac
import struct
import time

import pytest
from django.utils import timezone


class Clock:
    """The time that Django, allauth and axes see; it stands until it is moved."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 30, 9, 0, 0, tzinfo=dt.UTC)

    def move(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(timezone, "now", lambda: found.now)
    monkeypatch.setattr("axes.handlers.proxy.now", lambda: found.now)
    monkeypatch.setattr("axes.attempts.now", lambda: found.now)
    monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: found.now)
    monkeypatch.setattr(time, "time", lambda: found.now.timestamp())  # noqa: PLW0108 - it moves
    return found


def totp(secret: str, *, at: float) -> str:
    """RFC 6238 with the values that apps take for granted: SHA-1, 30 seconds, six digits."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">Q", int(at // 30)), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


@pytest.fixture
def code_now(clock: Clock) -> object:
    """The code that an authenticator app shows now."""
    return lambda secret: totp(secret, at=clock.now.timestamp())
