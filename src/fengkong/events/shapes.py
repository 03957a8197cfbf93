"""The JSON shape of each event type, as types that msgspec checks while it parses.

A shape holds what can be checked in C: which keys are needed, whether a value is a text, a number
or a boolean, how long a text is, which words a category may be. The rest (amounts, times, numbers,
places, patterns) is read afterwards; which fields of an event that are, is the same for all events
with the same keys and is found out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, NamedTuple, Required, TypedDict

import msgspec

from fengkong.core.identifiers import IDENTIFIER_LENGTH_MAX
from fengkong.events.catalogue import TEXT_LIKE, Catalogue, EventType, Field, Kind
from fengkong.events.quick import Quick, quick_reader

READINGS_MAX: Final = 4096
"""Sets of keys that a shape remembers; when there are more, all are forgotten."""


class Reading(NamedTuple):
    """What is left to do for events with certain keys.

    `readers` are those of the fields that C cannot finish, `quotes` how many quotes such an event
    has in JSON, and `money` whether it needs a currency.
    """

    readers: tuple[tuple[str, Quick], ...]
    quotes: int
    money: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How events of one type are parsed.

    `special` gives for each field that C cannot finish its reader (None: nothing left to check)
    and how many quotes its JSON has more or less than the four of a text and its key.
    """

    type: str
    json: msgspec.json.Decoder[dict[str, Any]]
    special: Mapping[str, tuple[Quick | None, int]]
    money: frozenset[str]
    readings: dict[tuple[str, ...], Reading] = field(default_factory=dict)

    def reading(self, keys: tuple[str, ...]) -> Reading:
        """How an event with these keys is read, which is then remembered."""
        if len(self.readings) >= READINGS_MAX:
            self.readings.clear()
        special = [(name, *self.special[name]) for name in keys if name in self.special]
        found = self.readings[keys] = Reading(
            readers=tuple([(name, read) for name, read, _ in special if read is not None]),
            quotes=4 * len(keys) + sum(more for _, _, more in special),
            money=not self.money.isdisjoint(keys),
        )
        return found


class _Place(TypedDict):
    lat: float
    lon: float


_PLAIN: Final[dict[Kind, object]] = {
    Kind.NUMBER: int | float,
    Kind.INTEGER: int | float,
    Kind.BOOLEAN: bool,
    Kind.PLACE: _Place,
}
_QUOTES: Final = {Kind.NUMBER: -2, Kind.INTEGER: -2, Kind.BOOLEAN: -2, Kind.PLACE: 2}


def shapes(catalogue: Catalogue) -> dict[bytes, Shape]:
    """The shape of every event type of a catalogue, by the bytes of its name."""
    wire = {name: _wire_type(field) for name, field in catalogue.fields.items()}
    special = {
        name: (quick_reader(field), _QUOTES.get(kind, 0))
        for name, field in catalogue.fields.items()
        if (kind := field.kind) not in TEXT_LIKE or field.pattern is not None
    }
    money = frozenset(n for n, field in catalogue.fields.items() if field.kind is Kind.MONEY)
    return {
        name.encode(): _shape(event_type, wire=wire, special=special, money=money)
        for name, event_type in catalogue.types.items()
    }


def _shape(
    event_type: EventType,
    *,
    wire: Mapping[str, Any],
    special: Mapping[str, tuple[Quick | None, int]],
    money: frozenset[str],
) -> Shape:
    text = Annotated[str, msgspec.Meta(min_length=1, max_length=IDENTIFIER_LENGTH_MAX)]
    keys: dict[str, Any] = {name: wire[name] for name in sorted(event_type.fields)}
    keys |= {name: Required[wire[name]] for name in sorted(event_type.required)}
    keys |= {"type": Required[Literal[event_type.name]], "currency": str}
    keys |= {"id": Required[text], "occurred_at": Required[text]}
    shape = TypedDict(event_type.name, keys, total=False)  # type: ignore[misc]
    return Shape(
        type=event_type.name,
        json=msgspec.json.Decoder(shape),
        special={name: special[name] for name in special if name in event_type.fields},
        money=event_type.fields & money,
    )


def _wire_type(field: Field) -> object:
    if field.values is not None:
        return Literal[tuple(sorted(field.values))]
    if field.kind in TEXT_LIKE:
        return Annotated[str, msgspec.Meta(min_length=1, max_length=field.length_max)]
    return _PLAIN.get(field.kind, str)
