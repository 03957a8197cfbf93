"""Readers for the fast half: values that msgspec has checked, by the shortest way.

Each accepts the usual form of a value and leaves everything else to the careful reader of
`values`, so that the two can only agree. What they remember is bounded and is a pure function of
the text, so it changes how long an answer takes and never the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fengkong.core.instants import HOUR_US, MINUTE_US, SECOND_US, parse_instant
from fengkong.core.money import AMOUNT_MINOR_MAX, exponent
from fengkong.events.catalogue import Field, Kind
from fengkong.events.values import LATITUDE_MAX, LONGITUDE_MAX, Reader, field_reader

Quick = Callable[[Any, Any], object]
"""Takes a value of the JSON type that the shape asks for, and the event's currency."""

KNOWN_MAX: Final = 4096
"""Values that a reader remembers; when there are more, all are forgotten."""
_DAYS: Final[dict[str, int]] = {}  # at most every day of a century
_CLOCK: Final = {
    f"T{hour:02}:{minute:02}:": hour * HOUR_US + minute * MINUTE_US
    for hour in range(24)
    for minute in range(60)
}
_SECONDS: Final = {
    f"{second:02}{end}": second * SECOND_US for second in range(60) for end in (".", "Z")
}
_WHOLE: Final = len("2026-11-01T12:00:00Z")
_FRACTION: Final = len("2026-11-01T12:00:00.123456Z")
_CENTS_LENGTH_MAX: Final = len(str(AMOUNT_MINOR_MAX))
"""Length of a decimal with two places, its point counted, that is below the largest amount."""


def instant(text: str) -> int:
    """What `parse_instant` gives, or its error."""
    day = _DAYS.get(text[:10])
    clock = _CLOCK.get(text[10:17])
    second = _SECONDS.get(text[17:20])
    if day is None or clock is None or second is None or text[-1] != "Z":
        return _learnt(text)
    length = len(text)
    if length == _FRACTION:
        digits = text[20:26]
        if digits.isdecimal() and digits.isascii():
            return day + clock + second + int(digits)
    elif length == _WHOLE:
        return day + clock + second
    return parse_instant(text)


def quick_reader(field: Field) -> Quick | None:
    """The quick reader of a field; None where nothing is left to check."""
    if field.kind is Kind.BOOLEAN:
        return None
    make = _QUICK.get(field.kind, _known_text)
    return make(field, field_reader(field))


def _learnt(text: str) -> int:
    """The instant of a text, whose day is remembered if it is one in UTC."""
    found = parse_instant(text)
    day = text[:10]
    if text[-1] == "Z" and day not in _DAYS:
        _DAYS[day] = parse_instant(f"{day}T00:00:00Z")
    return found


def _known_text(field: Field, read: Reader) -> Quick:
    """A text with a pattern: most have been seen before."""
    known: dict[str, object] = {}

    def quick(text: str, currency: str) -> object:
        found = known.get(text)
        if found is None:
            found = read(text, currency)
            if len(known) >= KNOWN_MAX:
                known.clear()
            known[text] = found
        return found

    return quick


def _instant(field: Field, read: Reader) -> Quick:
    """An instant such as the one since when a customer is known comes with many events."""
    known: dict[str, int] = {}

    def quick(text: str, currency: str) -> object:
        found = known.get(text)
        if found is None:
            found = instant(text)
            if len(known) >= KNOWN_MAX:
                known.clear()
            known[text] = found
        return found

    return quick


def _money(field: Field, read: Reader) -> Quick:
    def quick(text: str, currency: str) -> object:
        if text[-3:-2] == "." and len(text) <= _CENTS_LENGTH_MAX and exponent(currency) == 2:
            whole = text[:-3]
            digits = whole + text[-2:]
            if whole and digits.isdecimal() and digits.isascii():
                return int(digits) if whole[0] != "0" or whole == "0" else read(text, currency)
        return read(text, currency)

    return quick


def _number(field: Field, read: Reader) -> Quick:
    least, most = field.minimum, field.maximum

    def quick(value: float, currency: str) -> object:
        return float(value) + 0.0 if least <= value <= most else read(value, currency)

    return quick


def _integer(field: Field, read: Reader) -> Quick:
    least, most = field.minimum, field.maximum

    def quick(value: float, currency: str) -> object:
        usual = type(value) is int and least <= value <= most
        return value if usual else read(value, currency)

    return quick


def _place(field: Field, read: Reader) -> Quick:
    def quick(value: dict[str, float], currency: str) -> object:
        latitude, longitude = value["lat"], value["lon"]
        if (
            -LATITUDE_MAX <= latitude <= LATITUDE_MAX
            and -LONGITUDE_MAX <= longitude <= LONGITUDE_MAX
        ):
            return latitude + 0.0, longitude + 0.0
        return read(value, currency)

    return quick


_QUICK: Final[dict[Kind, Callable[[Field, Reader], Quick]]] = {
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.INSTANT: _instant,
    Kind.PLACE: _place,
}
