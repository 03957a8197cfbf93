"""From an event to its canonical JSON: one event, one text."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, cast

import msgspec

from fengkong.core.instants import format_instant
from fengkong.core.money import format_minor
from fengkong.events.catalogue import Catalogue, Kind, shipped_catalogue
from fengkong.events.event import Event

_JSON: Final = msgspec.json.Encoder()


class Encoder:
    """Encodes events of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._writers = {
            name: _WRITERS.get(field.kind, _as_it_is) for name, field in catalogue.fields.items()
        }

    def encode(self, event: Event) -> bytes:
        """Compact JSON: type, id, occurred_at, currency, then the fields by name.

        `decode` gives the same event back. The event's values must be of their fields' kinds.
        """
        return _JSON.encode(self.wire(event))

    def wire(self, event: Event) -> dict[str, object]:
        """The same as a dictionary of JSON values."""
        wire: dict[str, object] = {
            "type": event.type,
            "id": event.id,
            "occurred_at": format_instant(event.occurred_at),
        }
        if event.currency is not None:
            wire["currency"] = event.currency
        for name in sorted(event.values):
            wire[name] = self._writers[name](event.values[name], event.currency or "")
        return wire


@cache
def _shipped_encoder() -> Encoder:
    return Encoder(shipped_catalogue())


def encode(event: Event) -> bytes:
    """Canonical JSON of an event of the shipped catalogue."""
    return _shipped_encoder().encode(event)


def _as_it_is(value: object, currency: str) -> object:
    return value


def _money(value: object, currency: str) -> object:
    return format_minor(cast("int", value), currency=currency)


def _number(value: object, currency: str) -> object:
    return float(cast("float", value))


def _instant(value: object, currency: str) -> object:
    return format_instant(cast("int", value))


def _place(value: object, currency: str) -> object:
    latitude, longitude = cast("tuple[float, float]", value)
    return {"lat": latitude, "lon": longitude}


_WRITERS: Final[dict[Kind, Callable[[object, str], object]]] = {
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.INSTANT: _instant,
    Kind.PLACE: _place,
}
