"""No signed request acts twice: nonces that are durable before the request they belong to.

A nonce is remembered as long as its signature could still be in time. Before it is forgotten, a
watermark of its key rises to its creation, and every signature created at or before the watermark
is refused, whatever the clock says afterwards. A clock that was years ahead can therefore lock out
the keys that were used then, never let one of their requests act again; a new key is free of it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from fengkong.protection.access_file import access_errors, one_commit, open_access_file

SKEW_SECONDS: Final = 300
NONCES_MAX: Final = 2_000_000
_PURGE_EVERY_SECONDS: Final = 30
_DIGEST_BYTES: Final = 16
_SECOND_US: Final = 1_000_000

_WATERMARK: Final = "SELECT created FROM watermarks WHERE key_id = ?"
_INSERT: Final = "INSERT INTO nonces VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_COUNT: Final = "SELECT count(*) FROM nonces"
_CUT: Final = "SELECT created FROM nonces ORDER BY created LIMIT 1 OFFSET ?"
_RAISE: Final = """
INSERT INTO watermarks SELECT key_id, max(created) FROM nonces WHERE created < ? GROUP BY key_id
ON CONFLICT DO UPDATE SET created = max(created, excluded.created)
"""
_PURGE: Final = "DELETE FROM nonces WHERE created < ?"


class Use(NamedTuple):
    """A signature that wants to act: whose, its nonce, when it says it was made (seconds)."""

    key_id: str
    nonce: str
    created: int


class Nonces:
    """The nonces that were used, in the file of a data directory; call it from any thread.

    At most `nonces_max` are remembered: beyond that the oldest give way to their watermarks, so
    that slow requests are refused, never repeated ones let through.
    """

    def __init__(self, path: Path, *, nonces_max: int = NONCES_MAX) -> None:
        self._path = path
        self._nonces_max = nonces_max
        self._connection = open_access_file(path)
        self._turn = threading.Lock()
        with access_errors(path):
            self._count = int(self._connection.execute(_COUNT).get)
        self._purged_at = 0

    def check_and_remember(self, uses: Sequence[Use], *, now: int) -> list[bool]:
        """Whether each may act; those that may are remembered, durably, when this returns.

        `now` in microseconds since 1970. False: used before, out of time (300 seconds either
        way), or at or before its key's watermark. Raises AccessUnavailableError; then none may
        act.
        """
        second = now // _SECOND_US
        with access_errors(self._path), self._turn:
            count, purged_at = self._count, self._purged_at
            with one_commit(self._connection):
                answers = [self._remember(use, second=second) for use in uses]
                count += sum(answers)
                if abs(second - purged_at) >= _PURGE_EVERY_SECONDS or count > self._nonces_max:
                    count -= self._forget_old(second, count=count)
                    purged_at = second
            self._count, self._purged_at = count, purged_at
        return answers

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _remember(self, use: Use, *, second: int) -> bool:
        if abs(use.created - second) > SKEW_SECONDS:
            return False
        watermark = self._connection.execute(_WATERMARK, (use.key_id,)).get
        if watermark is not None and use.created <= watermark:
            return False
        self._connection.execute(_INSERT, (_digest(use), use.key_id, use.created))
        return self._connection.changes() == 1

    def _forget_old(self, second: int, *, count: int) -> int:
        """Forget what is out of time or too much, once the watermarks hold it; how many."""
        cut = second - SKEW_SECONDS
        if count > self._nonces_max:
            # Down to three quarters, so that this is rare.
            excess = count - self._nonces_max * 3 // 4
            cut = max(cut, self._connection.execute(_CUT, (excess - 1,)).get + 1)
        self._connection.execute(_RAISE, (cut,))
        self._connection.execute(_PURGE, (cut,))
        return self._connection.changes()


def _digest(use: Use) -> bytes:
    text = f"{use.key_id}\0{use.nonce}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).digest()
