"""The wall clock, at the one place where the service looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Gives an instant in microseconds since 1970."""


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
