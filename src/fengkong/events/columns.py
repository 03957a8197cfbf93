"""A batch of events in columns: what replay, backtests and training read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.events.catalogue import TEXT_LIKE, Catalogue, Kind, shipped_catalogue
from fengkong.events.event import Event

Cells = NDArray[np.float64]
Column = Cells | pl.Series
"""Cells (NaN is missing) or, for text-like fields, a String or Int64 series (null is missing)."""

LATITUDE = ".lat"
LONGITUDE = ".lon"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventColumns:
    """Events side by side.

    `types` are indices into `catalogue.type_names`; `occurred_at` is microseconds UTC; `values`
    has a column for each field that any event of the batch has, a place two (`place.lat`,
    `place.lon`); money is in minor units. The text of an Int64 series is its decimal digits.
    `rows` are the numbers of the rows in their source, from 1.
    """

    types: NDArray[np.int16]
    ids: pl.Series
    occurred_at: NDArray[np.int64]
    currencies: pl.Series | None
    values: dict[str, Column]
    rows: NDArray[np.int64]
    catalogue: Catalogue = field(repr=False)

    def __len__(self) -> int:
        return len(self.occurred_at)

    @classmethod
    def from_events(
        cls,
        events: Sequence[Event],
        *,
        catalogue: Catalogue | None = None,
        rows: Sequence[int] | None = None,
        fields: Iterable[str] | None = None,
    ) -> EventColumns:
        """The same events in columns; with `fields`, only what those hold."""
        catalogue = catalogue or shipped_catalogue()
        numbers = {name: number for number, name in enumerate(catalogue.type_names)}
        count = len(events)
        currencies = pl.Series([event.currency for event in events], dtype=pl.String)
        held = [event.values for event in events]
        present: set[str] = set().union(*held)
        columns: dict[str, Column] = {}
        for name in sorted(present if fields is None else present.intersection(fields)):
            columns |= _column(name, kind=catalogue.fields[name].kind, held=held)
        return cls(
            types=np.array([numbers[event.type] for event in events], dtype=np.int16),
            ids=pl.Series([event.id for event in events], dtype=pl.String),
            occurred_at=np.array([event.occurred_at for event in events], dtype=np.int64),
            currencies=None if currencies.null_count() == count else currencies,
            values=columns,
            rows=np.arange(1, count + 1) if rows is None else np.array(rows, dtype=np.int64),
            catalogue=catalogue,
        )

    @classmethod
    def of_lists(
        cls,
        *,
        types: Sequence[int],
        occurred_at: Sequence[int],
        currencies: Sequence[str | None],
        values: Mapping[str, Sequence[Any]],
        catalogue: Catalogue,
    ) -> EventColumns:
        """Events without ids whose values stand in lists, missing ones as `missing_value` says."""
        count = len(types)
        named = pl.Series(currencies, dtype=pl.String)
        columns: dict[str, Column] = {}
        for name, held in values.items():
            columns |= _column_of(name, kind=catalogue.fields[name].kind, values=held)
        return cls(
            types=np.array(types, dtype=np.int16),
            ids=pl.Series([None], dtype=pl.String).new_from_index(0, count),
            occurred_at=np.array(occurred_at, dtype=np.int64),
            currencies=None if named.null_count() == count else named,
            values=columns,
            rows=np.arange(1, count + 1),
            catalogue=catalogue,
        )

    def to_events(self) -> list[Event]:
        """The same events one by one."""
        names = self.catalogue.type_names
        currencies = [None] * len(self) if self.currencies is None else self.currencies.to_list()
        values = self._values_by_row()
        return [
            Event(type=names[kind], id=identifier, occurred_at=at, currency=currency, values=held)
            for kind, identifier, at, currency, held in zip(
                self.types.tolist(),
                self.ids.to_list(),
                self.occurred_at.tolist(),
                currencies,
                values,
                strict=True,
            )
        ]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> EventColumns:
        """The events at some positions, or where a mask is true, in that order."""
        positions = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        index = pl.Series(positions, dtype=pl.UInt32)
        return EventColumns(
            types=self.types[positions],
            ids=self.ids.gather(index),
            occurred_at=self.occurred_at[positions],
            currencies=None if self.currencies is None else self.currencies.gather(index),
            values={
                name: column.gather(index) if isinstance(column, pl.Series) else column[positions]
                for name, column in self.values.items()
            },
            rows=self.rows[positions],
            catalogue=self.catalogue,
        )

    def _values_by_row(self) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = [{} for _ in range(len(self))]
        for name, column in self.values.items():
            if name.endswith(LONGITUDE):
                continue
            name = name.removesuffix(LATITUDE)
            for row, value in zip(rows, self._memory(name, column), strict=True):
                if value is not None:
                    row[name] = value
        return rows

    def _memory(self, name: str, column: Column) -> list[object]:
        """The values of a field as an event has them, None where missing."""
        if isinstance(column, pl.Series):
            return column.cast(pl.String).to_list()
        kind = self.catalogue.fields[name].kind
        cells = [None if cell != cell else cell for cell in column.tolist()]  # noqa: PLR0124 NaN
        if kind is Kind.PLACE:
            longitudes = cast("Cells", self.values[name + LONGITUDE]).tolist()
            pairs = zip(cells, longitudes, strict=True)
            return [None if lat is None else (lat, lon) for lat, lon in pairs]
        if kind is Kind.NUMBER:
            return cast("list[object]", cells)
        convert = bool if kind is Kind.BOOLEAN else int
        return [None if cell is None else convert(cell) for cell in cells]


def _column(name: str, *, kind: Kind, held: Sequence[dict[str, object]]) -> dict[str, Column]:
    """One field of all events, missing where an event does not have it."""
    missing = missing_value(kind)
    return _column_of(name, kind=kind, values=[values.get(name, missing) for values in held])


def _column_of(name: str, *, kind: Kind, values: Sequence[Any]) -> dict[str, Column]:
    """One field of all events, from its values in their order."""
    if kind in TEXT_LIKE:
        return {name: pl.Series(name, values, dtype=pl.String)}
    if kind is Kind.PLACE:
        places = np.array(values, dtype=np.float64).reshape(len(values), 2)
        return {
            name + LATITUDE: np.ascontiguousarray(places[:, 0]),
            name + LONGITUDE: np.ascontiguousarray(places[:, 1]),
        }
    return {name: np.array(values, dtype=np.float64)}


def missing_value(kind: Kind) -> object:
    """What stands in a list of values of a kind where an event has none."""
    if kind in TEXT_LIKE:
        return None
    return _NOWHERE if kind is Kind.PLACE else math.nan


_NOWHERE: Final = (math.nan, math.nan)
