"""Reads monthly ratings of peer platforms and lists of those that failed."""

from __future__ import annotations

import calendar
from datetime import date
from pathlib import Path

import polars as pl

from fengkong.credit.peers import HEADERS, PARTS
from fengkong.indicators.errors import UnreadableSourceError

_FAILED = {"平台名称": "platform", "问题发生时间": "failed_on"}
_MONTH_LENGTH = 6


def read_ratings(place: Path) -> pl.DataFrame:
    """platform, day and parts of the rating (float64, null where unknown).

    One CSV with a column day, or a folder of monthly files YYYYMM.csv, each taken as known at its
    month's end. Headers may be those of published Chinese ratings. Names are compared without
    blanks and case. What cannot be read raises UnreadableSourceError.
    """
    if not place.is_dir():
        return _typed(_read(place), name=str(place))
    tables = []
    for path in sorted(place.glob("*.csv")):
        table = _read(path).with_columns(pl.lit(_month_end(path)).alias("day"))
        tables.append(_typed(table, name=str(path)))
    if not tables:
        raise UnreadableSourceError(f"{place} holds no monthly ratings YYYYMM.csv")
    return pl.concat(tables, how="diagonal")


def read_failures(place: Path) -> pl.DataFrame:
    """platform, failed_on: each day on which a platform failed."""
    table = _read(place)
    table = table.rename({old: new for old, new in _FAILED.items() if old in table.columns})
    if not {"platform", "failed_on"} <= set(table.columns):
        raise UnreadableSourceError(f"{place} has no platform or no failed_on")
    try:
        return table.select(_named(), pl.col("failed_on").str.to_date())
    except pl.exceptions.PolarsError as error:
        raise UnreadableSourceError(f"{place}: {_first_line(error)}") from None


def _read(place: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(place, infer_schema_length=0)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableSourceError(f"{place} cannot be read: {_first_line(error)}") from None


def _typed(table: pl.DataFrame, *, name: str) -> pl.DataFrame:
    table = table.rename({old: new for old, new in HEADERS.items() if old in table.columns})
    if not {"platform", "day"} <= set(table.columns):
        raise UnreadableSourceError(f"{name} has no platform or no day")
    parts = [pl.col(part).cast(pl.Float64, strict=False) for part in PARTS if part in table.columns]
    day = pl.col("day").str.to_date() if table["day"].dtype == pl.String else pl.col("day")
    try:
        return table.select(_named(), day, *parts)
    except pl.exceptions.PolarsError as error:
        raise UnreadableSourceError(f"{name}: {_first_line(error)}") from None


def _named() -> pl.Expr:
    return pl.col("platform").str.strip_chars().str.to_lowercase()


def _month_end(path: Path) -> date:
    if len(path.stem) != _MONTH_LENGTH or not path.stem.isdigit():
        raise UnreadableSourceError(f"{path.name} is not named YYYYMM.csv")
    year, month = int(path.stem[:4]), int(path.stem[4:])
    try:
        return date(year, month, calendar.monthrange(year, month)[1])
    except ValueError:
        raise UnreadableSourceError(f"{path.name} is not named YYYYMM.csv") from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
