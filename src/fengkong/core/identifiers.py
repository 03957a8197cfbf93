"""Identifiers of events and entities: short printable text without tricks."""

from __future__ import annotations

import unicodedata
from typing import Final

from fengkong.core.errors import RiskError

IDENTIFIER_LENGTH_MAX: Final = 128
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class InvalidIdentifierError(RiskError):
    """An identifier is empty, too long, or holds characters that hide or reorder text."""

    code = "identifier.invalid"
    hint = "Give 1 to 128 printable characters without leading or trailing blanks."


def check_identifier(text: str) -> None:
    """Refuse an identifier that is empty, long, padded, or has invisible or bidi characters."""
    if not 1 <= len(text) <= IDENTIFIER_LENGTH_MAX:
        raise InvalidIdentifierError(f"an identifier of {len(text)} characters")
    if text.isascii() and text.isprintable():
        if text[0] == " " or text[-1] == " ":
            raise InvalidIdentifierError("an identifier that starts or ends with a blank")
        return
    if text != text.strip():
        raise InvalidIdentifierError("an identifier that starts or ends with a blank")
    for position, character in enumerate(text):
        if unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            raise InvalidIdentifierError(
                f"character U+{ord(character):04X} at position {position} of an identifier"
            )
