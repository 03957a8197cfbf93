"""Mappings: which column of a file is which field of an event."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Final

from fengkong.core.bilingual import LANGUAGES, Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.core.money import exponent
from fengkong.events.catalogue import (
    TEXT_LIKE,
    Catalogue,
    EventType,
    Field,
    Kind,
    shipped_catalogue,
)
from fengkong.events.columns import LATITUDE, LONGITUDE
from fengkong.events.documents import Document, Path, load_document, unknown_keys
from fengkong.events.spelling import did_you_mean
from fengkong.events.values import field_reader

TIME_UNITS: Final = ("s", "ms", "us", "ns")
MONEY_UNITS: Final = ("major", "minor")

_TOP_KEYS: Final = frozenset(
    {"mapping", "title", "description", "event", "id", "occurred_at", "currency", "fields"}
)
_SOURCE_KEYS: Final = frozenset({"column", "constant", "unit", "time_zone", "values"})
_PLACE_KEYS: Final = frozenset({"latitude", "longitude"})


class InvalidMappingError(RiskError):
    """A mapping file does not say which column is which field."""

    code = "mapping.invalid"
    hint = "Correct the mapping at the line named."


class UnknownColumnError(RiskError):
    """A mapping names a column that the file does not have."""

    code = "mapping.unknown_column"
    hint = "Correct the column's name in the mapping, or map this file with another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value comes from: a column, or a constant in memory form.

    An id may be `joined` from several columns, with hyphens, where no single one is unique.
    `unit` is s, ms, us or ns for times that are numbers, major or minor for money; `time_zone` is
    for times without an offset; `values` translates the texts of the column.
    """

    column: str | None = None
    joined: tuple[str, ...] = ()
    constant: object = None
    unit: str | None = None
    time_zone: str | None = None
    values: MappingABC[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A file's columns as fields of one event type; a place has `.lat` and `.lon` sources."""

    name: str
    title: Bilingual
    event: str
    id: Source
    occurred_at: Source
    currency: Source | None
    fields: MappingABC[str, Source]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the mapping reads, once."""
        sources = [self.id, self.occurred_at, *self.fields.values()]
        sources += [self.currency] if self.currency else []
        names = [name for source in sources for name in (source.column, *source.joined)]
        return tuple(dict.fromkeys(name for name in names if name is not None))


def read_mapping(path: FilePath, *, catalogue: Catalogue | None = None) -> Mapping:
    """The mapping in a YAML file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InvalidMappingError(f"cannot be read: {error}", source=str(path)) from None
    return load_mapping(text, source=str(path), catalogue=catalogue)


def load_mapping(text: str, *, source: str, catalogue: Catalogue | None = None) -> Mapping:
    """The mapping in a YAML text; all its faults raise one FaultsError with lines."""
    document = load_document(text, source=source)
    reader = _MappingReader(document=document, catalogue=catalogue or shipped_catalogue())
    mapping = reader.mapping()
    if reader.faults or mapping is None:
        raise FaultsError(reader.faults)
    return mapping


@dataclass(slots=True, kw_only=True)
class _MappingReader:
    document: Document
    catalogue: Catalogue
    faults: list[Fault] = field(default_factory=list)
    constant_currency: str = ""

    def fault(self, message: str, *path: str | int) -> None:
        self.faults.append(self.document.fault(InvalidMappingError, message, *path))

    def mapping(self) -> Mapping | None:
        top = self.document.data
        if not isinstance(top, dict):
            self.fault("expected a mapping with the keys mapping, event, id, occurred_at, fields")
            return None
        self.faults += unknown_keys(self.document, top, known=_TOP_KEYS, path=())
        event_type = self._event_type(top.get("event"))
        identifier = self._joined(top) or self._envelope(top, "id", kind=Kind.ENTITY)
        occurred_at = self._envelope(top, "occurred_at", kind=Kind.INSTANT)
        currency = self._currency(top) if "currency" in top else None
        fields = self._fields(top.get("fields"), event_type=event_type)
        if event_type is not None:
            self._check_complete(event_type, fields=fields, currency=currency)
        if self.faults or event_type is None or identifier is None or occurred_at is None:
            return None
        return Mapping(
            name=self._name(top.get("mapping")),
            title=self._title(top.get("title")),
            event=event_type.name,
            id=identifier,
            occurred_at=occurred_at,
            currency=currency,
            fields=fields,
        )

    def _name(self, name: object) -> str:
        return name if isinstance(name, str) and name else self.document.source

    def _title(self, title: object) -> Bilingual:
        if isinstance(title, dict) and set(title) == set(LANGUAGES):
            return Bilingual(zh=str(title["zh"]), en=str(title["en"]))
        return Bilingual(zh=self.document.source, en=self.document.source)

    def _event_type(self, name: object) -> EventType | None:
        event_type = self.catalogue.types.get(str(name))
        if event_type is None:
            hint = did_you_mean(str(name), self.catalogue.types)
            self.fault(f"event is the name of an event type, not {name!r}{hint}", "event")
        return event_type

    def _envelope(self, top: dict[str, object], key: str, *, kind: Kind) -> Source | None:
        if key not in top:
            self.fault(f"{key} is missing", key)
            return None
        source = self._source(top[key], path=(key,), kind=kind)
        if source is not None and source.column is None:
            self.fault(f"{key} comes from a column", key)
        return source

    def _joined(self, top: dict[str, object]) -> Source | None:
        """An id of several columns, None when it is written in another way."""
        entry = top.get("id")
        columns = entry.get("columns") if isinstance(entry, dict) else None
        if not isinstance(columns, list) or entry != {"columns": columns}:
            return None
        names = [name for name in columns if isinstance(name, str) and name]
        if not names or len(set(names)) != len(columns):
            self.fault("columns are different names", "id", "columns")
        return Source(joined=tuple(names))

    def _currency(self, top: dict[str, object]) -> Source | None:
        source = self._source(top["currency"], path=("currency",), kind=Kind.CATEGORY)
        if source is not None and source.column is None:
            try:
                exponent(str(source.constant))
                self.constant_currency = str(source.constant)
            except RiskError as error:
                self.fault(error.message, "currency", "constant")
        return source

    def _fields(self, entry: object, *, event_type: EventType | None) -> dict[str, Source]:
        if not isinstance(entry, dict):
            self.fault("expected fields, each with its column or constant", "fields")
            return {}
        sources: dict[str, Source] = {}
        for name, item in entry.items():
            declared = self.catalogue.fields.get(name)
            known = self.catalogue.fields.keys() if event_type is None else event_type.fields
            if declared is None or name not in known:
                owner = "any event" if event_type is None else event_type.name
                self.fault(
                    f"{name!r} is not a field of {owner}{did_you_mean(name, known)}", "fields", name
                )
            elif declared.kind is Kind.PLACE:
                sources |= self._place(name, item)
            elif source := self._source(
                item, path=("fields", name), kind=declared.kind, declared=declared
            ):
                sources[name] = source
        return sources

    def _place(self, name: str, item: object) -> dict[str, Source]:
        path = ("fields", name)
        if not isinstance(item, dict) or set(item) != _PLACE_KEYS:
            self.fault("a place has a latitude and a longitude, each a column", *path)
            return {}
        sources = {
            suffix: self._source(item[key], path=(*path, key), kind=Kind.PLACE)
            for suffix, key in ((LATITUDE, "latitude"), (LONGITUDE, "longitude"))
        }
        return {f"{name}{suffix}": source for suffix, source in sources.items() if source}

    def _source(
        self, item: object, *, path: Path, kind: Kind, declared: Field | None = None
    ) -> Source | None:
        if isinstance(item, str):
            item = {"column": item}
        if not isinstance(item, dict) or ("column" in item) == ("constant" in item):
            self.fault("expected either a column or a constant", *path)
            return None
        before = len(self.faults)
        self.faults += unknown_keys(self.document, item, known=_SOURCE_KEYS, path=path)
        column = item.get("column")
        if "column" in item and not (isinstance(column, str) and column):
            self.fault("a column is a name", *path, "column")
        source = Source(
            column=column if isinstance(column, str) else None,
            constant=self._constant(item, path=path, declared=declared),
            unit=self._unit(item, path=path, kind=kind),
            time_zone=self._time_zone(item, path=path, kind=kind),
            values=self._values(item, path=path, kind=kind, declared=declared),
        )
        return source if len(self.faults) == before else None

    def _constant(self, item: dict[str, object], *, path: Path, declared: Field | None) -> object:
        if "constant" not in item:
            return None
        if declared is None:
            return item["constant"]
        return self._read(item["constant"], declared=declared, path=(*path, "constant"))

    def _read(self, value: object, *, declared: Field, path: Path) -> object:
        if declared.kind is Kind.MONEY and not self.constant_currency:
            self.fault("a constant amount needs a constant currency", *path)
            return None
        try:
            return field_reader(declared)(value, self.constant_currency)
        except RiskError as error:
            self.fault(error.message, *path)
            return None

    def _unit(self, item: dict[str, object], *, path: Path, kind: Kind) -> str | None:
        known = {Kind.INSTANT: TIME_UNITS, Kind.MONEY: MONEY_UNITS}.get(kind, ())
        unit = item.get("unit")
        if unit is None or (isinstance(unit, str) and unit in known):
            return unit
        allowed = f"one of {', '.join(known)}" if known else f"not given for a {kind}"
        self.fault(f"unit is {allowed}, not {unit!r}", *path, "unit")
        return None

    def _time_zone(self, item: dict[str, object], *, path: Path, kind: Kind) -> str | None:
        name = item.get("time_zone")
        if name is None:
            return None
        if kind is Kind.INSTANT and isinstance(name, str):
            if _is_time_zone(name):
                return name
            hint = did_you_mean(name, zoneinfo.available_timezones())
            self.fault(f"unknown time zone {name!r}{hint}", *path, "time_zone")
        else:
            self.fault("time_zone is for times", *path, "time_zone")
        return None

    def _values(
        self, item: dict[str, object], *, path: Path, kind: Kind, declared: Field | None
    ) -> dict[str, object] | None:
        values = item.get("values")
        if values is None:
            return None
        if not isinstance(values, dict) or not (kind in TEXT_LIKE or kind is Kind.BOOLEAN):
            self.fault("values translates the texts of a word or boolean column", *path, "values")
            return None
        if declared is None:
            return values
        return {
            text: self._read(value, declared=declared, path=(*path, "values", text))
            for text, value in values.items()
        }

    def _check_complete(
        self, event_type: EventType, *, fields: dict[str, Source], currency: Source | None
    ) -> None:
        mapped = {name.removesuffix(LATITUDE) for name in fields}
        entry = self.document.data
        listed = entry.get("fields") if isinstance(entry, dict) else None
        mapped |= set(listed) if isinstance(listed, dict) else set()
        for name in sorted(event_type.required - mapped):
            self.fault(f"{event_type.name} needs the field {name}", "fields")
        money = [name for name in fields if self._is_money(name)]
        if money and currency is None and isinstance(entry, dict) and "currency" not in entry:
            self.fault(f"currency is missing beside {money[0]}", "currency")

    def _is_money(self, name: str) -> bool:
        declared = self.catalogue.fields.get(name)
        return declared is not None and declared.kind is Kind.MONEY


def _is_time_zone(name: str) -> bool:
    try:
        return name == "UTC" or zoneinfo.ZoneInfo(name) is not None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
