"""IANA time zones by name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from fengkong.rules.errors import InvalidCallError, nearest

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The zone; an error with the nearest name for one that does not exist."""
    if len(name) > 64 or _NAME.fullmatch(name) is None:
        raise InvalidCallError(f"{name[:64]!r} is not a time zone such as Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        suggestion = nearest(name, available_timezones())
        raise InvalidCallError(f"unknown time zone {name!r}{suggestion}") from None
