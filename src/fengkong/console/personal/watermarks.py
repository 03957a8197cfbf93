"""Marks in exported files: one that everybody reads, and one that nobody sees.

The visible mark names operator, time and purpose. The invisible one is the export's number in 64
bits, written with four characters of no width, in every row: a part that was cut out of a file
still says whose it was. `marks_in(text)` finds them again, `marks_in_file(content)` also in the
properties of a PDF.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = "\u200b\u200c\u200d\u2060"
_EDGE: Final = "\u2063"
"""Invisible separator: it stands before and behind a mark."""
_LENGTH: Final = 32
_IN_PDF: Final = re.compile(rb"\b(?:Export|Case file) ([0-9a-f]{16})\b")
_MARK: Final = re.compile(f"{_EDGE}([{_DIGITS}]{{{_LENGTH}}}){_EDGE}")


def invisible(mark: str) -> str:
    """A mark of 16 hexadecimal digits as characters that nobody sees."""
    number = int(mark, 16)
    digits = [_DIGITS[number >> (2 * place) & 3] for place in range(_LENGTH)]
    return _EDGE + "".join(digits) + _EDGE


def marks_in(text: str) -> list[str]:
    """The marks that a text carries, each once, in order."""
    found: dict[str, None] = {}
    for hidden in _MARK.findall(text):
        number = sum(_DIGITS.index(digit) << (2 * place) for place, digit in enumerate(hidden))
        found[f"{number:016x}"] = None
    return list(found)


def marks_in_file(content: bytes) -> list[str]:
    """The marks that a file carries: those of its text, or of a PDF's properties."""
    if content.startswith(b"%PDF-"):
        return list(dict.fromkeys(found.decode() for found in _IN_PDF.findall(content)))
    return marks_in(content.decode("utf-8", errors="replace"))
