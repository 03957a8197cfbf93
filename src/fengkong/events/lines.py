"""Many events decoded together: the same events and faults as one by one, each for less.

What must be asked of every byte is asked of all lines at once. A line that is not plainly right is
decoded by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from fengkong.core.errors import RiskError
from fengkong.events.decoding import TYPE_FIRST, UNREADABLE, Decoder, finished
from fengkong.events.event import Event
from fengkong.events.json_text import LENGTH_MAX

FEW: Final = 16
"""Up to so many lines it costs less to look at each of them."""
_BLANK, _QUOTE = 0x20, 0x22
_HIGH_BITS: Final = np.uint64(0x8080808080808080)
_ASCII: Final = bytes(range(0x80))

Decoded = Event | RiskError


class LinesDecoder:
    """Decodes lines together, by the decoder of one."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def decode(self, lines: Sequence[bytes]) -> list[Decoded]:
        """For each line its event, or the error that `Decoder.decode` raises for it."""
        if len(lines) <= FEW:
            return [self._one(line) for line in lines]
        joined = b"\n".join(lines)
        if _is_plain(joined) and max(map(len, lines)) <= LENGTH_MAX:
            found = self._together(lines, joined)
            if found is not None:
                return found
        half = len(lines) // 2  # an odd line costs more only for those near it
        return self.decode(lines[:half]) + self.decode(lines[half:])

    def _one(self, line: bytes) -> Decoded:
        try:
            return self._decoder.decode(line)
        except RiskError as error:
            return error

    def _together(self, lines: Sequence[bytes], joined: bytes) -> list[Decoded] | None:
        """None where quotes are left over.

        Where no quote is escaped, a key that was repeated or that a shape does not know leaves
        more quotes in the bytes than the kept fields account for, and never fewer.
        """
        shapes, type_of = self._decoder.shapes, TYPE_FIRST.match
        escaped = b"\\" in joined
        looked_at = escaped or _may_be_padded(joined)
        quotes = joined.count(b'"')
        found: list[Event | None] = []
        for line in lines:
            try:
                kind = type_of(line)
                shape = shapes[kind[1] if kind else b""]
                values = shape.json.decode(line)
            except UNREADABLE:
                quotes -= line.count(b'"')
                found.append(None)
                continue
            keys = (*values,)
            reading = shape.readings.get(keys) or shape.reading(keys)
            quotes -= reading.quotes
            if looked_at and not _are_plain(values, escaped=escaped):
                found.append(None)
                continue
            try:
                found.append(finished(values, shape=shape, reading=reading))
            except UNREADABLE:
                found.append(None)
        if quotes:
            return None
        return [event or self._one(line) for event, line in zip(found, lines, strict=True)]


def _are_plain(values: Mapping[str, object], *, escaped: bool) -> bool:
    """Whether no text is padded, or has an escaped character that nobody can see."""
    texts = [text for text in values.values() if type(text) is str]
    joined = "\0".join(texts)
    if "\0 " in joined or " \0" in joined or joined[:1] == " " or joined[-1:] == " ":
        return False
    return not escaped or "".join(texts).isprintable()


def _is_plain(joined: bytes) -> bool:
    """Whether no quote is escaped, and every character can be seen."""
    if b"\\" in joined and b'\\"' in joined:  # the first alone is looked for much quicker
        return False
    if b"\x7f" in joined:
        return False
    if joined.isascii():
        return True
    # Words of eight bytes that hold anything else; a character across two words is in both.
    padded = joined + bytes(-len(joined) % 8)
    words = np.frombuffer(padded, dtype=np.uint64)
    others = words[(words & _HIGH_BITS) != 0].tobytes().translate(None, _ASCII)
    try:
        text: str = others.decode()
    except UnicodeError:
        return False
    return text.isprintable()


def _may_be_padded(joined: bytes) -> bool:
    """Whether a blank stands beside a quote."""
    data = np.frombuffer(joined, dtype=np.uint8)
    blanks = np.flatnonzero(data == _BLANK)
    if not len(blanks):
        return False
    beside = np.concatenate([blanks[blanks > 0] - 1, blanks[blanks < len(data) - 1] + 1])
    return bool((data[beside] == _QUOTE).any())
