"""Instants are integer microseconds since 1970-01-01T00:00:00Z; durations are microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from fengkong.core.errors import RiskError

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US

INSTANT_MIN: Final = 946_684_800 * SECOND_US
"""2000-01-01T00:00:00Z: nothing of internet finance happened before."""
INSTANT_MAX: Final = 4_102_444_800 * SECOND_US
"""2100-01-01T00:00:00Z: later than any instant that is not a mistake of unit."""
DURATION_MAX: Final = 3660 * DAY_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
# Days that were read before (at most every one of a century), and all times of day by their parts.
_DAYS: Final[dict[str, int]] = {}
_HOURS: Final = {f"T{hour:02}:": hour * HOUR_US for hour in range(24)}
_MINUTES: Final = {f"{minute:02}:": minute * MINUTE_US for minute in range(60)}
_SECONDS: Final = {f"{second:02}": second * SECOND_US for second in range(60)}
_WHOLE: Final = len("2026-11-01T12:00:00Z")
_FINEST: Final = len("2026-11-01T12:00:00.123456789Z")
_DURATION: Final = re.compile(r"([1-9][0-9]{0,8})(s|m|h|d|w)", re.ASCII)
_UNITS: Final = {"w": WEEK_US, "d": DAY_US, "h": HOUR_US, "m": MINUTE_US, "s": SECOND_US}


class InvalidInstantError(RiskError):
    """A time is not an instant between 2000 and 2100 with an offset from UTC."""

    code = "instant.invalid"
    hint = 'Give RFC 3339 with an offset, such as "2026-11-01T08:00:00+08:00".'


class InvalidDurationError(RiskError):
    """A duration is not a whole number of seconds, minutes, hours, days or weeks."""

    code = "duration.invalid"
    hint = "Write a number and one of s, m, h, d, w, such as 30d; at most ten years."


def parse_instant(text: str) -> int:
    """Microseconds of an RFC 3339 instant; digits finer than a microsecond are cut off."""
    if text[-1:] == "Z":
        day, hour = _DAYS.get(text[:10]), _HOURS.get(text[10:14])
        minute, second = _MINUTES.get(text[14:17]), _SECONDS.get(text[17:19])
        if not (day is None or hour is None or minute is None or second is None):
            if len(text) == _WHOLE:
                return day + hour + minute + second
            digits = text[20:-1]
            if text[19] == "." and len(text) <= _FINEST and digits.isascii() and digits.isdecimal():
                return day + hour + minute + second + int(digits[:6].ljust(6, "0"))
    return _parse_instant(text)


def _parse_instant(text: str) -> int:
    if len(text) > 40 or _RFC3339.fullmatch(text) is None:
        raise InvalidInstantError(f"{text[:40]!r} is not an RFC 3339 instant with an offset")
    try:
        moment = datetime.fromisoformat(text.upper())
        microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise InvalidInstantError(f"{text!r} does not exist: {error}") from None
    check_instant(microseconds)
    if text[-1:] == "Z" and text[10] == "T":
        _DAYS[text[:10]] = microseconds - microseconds % DAY_US
    return microseconds


def check_instant(microseconds: int) -> int:
    """The instant itself if it lies between 2000 and 2100."""
    if not INSTANT_MIN <= microseconds < INSTANT_MAX:
        raise InvalidInstantError(
            f"{microseconds} microseconds is outside the years 2000 to 2100 (wrong unit?)"
        )
    return microseconds


def format_instant(microseconds: int) -> str:
    """RFC 3339 in UTC; microseconds only where there are any."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat() + "Z"


def parse_duration(text: str) -> int:
    """Microseconds of a duration such as ``90m``, ``1h``, ``30d``."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidDurationError(f"{text[:40]!r} is not a duration")
    duration = int(match[1]) * _UNITS[match[2]]
    if duration > DURATION_MAX:
        raise InvalidDurationError(f"{text} is longer than ten years")
    return duration


def format_duration(microseconds: int) -> str:
    """The shortest text that `parse_duration` reads back: 3600 s is ``1h``, 7 days ``7d``."""
    for unit, size in _UNITS.items():
        if unit != "w" and microseconds % size == 0:
            return f"{microseconds // size}{unit}"
    return f"{microseconds / SECOND_US:g}s"
