"""JSON bytes read strictly, with nothing lost: repeated keys stay visible.

The careful half of decoding. It runs when the fast half found anything unusual, so it is written
to say exactly what is wrong, not to be quick.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final, NoReturn

from fengkong.events.errors import InvalidJsonError, TooDeepError, TooLongError

LENGTH_MAX: Final = 256 * 1024
DEPTH_MAX: Final = 32

_DIGITS_MAX = 40
_BOM = b"\xef\xbb\xbf"
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


class Pairs(list[tuple[str, object]]):
    """A JSON object as written: all its keys in order, repeated ones too."""


def parse_json(data: bytes) -> object:
    """The document: `Pairs` for objects, lists, str, int, float, bool, None.

    A number too large for a float becomes an infinity, which no field accepts. Raises
    InvalidJsonError, TooDeepError or TooLongError, and nothing else, on any bytes.
    """
    if len(data) > LENGTH_MAX:
        raise TooLongError(f"{len(data)} bytes, the limit is {LENGTH_MAX}")
    text = _decoded(data)
    _check_depth(data)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidJsonError(
            f"not JSON: {error.msg}", line=error.lineno, column=error.colno
        ) from None


def _decoded(data: bytes) -> str:
    if data.startswith(_BOM):
        raise InvalidJsonError("starts with a byte order mark")
    if b"\0" in data[:4] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidJsonError("looks like UTF-16 or UTF-32; events are UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidJsonError(f"not UTF-8 at byte {error.start}") from None


def _check_depth(data: bytes) -> None:
    # Measured before parsing: parsers recurse, and this does not.
    if data.count(b"{") + data.count(b"[") <= DEPTH_MAX:
        return
    depth = 0
    for match in _STRUCTURE.finditer(data):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
            if depth > DEPTH_MAX:
                raise TooDeepError(f"nested more than {DEPTH_MAX} deep at byte {match.start()}")
        elif token in (b"}", b"]"):
            depth -= 1


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJsonError(f"{name} is not JSON")


def _integer(digits: str) -> int | float:
    if len(digits) <= _DIGITS_MAX:
        return int(digits)
    return -math.inf if digits.startswith("-") else math.inf


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_constant=_refuse_constant, parse_int=_integer
)
