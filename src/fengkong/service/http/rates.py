"""How much each API key may send: a token bucket a key."""

from __future__ import annotations

from typing import Final

_WHOLE: Final = 1e-9


class Rates:
    """Buckets of tokens by key; there are as many as keys, and only keys that exist have one."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key_id: str, *, rate: float, burst: float, now: float) -> float:
        """Take one token; returns the seconds until there is one, 0 when it was taken.

        `now` is a monotonic clock in seconds; `rate` is in tokens a second.
        """
        tokens, since = self._buckets.get(key_id, (burst, now))
        tokens = min(burst, tokens + (now - since) * rate)
        if tokens < 1 - _WHOLE:
            self._buckets[key_id] = (tokens, now)
            return (1 - tokens) / rate
        self._buckets[key_id] = (tokens - 1, now)
        return 0.0

    def owe(self, key_id: str, tokens: int) -> None:
        """Take more tokens for what is being answered already; later requests wait for them."""
        bucket = self._buckets.get(key_id)
        if bucket is not None:
            self._buckets[key_id] = (bucket[0] - tokens, bucket[1])
