"""From JSON bytes to an event: strict, fast, and precise about what is wrong.

Two halves that agree. The fast half (msgspec) accepts the usual shape of a correct event and
gives up at the first oddity; the careful half then reads the same bytes again and either accepts
them too or names every fault they have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import msgspec

from fengkong.core.errors import FAULTS_KEPT, Fault, FaultsError, RiskError
from fengkong.core.instants import parse_instant
from fengkong.core.money import exponent
from fengkong.events.catalogue import Catalogue
from fengkong.events.event import Event
from fengkong.events.examination import Examination, type_readers
from fengkong.events.json_text import LENGTH_MAX, parse_json
from fengkong.events.shapes import shapes


class Decoder:
    """Decodes events of one catalogue; keep it, making one takes a millisecond."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._json = msgspec.json.Decoder(dict[str, object])
        self._types = type_readers(catalogue)
        self._shapes = shapes(catalogue)

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
            start = _TYPE_FIRST.match(data)
            kind = start[1].decode() if start else _TYPE_ONLY.decode(data).type
            shape = self._shapes[kind]
            values = shape.json.decode(data)
            quotes = 4 * len(values)
            del values["type"]
            identifier = values.pop("id")
            instant = parse_instant(values.pop("occurred_at"))
            currency = values.pop("currency", None)
            if currency is not None:
                exponent(currency)
            elif not shape.money.isdisjoint(values):
                return None
            special = shape.special
            for name in values.keys() & special.keys():
                read, more = special[name]
                quotes += more
                if read is not None:
                    values[name] = read(values[name], currency)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError, RiskError):
            return None
        if not _plainly_written(data, texts=[identifier, *values.values()], quotes=quotes):
            return None
        return Event(
            type=kind, id=identifier, occurred_at=instant, currency=currency, values=values
        )

    def examine(self, data: bytes) -> Event:
        """What `decode` does, by the careful half alone."""
        return Examination(parse_json(data), catalogue=self._catalogue, types=self._types).event()


def located_faults(error: RiskError, *, source: str | None, row: int) -> list[Fault]:
    """The faults of an error, with the file and row they are in."""
    faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
    return [replace(fault, source=source, row=row) for fault in faults]


class _TypeOnly(msgspec.Struct):
    type: str


_TYPE_ONLY: Final = msgspec.json.Decoder(_TypeOnly)
_TYPE_FIRST: Final = re.compile(rb'\{"type": ?"([a-z_.]+)"')


def _plainly_written(data: bytes, *, texts: list[object], quotes: int) -> bool:
    """Whether nothing was lost, hidden or padded between the bytes and the values.

    Where no quote is escaped every quote delimits a text, so a key that was repeated, or that the
    shape does not know, leaves more quotes in the bytes than the kept fields account for.
    """
    if data.count(b'"') != quotes:
        return False
    if b"\\" in data:
        joined = "".join([text for text in texts if type(text) is str])
        if b'\\"' in data or not joined.isprintable():
            return False
    if b" " in data and (b'" ' in data or b' "' in data):
        for text in texts:
            if type(text) is str and (text[0] == " " or text[-1] == " "):
                return False
    return data.decode().isprintable() or data.rstrip().decode().isprintable()
