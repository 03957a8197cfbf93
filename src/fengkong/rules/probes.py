"""Probes: cells filled before the machine runs, from what it cannot see.

The machine sees numbers. Characters of texts, lists and dated parameters are looked up here, once
per distinct value in columns and through a small cache row by row.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.hashing import hash_texts, text_cells
from fengkong.rules.interpreter import Moment, Value, value_of
from fengkong.rules.lists import ListState
from fengkong.rules.nodes import Name, Node, OnList, ParameterValue, walk
from fengkong.rules.parameters import in_minor_units

Cells = NDArray[np.float64]
Instants = NDArray[np.int64]
CACHE_MAX: Final = 65_536
_MISSING: Final = float("nan")


def text_cell(text: str) -> float:
    """The cell of one text."""
    return float(text_cells(hash_texts([text]))[0])


def cell(value: Value) -> float:
    """The cell of a value of any kind."""
    if value is None:
        return _MISSING
    return text_cell(value) if isinstance(value, str) else float(value)


def names_of(node: Node) -> tuple[str, ...]:
    """The text names that a part reads, in order."""
    return tuple(sorted({part.name for part in walk(node) if isinstance(part, Name)}))


class Probe(Protocol):
    """Fills one cell of a row, or one cell of each of many rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """The text names it reads."""

    def of_row(self, texts: Mapping[str, str | None], occurred_at: int, lists: ListState) -> float:
        """The cell of one row."""

    def of_columns(
        self, texts: Mapping[str, pl.Series], occurred_at: Instants, lists: ListState
    ) -> Cells:
        """The cells of many rows."""


class ParameterProbe:
    """The value of a dated parameter at the time of the event."""

    names: tuple[str, ...] = ()

    def __init__(self, node: ParameterValue) -> None:
        dated = node.parameter.values
        self._starts = [value.effective_from for value in dated]
        self._cells = [_MISSING]
        for value in dated:
            plain = value.value
            if not isinstance(plain, bool | str):
                plain = in_minor_units(plain, scale=node.scale)
            self._cells.append(cell(plain))
        self._starts_array = np.array(self._starts, dtype=np.int64)
        self._cells_array = np.array(self._cells)

    def of_row(
        self,
        texts: Mapping[str, str | None],  # noqa: ARG002 - the protocol of all probes
        occurred_at: int,
        lists: ListState,  # noqa: ARG002
    ) -> float:
        """The cell of one row."""
        return self._cells[bisect_right(self._starts, occurred_at)]

    def period(self, instant: int) -> tuple[float, float]:
        """The instants, from and before, between which the value stays what it is."""
        position = bisect_right(self._starts, instant)
        first = self._starts[position - 1] if position else -math.inf
        return first, self._starts[position] if position < len(self._starts) else math.inf

    def of_columns(
        self,
        texts: Mapping[str, pl.Series],  # noqa: ARG002 - the protocol of all probes
        occurred_at: Instants,
        lists: ListState,  # noqa: ARG002
    ) -> Cells:
        """The cells of many rows."""
        positions = np.searchsorted(self._starts_array, occurred_at, side="right")
        return np.asarray(self._cells_array[positions])


class TextProbe:
    """The value of a function of characters; the cell of a text is its hash."""

    def __init__(self, node: Node) -> None:
        self.names = names_of(node)
        self._node = node
        self._cache: dict[tuple[str | None, ...], float] = {}
        self._single = self.names[0] if len(self.names) == 1 else None

    def _cell(self, key: tuple[str | None, ...]) -> float:
        """The cell for one combination of texts, computed once."""
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= CACHE_MAX:
                self._cache.clear()
            values = dict(zip(self.names, key, strict=True))
            found = self._cache[key] = cell(value_of(self._node, Moment(values)))
        return found

    def of_row(
        self,
        texts: Mapping[str, str | None],
        occurred_at: int,  # noqa: ARG002 - the protocol of all probes
        lists: ListState,  # noqa: ARG002
    ) -> float:
        """The cell of one row."""
        if self._single is not None:
            return self._cell((texts.get(self._single),))
        return self._cell(tuple([texts.get(name) for name in self.names]))

    def of_columns(
        self,
        texts: Mapping[str, pl.Series],
        occurred_at: Instants,
        lists: ListState,  # noqa: ARG002 - the protocol of all probes
    ) -> Cells:
        """The cells of many rows, computed once per distinct text."""
        count = len(occurred_at)
        if len(self.names) == 1:
            column = texts_of(texts, self.names[0], count=count)
            distinct = column.unique()
            cells = pl.Series(
                [self._cell((text,)) for text in distinct.to_list()], dtype=pl.Float64
            )
            if distinct.len() == count and column.equals(distinct):
                return cells.to_numpy()
            return column.replace_strict(distinct, cells, return_dtype=pl.Float64).to_numpy()
        columns = [texts_of(texts, name, count=count).to_list() for name in self.names]
        rows = zip(*columns, strict=True) if columns else ((),) * count
        return np.fromiter((self._cell(row) for row in rows), np.float64, count=count)


class ListProbe:
    """Whether a text is on a list at the time of the event."""

    def __init__(self, node: OnList) -> None:
        self.names = names_of(node.subject)
        self.list = node.list
        self.plain = node.subject.name if isinstance(node.subject, Name) else None
        """The name that is looked up, if the subject is one."""
        self._subject = node.subject

    def _of(self, texts: Mapping[str, object]) -> Value:
        """The text that is looked up."""
        return value_of(self._subject, Moment(texts))

    def of_row(self, texts: Mapping[str, str | None], occurred_at: int, lists: ListState) -> float:
        """The cell of one row."""
        subject = texts.get(self.plain) if self.plain is not None else self._of(texts)
        if subject is None:
            return _MISSING
        return 1.0 if lists.holds(self.list, str(subject), at=occurred_at) else 0.0

    def of_columns(
        self, texts: Mapping[str, pl.Series], occurred_at: Instants, lists: ListState
    ) -> Cells:
        """The cells of many rows: only values that are on the list are looked at one by one."""
        subjects = self._subjects(texts, count=len(occurred_at))
        cells = np.where(subjects.is_null().to_numpy(), np.nan, 0.0)
        entries = lists.values(self.list)
        if not entries:
            return cells
        if len(entries) > 4 * subjects.len():
            on_list = pl.Series([text in entries for text in subjects.to_list()], dtype=pl.Boolean)
        else:
            on_list = subjects.is_in(list(entries))
        for position in on_list.fill_null(value=False).arg_true().to_list():
            text = subjects[position]
            held = lists.holds(self.list, text, at=int(occurred_at[position]))
            cells[position] = 1.0 if held else 0.0
        return cells

    def _subjects(self, texts: Mapping[str, pl.Series], *, count: int) -> pl.Series:
        """The looked-up texts of many rows."""
        if self.plain is not None:
            return texts_of(texts, self.plain, count=count)
        columns = [texts_of(texts, name, count=count).to_list() for name in self.names]
        rows = zip(*columns, strict=True) if columns else ((),) * count
        found = [self._of(dict(zip(self.names, row, strict=True))) for row in rows]
        return pl.Series(found, dtype=pl.String)


def texts_of(texts: Mapping[str, pl.Series], name: str, *, count: int) -> pl.Series:
    """A column of texts: integers become their digits, an absent column is all missing."""
    column = texts.get(name)
    if column is None:
        return pl.Series([None] * count, dtype=pl.String)
    return column if column.dtype == pl.String else column.cast(pl.String)


def probe_for(node: Node) -> Probe:
    """The probe that fills a part of an expression."""
    match node:
        case ParameterValue():
            return ParameterProbe(node)
        case OnList():
            return ListProbe(node)
        case _:
            return TextProbe(node)
