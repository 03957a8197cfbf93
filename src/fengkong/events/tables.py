"""From a table of source columns to events in columns, under a mapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.core.money import exponent
from fengkong.events.catalogue import TEXT_LIKE, Catalogue, Field, Kind
from fengkong.events.columns import LATITUDE, LONGITUDE, Cells, Column, EventColumns
from fengkong.events.conversion import convert, degrees
from fengkong.events.converted import Converted
from fengkong.events.errors import MissingFieldError
from fengkong.events.mapping import Mapping, Source, UnknownColumnError
from fengkong.events.spelling import did_you_mean
from fengkong.events.times import instants

_ID = Field(
    name="id",
    kind=Kind.ENTITY,
    entity="event",
    length_max=128,
    title=Bilingual(zh="事件编号", en="Event id"),
    description=Bilingual(zh="事件的编号", en="Id of the event"),
)


@dataclass(slots=True, kw_only=True)
class TableBatch:
    """A batch as read: all rows in columns, which are bad, and their faults by position."""

    columns: EventColumns
    bad: NDArray[np.bool_]
    faults: dict[int, list[Fault]] = field(default_factory=dict)


class TableReader:
    """Reads tables of one layout under one mapping."""

    def __init__(self, mapping: Mapping, *, catalogue: Catalogue) -> None:
        self.mapping = mapping
        self._catalogue = catalogue
        self._required = catalogue.types[mapping.event].required
        self._type = catalogue.type_names.index(mapping.event)

    def check_columns(self, names: Iterable[str], *, source: str) -> None:
        """Refuse a file that lacks a column of the mapping; all of them at once."""
        known = list(names)
        faults = [
            UnknownColumnError(
                f"no column {column!r}{did_you_mean(column, known)}", source=source
            ).fault()
            for column in self.mapping.columns
            if column not in known
        ]
        if faults:
            raise FaultsError(faults)

    def read(self, frame: pl.DataFrame, *, rows: NDArray[np.int64]) -> TableBatch:
        """The events of a table whose rows have these numbers in their file."""
        reading = _Reading(frame=frame)
        mapping = self.mapping
        currencies, digits = self._currencies(reading)
        ids = reading.checked(self._ids(reading, digits=digits), path="$.id", source=mapping.id)
        reading.require(ids, path="$.id", source=mapping.id)
        at = reading.checked(
            instants(frame[str(mapping.occurred_at.column)], source=mapping.occurred_at),
            path="$.occurred_at",
            source=mapping.occurred_at,
        )
        reading.require(at, path="$.occurred_at", source=mapping.occurred_at)
        values = {
            name: self._value(
                reading, name, mapping.fields[name], digits=digits, currencies=currencies
            )
            for name in sorted(mapping.fields)
        }
        _check_places(reading, values)
        columns = EventColumns(
            types=np.full(frame.height, self._type, dtype=np.int16),
            ids=cast("pl.Series", ids).cast(pl.String),
            occurred_at=np.nan_to_num(cast("Cells", at), nan=0.0).astype(np.int64),
            currencies=currencies,
            values=values,
            rows=rows,
            catalogue=self._catalogue,
        )
        return TableBatch(columns=columns, bad=reading.bad, faults=reading.faults)

    def _ids(self, reading: _Reading, *, digits: NDArray[np.int64]) -> Converted:
        source = self.mapping.id
        if source.joined:
            parts = [pl.col(name).cast(pl.String) for name in source.joined]
            series = reading.frame.select(pl.concat_str(parts, separator="-")).to_series()
        else:
            series = reading.frame[str(source.column)]
        return convert(series, declared=_ID, source=source, digits=digits, currencies=str)

    def _currencies(self, reading: _Reading) -> tuple[pl.Series | None, NDArray[np.int64]]:
        """The currency of each row, and its decimal places (-1 where it has none)."""
        source, height = self.mapping.currency, reading.frame.height
        if source is None:
            return None, np.full(height, -1, dtype=np.int64)
        if source.column is None:
            code = str(source.constant)
            repeated = pl.repeat(code, height, eager=True, dtype=pl.String)
            return repeated, np.full(height, exponent(code), dtype=np.int64)
        given = reading.frame[source.column].cast(pl.String, strict=False)
        if source.values is not None:
            given = given.replace(dict(source.values))
        places: dict[str, int] = {}
        for code in given.unique().drop_nulls().to_list():
            try:
                places[code] = exponent(code)
            except RiskError as error:
                wrong = (given == code).fill_null(value=False).to_numpy()
                errors = [(int(index), error) for index in np.flatnonzero(wrong)]
                converted = Converted(values=given, bad=wrong, errors=errors)
                reading.checked(converted, path="$.currency", source=source)
        digits = given.replace_strict(places, default=-1, return_dtype=pl.Int64).fill_null(-1)
        return given, digits.to_numpy()

    def _value(
        self,
        reading: _Reading,
        name: str,
        source: Source,
        *,
        digits: NDArray[np.int64],
        currencies: pl.Series | None,
    ) -> Column:
        height = reading.frame.height
        if name.endswith((LATITUDE, LONGITUDE)):
            series = reading.frame[str(source.column)]
            converted = degrees(series, name=name[-3:])
            return reading.checked(converted, path=f"$.{name[:-4]}", source=source)
        declared = self._catalogue.fields[name]
        if source.column is None:
            if declared.kind in TEXT_LIKE:
                return pl.repeat(str(source.constant), height, eager=True, dtype=pl.String)
            return np.full(height, float(cast("float", source.constant)))
        converted = _convert(
            reading, source, declared=declared, digits=digits, currencies=currencies
        )
        values = reading.checked(converted, path=f"$.{name}", source=source)
        if name in self._required:
            reading.require(values, path=f"$.{name}", source=source, but=converted.bad)
        return values


@dataclass(slots=True)
class _Reading:
    frame: pl.DataFrame
    bad: NDArray[np.bool_] = field(init=False)
    faults: dict[int, list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bad = np.zeros(self.frame.height, dtype=np.bool_)

    def checked(self, converted: Converted, *, path: str, source: Source) -> Column:
        """The values, after noting what is wrong with some of them."""
        if converted.bad.any():
            self.bad |= converted.bad
            for index, error in converted.errors:
                columns = ", ".join(source.joined) or source.column
                message = f"{error.message} (column {columns})"
                fault = replace(error.fault(), path=path, message=message)
                self.faults.setdefault(index, []).append(fault)
        return converted.values

    def require(
        self, column: Column, *, path: str, source: Source, but: NDArray[np.bool_] | None = None
    ) -> None:
        """Note the rows where a needed value is missing."""
        gaps = column.is_null().to_numpy() if isinstance(column, pl.Series) else np.isnan(column)
        gaps = gaps & ~(self.bad if but is None else but)
        error = MissingFieldError(f"{path[2:]} is missing")
        errors = [(int(index), cast("RiskError", error)) for index in np.flatnonzero(gaps)]
        self.checked(
            Converted(values=column, bad=gaps, errors=errors),
            path=path,
            source=source,
        )


def _convert(
    reading: _Reading,
    source: Source,
    *,
    declared: Field,
    digits: NDArray[np.int64],
    currencies: pl.Series | None,
) -> Converted:
    def currency(row: int) -> str:
        return "" if currencies is None else str(currencies[row])

    series = reading.frame[str(source.column)]
    return convert(series, declared=declared, source=source, digits=digits, currencies=currency)


def _check_places(reading: _Reading, values: dict[str, Column]) -> None:
    """A place with only one of its two coordinates is not a place."""
    for name in [name for name in values if name.endswith(LATITUDE)]:
        place = name.removesuffix(LATITUDE)
        gaps = np.isnan(cast("Cells", values[name]))
        half = (gaps != np.isnan(cast("Cells", values[place + LONGITUDE]))) & ~reading.bad
        error = MissingFieldError("a place with only one of latitude and longitude")
        errors = [(int(index), cast("RiskError", error)) for index in np.flatnonzero(half)]
        reading.checked(
            Converted(values=values[name], bad=half, errors=errors),
            path=f"$.{place}",
            source=Source(column=place),
        )
