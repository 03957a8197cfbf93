"""The careful half of decoding: every fault of one event, each at its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fengkong.core.errors import RiskError
from fengkong.core.identifiers import check_identifier
from fengkong.core.instants import parse_instant
from fengkong.core.money import exponent
from fengkong.events.catalogue import ENVELOPE, Catalogue, EventType, Kind, UnknownTypeError
from fengkong.events.errors import (
    DuplicateKeyError,
    MissingFieldError,
    UnknownFieldError,
    WrongTypeError,
    raise_all,
)
from fengkong.events.event import Event
from fengkong.events.json_text import Pairs
from fengkong.events.spelling import did_you_mean
from fengkong.events.values import Reader, field_reader, json_name

_T = TypeVar("_T")
_SHOWN_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReader:
    """How the fields of one event type are read; `money` are those that need a currency."""

    event_type: EventType
    fields: dict[str, Reader]
    money: frozenset[str]


def type_readers(catalogue: Catalogue) -> dict[str, TypeReader]:
    """The readers of every event type of a catalogue."""
    readers = {name: field_reader(field) for name, field in catalogue.fields.items()}
    money = {name for name, field in catalogue.fields.items() if field.kind is Kind.MONEY}
    return {
        name: TypeReader(
            event_type=event_type,
            fields={field: readers[field] for field in sorted(event_type.fields)},
            money=frozenset(event_type.fields & money),
        )
        for name, event_type in catalogue.types.items()
    }


class Examination:
    """One careful pass over one parsed document."""

    def __init__(
        self, document: object, *, catalogue: Catalogue, types: Mapping[str, TypeReader]
    ) -> None:
        if not isinstance(document, Pairs):
            raise WrongTypeError(f"an event is a JSON object, this is {json_name(document)}")
        self._catalogue = catalogue
        self._types = types
        self._entries = dict(document)
        self._errors: list[RiskError] = list(repeated_keys(document, path="$"))

    def event(self) -> Event:
        """The event, or an error with everything that is wrong with it."""
        event_type = self._envelope("type", check=self._known_type)
        identifier = self._envelope("id", check=_identifier)
        occurred_at = self._envelope("occurred_at", check=parse_instant)
        reader = None if event_type is None else self._types[event_type]
        values = self._values(reader, currency=self._currency(reader))
        if self._errors:
            raise_all(self._errors)
        assert event_type is not None
        assert identifier is not None
        assert occurred_at is not None
        currency = self._entries.get("currency")
        assert currency is None or isinstance(currency, str)
        return Event(
            type=event_type,
            id=identifier,
            occurred_at=occurred_at,
            currency=currency,
            values=values,
        )

    def _envelope(self, name: str, *, check: Callable[[str], _T]) -> _T | None:
        """One text that every event has, None after noting what is wrong with it."""
        if name not in self._entries:
            self._note(MissingFieldError(f"{name} is missing"), name)
            return None
        text = self._entries[name]
        if not isinstance(text, str):
            self._note(WrongTypeError(f"expected a text, was {json_name(text)}"), name)
            return None
        try:
            return check(text)
        except RiskError as error:
            self._note(error, name)
            return None

    def _known_type(self, name: str) -> str:
        if name in self._types:
            return name
        raise UnknownTypeError(
            f"unknown event type {_shown(name)!r}{did_you_mean(name, self._types)}"
        )

    def _currency(self, reader: TypeReader | None) -> str | None:
        """The currency for money fields; None when it cannot be relied on."""
        if "currency" in self._entries:
            return self._envelope("currency", check=_known_currency)
        if reader is not None and not reader.money.isdisjoint(self._entries):
            self._note(MissingFieldError("currency is missing beside money"), "currency")
        return None

    def _values(self, reader: TypeReader | None, *, currency: str | None) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, value in self._entries.items():
            if name in ENVELOPE:
                continue
            if reader is None:
                if name not in self._catalogue.fields:
                    hint = did_you_mean(name, [*self._catalogue.fields, *ENVELOPE])
                    self._note(UnknownFieldError(f"unknown field{hint}"), name)
            elif name not in reader.fields:
                self._note(self._unknown_field(name, reader.event_type), name)
            elif name not in reader.money or currency is not None:
                try:
                    values[name] = reader.fields[name](value, currency or "")
                except RiskError as error:
                    self._note(error, name)
        if reader is not None:
            for name in sorted(reader.event_type.required - self._entries.keys()):
                self._note(MissingFieldError(f"{name} is missing"), name)
        return values

    def _unknown_field(self, name: str, event_type: EventType) -> RiskError:
        if name in self._catalogue.fields:
            return UnknownFieldError(f"{name} is not a field of {event_type.name}")
        hint = did_you_mean(name, [*event_type.fields, *ENVELOPE])
        return UnknownFieldError(f"unknown field{hint}")

    def _note(self, error: RiskError, name: str) -> None:
        error.path = f"$.{_shown(name)}"
        self._errors.append(error)


def _identifier(text: str) -> str:
    check_identifier(text)
    return text


def _known_currency(code: str) -> str:
    exponent(code)
    return code


def repeated_keys(value: object, *, path: str) -> Iterator[RiskError]:
    """An error for every key that an object has twice, at every depth."""
    if isinstance(value, Pairs):
        seen: set[str] = set()
        for key, inner in value:
            place = f"{path}.{_shown(key)}"
            if key in seen:
                yield DuplicateKeyError(f"{_shown(key)!r} twice", path=place)
            seen.add(key)
            yield from repeated_keys(inner, path=place)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from repeated_keys(inner, path=f"{path}[{index}]")


def _shown(key: str) -> str:
    """A key as it may be shown: printable ASCII, short."""
    return key[:_SHOWN_MAX].encode("ascii", "backslashreplace").decode("ascii")
