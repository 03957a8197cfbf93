"""Columns of times: with a zone or without, as numbers with a unit, as texts."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from fengkong.core.instants import (
    INSTANT_MAX,
    INSTANT_MIN,
    InvalidInstantError,
    check_instant,
    parse_instant,
)
from fengkong.events.columns import Cells
from fengkong.events.converted import (
    NUMBER,
    Converted,
    all_wrong,
    floats,
    read_float,
    shown,
    with_exceptions,
)
from fengkong.events.mapping import Source

_UNITS_US: Final = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_NAIVE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?", re.ASCII)


def instants(series: pl.Series, *, source: Source) -> Converted:
    """Instants in microseconds from times with or without a zone, numbers with a unit, texts."""
    zone = source.time_zone
    if series.dtype in (pl.Datetime, pl.Date):
        return _datetimes(series.cast(pl.Datetime) if series.dtype == pl.Date else series, zone)
    if source.unit is not None:
        return _epochs(series, unit=source.unit)
    if series.dtype != pl.String:
        return all_wrong(series, expected="a time (or a number with a unit in the mapping)")
    cells = _parsed_times(series, zone=zone)
    sure = (cells >= INSTANT_MIN) & (cells < INSTANT_MAX)
    return with_exceptions(
        series, cells=cells, sure=sure, read=lambda value: _read_time(str(value), zone=zone)
    )


def _datetimes(series: pl.Series, zone: str | None) -> Converted:
    has_zone = isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None
    if not has_zone and zone is None:
        return all_wrong(series, expected="a time_zone in the mapping for times without offset")
    local = series if has_zone else _localised(series, zone=str(zone))
    cells = local.dt.epoch("us").cast(pl.Float64).fill_null(math.nan).to_numpy()
    sure = (cells >= INSTANT_MIN) & (cells < INSTANT_MAX)

    def read(value: object) -> float:
        moment = cast("datetime", value)
        return float(_localise(moment, zone=str(zone)) if moment.tzinfo is None else _us(moment))

    return with_exceptions(series, cells=cells, sure=sure, read=read)


def _localised(series: pl.Series, *, zone: str) -> pl.Series:
    return series.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")


def _epochs(series: pl.Series, *, unit: str) -> Converted:
    whole = series
    if series.dtype == pl.String:
        digits = pl.select(pl.when(series.str.contains(r"^-?[0-9]{1,19}$")).then(series))
        whole = digits.to_series().cast(pl.Int64, strict=False)
    if whole.dtype.is_integer():
        # Nanoseconds have more digits than a float holds: divide them as integers.
        whole = whole // 1000 if unit == "ns" else whole
        factor = 1.0 if unit == "ns" else _UNITS_US[unit]
        cells = whole.cast(pl.Float64).fill_null(math.nan).to_numpy() * factor
    else:
        with np.errstate(over="ignore"):
            cells = np.rint(floats(series, pattern=NUMBER) * _UNITS_US[unit])
    sure = (cells >= INSTANT_MIN) & (cells < INSTANT_MAX)

    def read(value: object) -> float:
        number = read_float(value)
        if not math.isfinite(number):
            raise InvalidInstantError(f"{shown(number)} is not a time")
        if isinstance(value, str):
            raise InvalidInstantError(f"{value[:40]!r} is not a whole number of {unit} in range")
        return float(check_instant(int(number * _UNITS_US[unit])))

    return with_exceptions(series, cells=cells, sure=sure, read=read)


def _parsed_times(series: pl.Series, *, zone: str | None) -> Cells:
    """Times of the usual length, quickly; NaN for those to be read one by one."""
    if zone is None:
        usual = series.str.contains(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        naive, zone = series.str.slice(0, 19), "UTC"
    else:
        usual = series.str.contains(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d$")
        naive = series.str.replace(" ", "T", literal=True)
    chosen = pl.select(pl.when(usual).then(naive)).to_series()
    times = chosen.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    return (
        _localised(times, zone=zone).dt.epoch("us").cast(pl.Float64).fill_null(math.nan).to_numpy()
    )


def _read_time(text: str, *, zone: str | None) -> float:
    match = None if zone is None else _NAIVE.fullmatch(text)
    if match is None or zone is None:
        return float(parse_instant(text))
    fraction = (match[3] or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError as error:
        raise InvalidInstantError(f"{text!r} does not exist: {error}") from None
    return float(_localise(moment + timedelta(microseconds=int(fraction)), zone=zone))


def _localise(moment: datetime, *, zone: str) -> int:
    """The instant of a local time, refused where clocks show it twice or never."""
    earlier = moment.replace(tzinfo=ZoneInfo(zone), fold=0)
    later = moment.replace(tzinfo=ZoneInfo(zone), fold=1)
    if earlier.utcoffset() != later.utcoffset():
        raise InvalidInstantError(f"{moment} happened twice or never in {zone}")
    return _us(earlier)


def _us(moment: datetime) -> int:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return check_instant((moment - epoch) // timedelta(microseconds=1))
