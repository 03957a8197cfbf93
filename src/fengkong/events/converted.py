"""A converted column: its values, its bad rows, and the tools every conversion uses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.events.columns import Cells, Column
from fengkong.events.errors import WrongTypeError

NUMBER: Final = r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,3})?$"
WHOLE: Final = r"^-?(?:0|[1-9][0-9]{0,17})$"


@dataclass(slots=True)
class Converted:
    """A column of values, which of its rows are bad, and why."""

    values: Column
    bad: NDArray[np.bool_]
    errors: list[tuple[int, RiskError]] = field(default_factory=list)


def with_exceptions(
    series: pl.Series, *, cells: Cells, sure: NDArray[np.bool_], read: Callable[[object], float]
) -> Converted:
    """Cells where `sure`, NaN where null; the other rows as `read` finds them."""
    missing = series.is_null().to_numpy()
    cells = np.where(sure & ~missing, cells, np.nan)
    converted = Converted(values=cells, bad=np.zeros(len(cells), dtype=np.bool_))
    unsure = np.flatnonzero(~sure & ~missing)
    for index, value in zip(unsure.tolist(), series.gather(unsure).to_list(), strict=True):
        try:
            cells[index] = read(value)
        except RiskError as error:
            converted.bad[index] = True
            converted.errors.append((index, error))
    return converted


def all_wrong(series: pl.Series, *, expected: str) -> Converted:
    """Every value that is not null as a fault: the column is of another kind."""

    def read(value: object) -> float:
        raise WrongTypeError(f"expected {expected}, was {shown(value)}")

    nothing = np.zeros(series.len(), dtype=np.bool_)
    return with_exceptions(series, cells=np.full(series.len(), np.nan), sure=nothing, read=read)


def shown(value: object) -> str:
    """A value as a message may show it."""
    return "NaN" if isinstance(value, float) and math.isnan(value) else f"{value!r:.40}"


def floats(series: pl.Series, *, pattern: str) -> Cells:
    """The numbers of a column, NaN where a value is not one."""
    if series.dtype == pl.String:
        plain = series.str.contains(pattern)
        series = pl.select(pl.when(plain).then(series)).to_series()
        return series.cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy()
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).fill_null(math.nan).to_numpy()
    return np.full(series.len(), np.nan)


def read_float(value: object) -> float:
    """One value as a number, refused when it is none."""
    if isinstance(value, bool) or value is None:
        raise WrongTypeError(f"expected a number, was {shown(value)}")
    if isinstance(value, str) and not re.fullmatch(NUMBER, value, re.ASCII):
        raise WrongTypeError(f"expected a number, was {value[:40]!r}")
    try:
        return float(cast("float", value))
    except (TypeError, ValueError, OverflowError):
        raise WrongTypeError(f"expected a number, was {shown(value)}") from None
