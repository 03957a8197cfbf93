"""A column of a file as the cells of a field, as strictly as one JSON value.

Each conversion is done for the whole column at once; the rows it cannot vouch for go one by one
through the same reader that JSON values go through, so that both say the same about a value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.money import AMOUNT_MINOR_MAX, InvalidAmountError, parse_minor
from fengkong.events.catalogue import TEXT_LIKE, Field, Kind
from fengkong.events.converted import (
    NUMBER,
    WHOLE,
    Converted,
    all_wrong,
    floats,
    read_float,
    shown,
    with_exceptions,
)
from fengkong.events.errors import (
    MissingFieldError,
    OutOfRangeError,
    UnknownCategoryError,
    WrongTypeError,
)
from fengkong.events.mapping import Source
from fengkong.events.spelling import did_you_mean
from fengkong.events.times import instants
from fengkong.events.values import LATITUDE_MAX, LONGITUDE_MAX, check_number, field_reader

MINOR_TOLERANCE: Final = 1e-6
"""How far a floating-point amount may be from a whole minor unit, in minor units."""

# Nobody writes nine decimal places of money: such a text is a float that was printed
# ("85.64999999999999"), and is read with a float's tolerance.
_PRINTED_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{9,18}", re.ASCII)
_BOOLEANS: Final = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}


def convert(
    series: pl.Series,
    *,
    declared: Field,
    source: Source,
    digits: NDArray[np.int64],
    currencies: Callable[[int], str],
) -> Converted:
    """The cells of a field from a source column; null is missing.

    `digits` are the decimal places of each row's currency (-1 where it has none), `currencies`
    the currency of a row.
    """
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    if source.values is not None:
        return _translated(series, declared=declared, values=source.values)
    if declared.kind in TEXT_LIKE:
        return _texts(series, declared=declared)
    if declared.kind is Kind.MONEY:
        return _money(
            series, declared=declared, source=source, digits=digits, currencies=currencies
        )
    if declared.kind is Kind.INSTANT:
        return instants(series, source=source)
    if declared.kind is Kind.BOOLEAN:
        return _booleans(series)
    return _numbers(series, declared=declared)


def degrees(series: pl.Series, *, name: str) -> Converted:
    """Latitudes or longitudes."""
    limit = LATITUDE_MAX if name == "lat" else LONGITUDE_MAX
    numbers = floats(series, pattern=NUMBER)
    within = (numbers >= -limit) & (numbers <= limit)

    def read(value: object) -> float:
        number = read_float(value)
        if not -limit <= number <= limit:
            raise OutOfRangeError(f"{name} {number:g} is outside -{limit:g} to {limit:g}")
        return number

    return with_exceptions(series, cells=numbers + 0.0, sure=within, read=read)


def _texts(series: pl.Series, *, declared: Field) -> Converted:
    series = _identifiers(series)
    closed = declared.values is not None or declared.pattern is not None
    if series.dtype == pl.Int64:
        if not closed and declared.length_max >= len(str(-(2**63))):
            return Converted(values=series, bad=np.zeros(series.len(), dtype=np.bool_))
        series = series.cast(pl.String)
    if series.dtype != pl.String:
        return all_wrong(series, expected="a text")
    if declared.values is not None:
        sure = series.is_in(sorted(declared.values))
    else:
        blanks = "[^ -~]" if declared.kind is Kind.TEXT else "[^ -~]|^ | $"
        length = series.str.len_bytes()
        sure = ~series.str.contains(blanks) & (length >= 1) & (length <= declared.length_max)
        if declared.pattern is not None:
            sure &= series.str.contains(f"^(?:{declared.pattern})$")
    return _with_text_exceptions(series, sure=sure, declared=declared)


def _with_text_exceptions(series: pl.Series, *, sure: pl.Series, declared: Field) -> Converted:
    read = field_reader(declared)
    converted = Converted(values=series, bad=np.zeros(series.len(), dtype=np.bool_))
    judged: dict[str, RiskError | None] = {}
    unsure = np.flatnonzero(~sure.fill_null(value=True).to_numpy())
    for index, text in zip(unsure.tolist(), series.gather(unsure).to_list(), strict=True):
        if text not in judged:
            try:
                read(text, "")
                judged[text] = None
            except RiskError as error:
                judged[text] = error
        found = judged[text]
        if found is not None:
            converted.bad[index] = True
            converted.errors.append((index, found))
    return converted


def _identifiers(series: pl.Series) -> pl.Series:
    """Integers as Int64; floats that are whole (columns with gaps often are) as Int64 too."""
    if series.dtype.is_integer():
        fits = series.dtype != pl.UInt64 or (series.max() or 0) < 2**63  # type: ignore[operator]
        return series.cast(pl.Int64 if fits else pl.String)
    if series.dtype.is_float():
        numbers = series.cast(pl.Float64)
        if bool(((numbers == numbers.floor()) & (numbers.abs() < 2**53)).all()):
            return numbers.cast(pl.Int64)
    return series


def _money(
    series: pl.Series,
    *,
    declared: Field,
    source: Source,
    digits: NDArray[np.int64],
    currencies: Callable[[int], str],
) -> Converted:
    minor_given = source.unit == "minor"
    scale = np.ones(len(digits)) if minor_given else 10.0 ** np.maximum(digits, 0)
    amounts = floats(series, pattern=WHOLE if minor_given else _decimal_pattern(digits))
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = amounts * scale
        minor = np.rint(scaled)
        # A large amount cannot come closer to its minor unit than floats are apart there.
        exact = (np.abs(scaled - minor) <= MINOR_TOLERANCE) | (minor / scale == amounts)
    lowest = -AMOUNT_MINOR_MAX if declared.signed else 0
    sure = exact & (minor >= lowest) & (minor <= AMOUNT_MINOR_MAX) & (digits >= 0)
    if series.dtype == pl.String:
        sure &= ~series.str.starts_with("-0").fill_null(value=True).to_numpy()
    # `with_exceptions` reads the rows that are not sure in this same order.
    rows = iter(np.flatnonzero(~sure & ~series.is_null().to_numpy()).tolist())

    def read(value: object) -> float:
        row = next(rows)
        if digits[row] < 0:
            raise MissingFieldError("an amount without a valid currency")
        places = 0 if minor_given else int(digits[row])
        return _read_amount(value, currency=currencies(row), digits=places, lowest=lowest)

    return with_exceptions(series, cells=minor + 0.0, sure=sure, read=read)


def _decimal_pattern(digits: NDArray[np.int64]) -> str:
    """Decimals with no more places than every row's currency has; other rows are read singly."""
    places = int(digits[digits >= 0].min(initial=8))
    fraction = rf"(?:\.[0-9]{{1,{places}}})?" if places > 0 else ""
    return rf"^-?(?:0|[1-9][0-9]{{0,17}}){fraction}$"


def _read_amount(value: object, *, currency: str, digits: int, lowest: int) -> float:
    if isinstance(value, str) and not _PRINTED_FLOAT.fullmatch(value):
        minor = parse_minor(value, currency=currency)
        return float(_signed(minor, lowest=lowest, shown=value))
    number = read_float(value)
    if not math.isfinite(number):
        raise InvalidAmountError(f"{shown(number)} is not an amount")
    scaled = number * 10.0 ** max(digits, 0)
    if abs(scaled) > AMOUNT_MINOR_MAX:
        raise InvalidAmountError(f"{number!r} is above the largest amount")
    if abs(scaled - round(scaled)) > MINOR_TOLERANCE:
        raise InvalidAmountError(f"{number!r} has more than {digits} decimal places ({currency})")
    return float(_signed(round(scaled), lowest=lowest, shown=repr(number)))


def _signed(minor: int, *, lowest: int, shown: str) -> int:
    if minor < lowest:
        raise InvalidAmountError(f"{shown[:40]} is negative")
    return minor


def _numbers(series: pl.Series, *, declared: Field) -> Converted:
    numbers = floats(series, pattern=NUMBER if declared.kind is Kind.NUMBER else WHOLE)
    sure = (numbers >= declared.minimum) & (numbers <= declared.maximum)
    if declared.kind is Kind.INTEGER:
        sure &= numbers == np.floor(numbers)

    def read(value: object) -> float:
        number = read_float(value)
        check_number(number, field=declared)
        if declared.kind is Kind.INTEGER and not number.is_integer():
            raise WrongTypeError(f"expected a whole number, was {shown(value)}")
        return number

    return with_exceptions(series, cells=numbers + 0.0, sure=sure, read=read)


def _booleans(series: pl.Series) -> Converted:
    if series.dtype == pl.String:
        cells = series.replace_strict(_BOOLEANS, default=math.nan, return_dtype=pl.Float64)
    elif series.dtype == pl.Boolean or series.dtype.is_numeric():
        cells = series.cast(pl.Float64)
    else:
        return all_wrong(series, expected="true or false")
    found = cells.fill_null(math.nan).to_numpy()

    def read(value: object) -> float:
        raise WrongTypeError(f"expected true, false, 1 or 0, was {shown(value)}")

    return with_exceptions(series, cells=found, sure=(found == 0) | (found == 1), read=read)


def _translated(series: pl.Series, *, declared: Field, values: object) -> Converted:
    words = cast("dict[str, object]", values)
    texts = series.cast(pl.String, strict=False)
    known = texts.is_in(list(words)).fill_null(value=False).to_numpy()
    kind = pl.String if declared.kind in TEXT_LIKE else pl.Float64
    targets = [float(cast("bool", word)) if kind == pl.Float64 else word for word in words.values()]
    found = texts.replace_strict(list(words), targets, default=None, return_dtype=kind)

    def read(value: object) -> float:
        raise UnknownCategoryError(
            f"{shown(value)} is not one of {', '.join(words)}{did_you_mean(str(value), words)}"
        )

    nothing = np.full(series.len(), np.nan)
    converted = with_exceptions(texts, cells=nothing, sure=known, read=read)
    converted.values = found if kind == pl.String else found.fill_null(math.nan).to_numpy()
    return converted
