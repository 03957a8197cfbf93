"""One value of one field: from its wire form to its form in memory, or an error that says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from fengkong.core.identifiers import check_identifier
from fengkong.core.instants import parse_instant
from fengkong.core.money import InvalidAmountError, parse_minor
from fengkong.events.catalogue import Field, Kind
from fengkong.events.errors import (
    DuplicateKeyError,
    InvalidTextError,
    MissingFieldError,
    OutOfRangeError,
    TooLongError,
    UnknownCategoryError,
    UnknownFieldError,
    WrongTypeError,
)
from fengkong.events.json_text import Pairs
from fengkong.events.spelling import did_you_mean

Reader = Callable[[object, str], object]
"""Takes a JSON value and the event's currency; returns the value in memory or raises RiskError."""

LATITUDE_MAX: Final = 90.0
LONGITUDE_MAX: Final = 180.0

# Controls, bidirectional overrides and lone surrogates; tab and line ends are fine in a text.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_JSON_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "an array",
    dict: "an object",
    Pairs: "an object",
    type(None): "null",
}


def field_reader(field: Field) -> Reader:
    """The reader of a field's values."""
    return _READERS[field.kind](field)


def json_name(value: object) -> str:
    """What a JSON value is called: ``a text``, ``an array``."""
    return _JSON_NAMES[type(value)]


def check_text(text: str) -> None:
    """Refuse an empty text and characters that hide or reorder what is shown."""
    if not text:
        raise InvalidTextError("an empty text")
    if hidden := _HIDDEN.search(text):
        raise InvalidTextError(f"character U+{ord(hidden[0]):04X} at position {hidden.start()}")


def check_number(value: float, *, field: Field) -> None:
    """Refuse a number that is not finite or outside the field's range."""
    # Written so that NaN, for which every comparison is false, is refused too.
    if not field.minimum <= value <= field.maximum:
        raise OutOfRangeError(f"{value:g} is outside {field.minimum:g} to {field.maximum:g}")


def _wrong(value: object, *, expected: str) -> WrongTypeError:
    return WrongTypeError(f"expected {expected}, was {json_name(value)}")


def _money_reader(field: Field) -> Reader:
    signed = field.signed

    def read(value: object, currency: str) -> object:
        if type(value) is not str:
            raise _wrong(value, expected='a decimal text such as "12.30"')
        minor = parse_minor(value, currency=currency)
        if minor < 0 and not signed:
            raise InvalidAmountError(f"{value[:40]} is negative")
        return minor

    return read


def _number_reader(field: Field) -> Reader:
    def read(value: object, currency: str) -> object:
        if type(value) is not float and type(value) is not int:
            raise _wrong(value, expected="a number")
        check_number(value, field=field)
        return float(value) + 0.0  # minus zero becomes zero

    return read


def _integer_reader(field: Field) -> Reader:
    def read(value: object, currency: str) -> object:
        if type(value) is not int:
            raise _wrong(value, expected="a whole number")
        check_number(value, field=field)
        return value

    return read


def _boolean_reader(field: Field) -> Reader:
    def read(value: object, currency: str) -> object:
        if type(value) is not bool:
            raise _wrong(value, expected="true or false")
        return value

    return read


def _category_reader(field: Field) -> Reader:
    words = field.values

    def read(value: object, currency: str) -> object:
        if type(value) is not str:
            raise _wrong(value, expected="a word")
        if words is None:
            _check_length(value, field=field)
            check_identifier(value)
            _check_pattern(value, pattern=pattern)
        elif value not in words:
            raise UnknownCategoryError(
                f"{value[:40]!r} is not one of {', '.join(sorted(words))}"
                f"{did_you_mean(value, words)}"
            )
        return value

    pattern = _compiled(field)
    return read


def _text_reader(field: Field) -> Reader:
    pattern = _compiled(field)

    def read(value: object, currency: str) -> object:
        if type(value) is not str:
            raise _wrong(value, expected="a text")
        _check_length(value, field=field)
        if not value or not value.isprintable():
            check_text(value)
        _check_pattern(value, pattern=pattern)
        return value

    return read


def _entity_reader(field: Field) -> Reader:
    pattern = _compiled(field)

    def read(value: object, currency: str) -> object:
        if type(value) is not str:
            raise _wrong(value, expected="an identifier as text")
        _check_length(value, field=field)
        check_identifier(value)
        _check_pattern(value, pattern=pattern)
        return value

    return read


def _instant_reader(field: Field) -> Reader:
    def read(value: object, currency: str) -> object:
        if type(value) is not str:
            raise _wrong(value, expected="a time as RFC 3339 text")
        return parse_instant(value)

    return read


def _place_reader(field: Field) -> Reader:
    def read(value: object, currency: str) -> object:
        if isinstance(value, Pairs):
            if len(dict(value)) < len(value):
                raise DuplicateKeyError("a key of the place twice")
            value = dict(value)
        if not isinstance(value, dict):
            raise _wrong(value, expected='a place such as {"lat": 31.2, "lon": 121.5}')
        if extra := value.keys() - {"lat", "lon"}:
            raise UnknownFieldError(f"a place has lat and lon, not {min(extra)[:40]!r}")
        return (
            _degrees(value, key="lat", limit=LATITUDE_MAX),
            _degrees(value, key="lon", limit=LONGITUDE_MAX),
        )

    return read


def _degrees(place: Mapping[str, object], *, key: str, limit: float) -> float:
    if key not in place:
        raise MissingFieldError(f"a place without {key}")
    degrees = place[key]
    if type(degrees) is not float and type(degrees) is not int:
        raise _wrong(degrees, expected=f"degrees as {key}")
    if not -limit <= degrees <= limit:
        raise OutOfRangeError(f"{key} {degrees:g} is outside -{limit:g} to {limit:g}")
    return float(degrees) + 0.0


def _check_length(text: str, *, field: Field) -> None:
    if len(text) > field.length_max:
        raise TooLongError(f"{len(text)} characters, the limit is {field.length_max}")


def _compiled(field: Field) -> re.Pattern[str] | None:
    return None if field.pattern is None else re.compile(field.pattern, re.ASCII)


def _check_pattern(text: str, *, pattern: re.Pattern[str] | None) -> None:
    if pattern is not None and pattern.fullmatch(text) is None:
        raise InvalidTextError(f"{text[:40]!r} does not have the form {pattern.pattern}")


_READERS: Final[dict[Kind, Callable[[Field], Reader]]] = {
    Kind.MONEY: _money_reader,
    Kind.NUMBER: _number_reader,
    Kind.INTEGER: _integer_reader,
    Kind.BOOLEAN: _boolean_reader,
    Kind.CATEGORY: _category_reader,
    Kind.TEXT: _text_reader,
    Kind.ENTITY: _entity_reader,
    Kind.INSTANT: _instant_reader,
    Kind.PLACE: _place_reader,
}
