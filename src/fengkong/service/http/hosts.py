"""Which Host headers name this service: a page of another site cannot talk to it by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(rb"([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")
_KEPT_MAX: Final = 64


class Hosts:
    """The names that the service answers to, on any port."""

    def __init__(self, names: Iterable[str] = LOOPBACK) -> None:
        self._names = frozenset(name.lower().encode("ascii") for name in names)
        self._seen: set[bytes] = set()

    def admits(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether a request with these headers has one Host and it names this service."""
        found: bytes | None = None
        for name, value in headers:
            if name == b"host":
                if found is not None:
                    return False
                found = value
        if found is None:
            return False
        return found in self._seen or self._examine(found)

    def _examine(self, value: bytes) -> bool:
        match = _HOST.fullmatch(value.lower())
        if match is None or match[1] not in self._names:
            return False
        if len(self._seen) < _KEPT_MAX:
            self._seen.add(value)
        return True
