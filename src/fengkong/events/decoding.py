"""From JSON bytes to an event: strict, fast, and precise about what is wrong.

Two halves that agree. The fast half (msgspec) accepts the usual shape of a correct event and
gives up at the first oddity; the careful half then reads the same bytes again and either accepts
them too or names every fault they have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from fengkong.core.errors import FAULTS_KEPT, Fault, FaultsError, RiskError
from fengkong.core.money import exponent
from fengkong.events.catalogue import Catalogue
from fengkong.events.event import Event
from fengkong.events.examination import Examination, type_readers
from fengkong.events.json_text import LENGTH_MAX, parse_json
from fengkong.events.quick import instant
from fengkong.events.shapes import Reading, Shape, shapes


class Decoder:
    """Decodes events of one catalogue; keep it, making one takes a millisecond."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._json = msgspec.json.Decoder(dict[str, object])
        self._types = type_readers(catalogue)
        self.shapes = shapes(catalogue)

    def decode(self, data: bytes) -> Event:
        """The event in the bytes.

        Raises the RiskError of its one fault, or a FaultsError with all of them; never anything
        else, whatever the bytes.
        """
        event = self._accept(data)
        return self.examine(data) if event is None else event

    def decode_lines(self, lines: Iterable[bytes], *, source: str | None = None) -> list[Event]:
        """The events of JSON lines, one a line, blank lines left out.

        All faults of all lines raise one FaultsError (the first thousand and the count), with
        the line's number as row.
        """
        events: list[Event] = []
        faults: list[Fault] = []
        total = 0
        for row, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                events.append(self.decode(line))
            except RiskError as error:
                found = located_faults(error, source=source, row=row)
                total += len(found)
                faults += found[: FAULTS_KEPT - len(faults)]
        if faults:
            raise FaultsError(faults, total=total)
        return events

    def _accept(self, data: bytes) -> Event | None:
        """The event if it has the usual shape of a correct one; None to have it examined."""
        if len(data) > LENGTH_MAX:
            return None
        try:
            kind = TYPE_FIRST.match(data)
            shape = self.shapes[kind[1] if kind else _TYPE_ONLY.decode(data).type.encode()]
            values = shape.json.decode(data)
            keys = (*values,)
            reading = shape.readings.get(keys) or shape.reading(keys)
            if data.count(b'"') != reading.quotes or not _plainly_written(data, values):
                return None
            return finished(values, shape=shape, reading=reading)
        except UNREADABLE:
            return None

    def examine(self, data: bytes) -> Event:
        """What `decode` does, by the careful half alone."""
        return Examination(parse_json(data), catalogue=self.catalogue, types=self._types).event()


def finished(values: dict[str, Any], *, shape: Shape, reading: Reading) -> Event | None:
    """The event of values that C has checked, which become its values.

    None, or one of `UNREADABLE`, where they are not plainly right.
    """
    del values["type"]
    identifier = values.pop("id")
    occurred_at = instant(values.pop("occurred_at"))
    currency = values.pop("currency", None)
    if currency is not None:
        exponent(currency)
    elif reading.money:
        return None
    for name, read in reading.readers:
        values[name] = read(values[name], currency)
    return Event(
        type=shape.type,
        id=identifier,
        occurred_at=occurred_at,
        currency=currency,
        values=values,
    )


def located_faults(error: RiskError, *, source: str | None, row: int) -> list[Fault]:
    """The faults of an error, with the file and row they are in."""
    faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
    return [replace(fault, source=source, row=row) for fault in faults]


class _TypeOnly(msgspec.Struct):
    type: str


UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError, RiskError)
"""What the fast half may raise of bytes that it cannot accept."""
_TYPE_ONLY: Final = msgspec.json.Decoder(_TypeOnly)
TYPE_FIRST: Final = re.compile(rb'\{"type": ?"([a-z_.]+)"')
"""Finds the type of an event that begins with it, as most do."""
_PLAIN: Final = bytes(range(0x7F))
_BLANKS_MAX: Final = 6
"""Up to so many blanks it is quicker to look at each of them."""


def _plainly_written(data: bytes, values: Mapping[str, object]) -> bool:
    """Whether nothing was hidden or padded between the bytes and the values.

    The caller has counted the quotes: where none is escaped every quote delimits a text, so a key
    that was repeated, or that the shape does not know, leaves more of them in the bytes than the
    kept fields account for. JSON itself allows no control character in a text but as an escape,
    except U+007F.
    """
    if b"\\" in data:
        joined = "".join([text for text in values.values() if type(text) is str])
        if b'\\"' in data or not joined.isprintable():
            return False
    # An escaped character may be a blank too.
    if b"\\" in data or _may_be_padded(data):
        for text in values.values():
            if type(text) is str and (text[:1] == " " or text[-1:] == " "):
                return False
    if data.isascii():
        return b"\x7f" not in data
    return data.translate(None, _PLAIN).decode().isprintable()


def _may_be_padded(data: bytes) -> bool:
    """Whether a blank stands beside a quote."""
    at = data.find(b" ")
    looked = 0
    while at >= 0:
        if b'"' in data[max(0, at - 1) : at + 2]:
            return True
        looked += 1
        if looked == _BLANKS_MAX:
            return b'" ' in data or b' "' in data
        at = data.find(b" ", at + 1)
    return False
