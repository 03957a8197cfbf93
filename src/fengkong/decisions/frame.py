"""What a policy needs of events, as cells and keys, from columns.

Cells are float64 with NaN for missing; a text's cell is a hash of it.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from fengkong.core.hashing import hash_series, text_cells
from fengkong.core.money import exponent
from fengkong.events.catalogue import TEXT_LIKE, Catalogue
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.events.columns import EventColumns
from fengkong.rules.parameters import Parameter

Cells = NDArray[np.float64]
Keys = NDArray[np.uint64]

_MIX: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_MIX_ARRAYS: Final = tuple(np.uint64(factor) for factor in _MIX)
_MIX_0, _MIX_1, _MIX_2, _MIX_3 = _MIX_ARRAYS
ENVELOPE_TEXTS: Final = ("event_type", "currency")


@dataclass(frozen=True, slots=True)
class Slice:
    """Some events of a batch as cells, hashes and texts.

    cells float64[n, len(frame.cells)]; hashes uint64[n, 2] by name of a text; texts by name.
    """

    occurred_at: NDArray[np.int64]
    cells: Cells
    hashes: Mapping[str, Keys]
    texts: Mapping[str, pl.Series]


class Frame:
    """The order of the cells that a policy needs, and how they are filled.

    `texts` are the text-like names whose hash or characters are needed; booleans that stand in a
    key are hashed as their words.
    """

    def __init__(
        self,
        *,
        cells: Sequence[str],
        hashed: Sequence[str],
        texts: Sequence[str],
        catalogue: Catalogue,
        currency: str,
        rates: Mapping[str, Parameter],
    ) -> None:
        self.cells = tuple(cells)
        self.hashed = tuple(hashed)
        self.texts = tuple(texts)
        self.catalogue = catalogue
        self.currency = currency
        self.rates = rates
        self.text_names = tuple(dict.fromkeys([*self.hashed, *self.texts]))
        self._money = [
            index
            for index, name in enumerate(self.cells)
            if name in catalogue.fields and catalogue.fields[name].kind is FieldKind.MONEY
        ]
        self._text_cells = [
            (index, self.hashed.index(name))
            for index, name in enumerate(self.cells)
            if name in self.hashed and self._is_text(name)
        ]
        self._plain = [
            (index, name.split(".")[0], name)
            for index, name in enumerate(self.cells)
            if not self._is_text(name) and name != "occurred_at"
        ]
        self._at = self.cells.index("occurred_at") if "occurred_at" in self.cells else None

    def _is_text(self, name: str) -> bool:
        if name in ENVELOPE_TEXTS:
            return True
        field = self.catalogue.fields.get(name)
        return field is not None and field.kind in TEXT_LIKE

    # -- columns -----------------------------------------------------------------------------

    def of_columns(self, columns: EventColumns) -> Slice:
        """Cells, hashes and texts of a batch."""
        count = len(columns)
        cells = np.full((count, len(self.cells)), np.nan)
        texts = {name: self._series(name, columns) for name in self.text_names}
        hashes = {name: hash_series(texts[name]) for name in self.hashed}
        for index, _, name in self._plain:
            column = columns.values.get(name)
            if column is not None:
                assert isinstance(column, np.ndarray), "only texts are series"
                cells[:, index] = column
        for index, text in self._text_cells:
            cells[:, index] = text_cells(hashes[self.hashed[text]])
        if self._at is not None:
            cells[:, self._at] = columns.occurred_at
        if self._money:
            self._convert_columns(cells, columns)
        return Slice(columns.occurred_at, cells, hashes, texts)

    def _series(self, name: str, columns: EventColumns) -> pl.Series:
        count = len(columns)
        if name == "event_type":
            names = pl.Series(list(columns.catalogue.type_names), dtype=pl.String)
            return names.gather(pl.Series(columns.types, dtype=pl.UInt32))
        if name == "currency":
            missing = pl.Series([None], dtype=pl.String).new_from_index(0, count)
            return missing if columns.currencies is None else columns.currencies
        column = columns.values.get(name)
        if column is None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, count)
        if isinstance(column, pl.Series):
            return column
        words = pl.Series(["false", "true"])
        index = pl.Series(column).fill_nan(None).cast(pl.UInt32)
        return words.gather(index)

    def _convert_columns(self, cells: Cells, columns: EventColumns) -> None:
        if columns.currencies is None:
            return
        for currency in columns.currencies.unique().drop_nulls().to_list():
            if currency == self.currency:
                continue
            rows = np.flatnonzero((columns.currencies == currency).to_numpy())
            factors = np.array([self.factor(currency, int(t)) for t in columns.occurred_at[rows]])
            for index in self._money:
                cells[rows, index] = np.rint(cells[rows, index] * factors)

    def factor(self, currency: str, instant: int) -> float:
        """Minor units of the policy's currency in one minor unit of another; NaN if unknown."""
        rate = self.rates[currency].at(instant) if currency in self.rates else None
        if rate is None:
            return float("nan")
        digits = exponent(self.currency) - exponent(currency)
        return float(rate.value) * float(10.0**digits)


def combine(parts: Sequence[Keys]) -> Keys:
    """One key of several, uint64[n, 2]; missing where a part is missing."""
    if len(parts) == 1:
        return parts[0]
    combined = np.zeros_like(parts[0])
    missing = np.zeros(len(combined), dtype=np.bool_)
    for part in parts:
        missing |= (part[:, 0] == 0) & (part[:, 1] == 0)
        high = combined[:, 0] * _MIX_ARRAYS[0] + part[:, 0] * _MIX_ARRAYS[1] + part[:, 1]
        low = combined[:, 1] * _MIX_ARRAYS[2] + part[:, 1] * _MIX_ARRAYS[3] + part[:, 0]
        combined[:, 0] = high ^ (low >> np.uint64(32))
        combined[:, 1] = low ^ (high >> np.uint64(29))
    combined[missing] = 0
    return combined


@njit(cache=True, nogil=True)
def combine_rows(hashes, parts, keys):
    """The keys of rows, as `combine` makes them, from hashes uint64[n, texts, 2].

    parts int64[keyspaces, parts] index the texts and end with -1; keys uint64[n, 2 * keyspaces]
    are written.
    """
    for i in range(hashes.shape[0]):
        for k in range(parts.shape[0]):
            high = np.uint64(0)
            low = np.uint64(0)
            alone = parts[k, 1] < 0
            for p in range(parts.shape[1]):
                if parts[k, p] < 0:
                    break
                first = hashes[i, parts[k, p], 0]
                second = hashes[i, parts[k, p], 1]
                if alone or (first == 0 and second == 0):
                    high, low = first, second
                    break
                upper = high * _MIX_0 + first * _MIX_1 + second
                lower = low * _MIX_2 + second * _MIX_3 + first
                high = upper ^ (lower >> np.uint64(32))
                low = lower ^ (upper >> np.uint64(29))
            keys[i, 2 * k] = high
            keys[i, 2 * k + 1] = low
