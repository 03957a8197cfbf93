"""Small readers: a source's table by day out of CSV, Parquet, events, or the journal's archive.

A table that was delivered by day is taken as it is; rows are aggregated as the source declares.
CSV holds money in major units, as decimals; whole-number columns of Parquet hold minor units,
others major units. What cannot be read raises `UnreadableSourceError`, and its indicators have no
data.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from fengkong.events.columns import EventColumns
from fengkong.indicators.aggregates import by_day
from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.sources import RECORDED_ON, Source
from fengkong.rules.kinds import Kind

Form = Literal["csv", "parquet", "json"]
FORMS: Final[dict[str, Form]] = {".csv": "csv", ".parquet": "parquet", ".json": "json"}
BYTES_MAX: Final = 1024 * 1024 * 1024
ALL: Final = "all"
"""The value of a segment that a delivery does not have."""
_EVENT_TYPE: Final = "event_type"
_OCCURRED: Final = "occurred_at"


def read_file(source: Source, path: Path, *, time_zone: str = "Asia/Shanghai") -> pl.DataFrame:
    """The table of a file; its name says the form."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        known = ", ".join(FORMS)
        raise UnreadableSourceError(f"{path.name} is none of {known}", source=str(path))
    try:
        if path.stat().st_size > BYTES_MAX:
            raise UnreadableSourceError("larger than one gibibyte", source=str(path))
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableSourceError(str(error), source=str(path)) from None
    return read_content(source, content, form=form, name=str(path), time_zone=time_zone)


def read_content(
    source: Source, content: bytes, *, form: Form, name: str, time_zone: str = "Asia/Shanghai"
) -> pl.DataFrame:
    """The table in what was delivered: a file's bytes, or the body of an answer."""
    table = _parsed(content, form=form, name=name)
    table = _with_day(table, name=name, time_zone=time_zone)
    aggregates = {key: one.aggregate for key, one in source.columns.items() if one.aggregate}
    if aggregates and not set(source.columns) <= set(table.columns):
        return table_of_rows(source, table, name=name)
    return _typed(source, table, name=name)


def _parsed(content: bytes, *, form: Form, name: str) -> pl.DataFrame:
    buffer = io.BytesIO(content)
    try:
        if form == "parquet":
            return pl.read_parquet(buffer)
        if form == "json":
            return pl.read_json(buffer, infer_schema_length=None)
        return pl.read_csv(buffer, infer_schema_length=0)
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        message = str(error).splitlines()[0][:200]
        raise UnreadableSourceError(f"not readable as {form}: {message}", source=name) from None


def _with_day(table: pl.DataFrame, *, name: str, time_zone: str) -> pl.DataFrame:
    """The table with a Date column `day`: its own, or that of `occurred_at` in the time zone."""
    try:
        if DAY in table.columns:
            day = table[DAY]
            parsed = day.str.to_date() if day.dtype == pl.String else day.cast(pl.Date)
            table = table.with_columns(parsed.alias(DAY))
        elif _OCCURRED in table.columns:
            at = table[_OCCURRED]
            if at.dtype == pl.String:
                at = at.str.to_datetime(time_unit="us", time_zone="UTC")
            elif at.dtype.is_integer():
                at = pl.Series(at).cast(pl.Datetime("us", "UTC"))
            local = at.dt.convert_time_zone(time_zone)
            table = table.with_columns(local.dt.date().alias(DAY))
        else:
            raise UnreadableSourceError(
                "there is neither a column day nor occurred_at", source=name
            )
        if RECORDED_ON in table.columns and table[RECORDED_ON].dtype == pl.String:
            table = table.with_columns(pl.col(RECORDED_ON).str.to_date())
    except (pl.exceptions.PolarsError, ValueError) as error:
        message = str(error).splitlines()[0][:200]
        raise UnreadableSourceError(f"a day cannot be read: {message}", source=name) from None
    return table


def _typed(source: Source, table: pl.DataFrame, *, name: str) -> pl.DataFrame:
    """The source's columns in their types; segments that were not delivered are `all`."""
    made = [pl.col(DAY)]
    if RECORDED_ON in table.columns:
        made.append(pl.col(RECORDED_ON).cast(pl.Date))
    for segment in source.segments:
        given = segment in table.columns
        made.append(
            (pl.col(segment).cast(pl.String).fill_null(ALL) if given else pl.lit(ALL)).alias(
                segment
            )
        )
    for key, column in source.columns.items():
        if key in table.columns:
            made.append(_value(table[key], column.kind, scale=source.scope().scale).alias(key))
    try:
        return table.select(made)
    except pl.exceptions.PolarsError as error:
        message = str(error).splitlines()[0][:200]
        raise UnreadableSourceError(f"a value cannot be read: {message}", source=name) from None


def _value(given: pl.Series, kind: Kind, *, scale: int) -> pl.Expr:
    column = pl.col(given.name)
    if kind is not Kind.MONEY:
        return column.cast(pl.Float64)
    if given.dtype.is_integer():
        return column.cast(pl.Int64)
    exact = column.cast(pl.Decimal(38, 6)) if given.dtype == pl.String else column.cast(pl.Float64)
    return (exact * scale).round().cast(pl.Int64)


def table_of_rows(source: Source, rows: pl.DataFrame, *, name: str) -> pl.DataFrame:
    """Rows (one per event) aggregated by day as the source declares."""
    aggregates = {key: one.aggregate for key, one in source.columns.items() if one.aggregate}
    missing = sorted(set(source.rows) - set(rows.columns))
    scale = source.scope().scale
    typed = [pl.col(DAY)]
    for field, kind in source.rows.items():
        if field in missing:
            typed.append(pl.lit(None, _TYPES[kind]).alias(field))
        elif kind is Kind.MONEY:
            typed.append(_value(rows[field], kind, scale=scale).alias(field))
        else:
            typed.append(
                _boolean(rows[field]) if kind is Kind.BOOLEAN else pl.col(field).cast(_TYPES[kind])
            )
    for segment in source.segments:
        if segment in source.rows:
            continue
        given = segment in rows.columns
        typed.append(
            (pl.col(segment).cast(pl.String).fill_null(ALL) if given else pl.lit(ALL)).alias(
                segment
            )
        )
    try:
        chosen = rows.select(typed)
    except pl.exceptions.PolarsError as error:
        message = str(error).splitlines()[0][:200]
        raise UnreadableSourceError(f"a value cannot be read: {message}", source=name) from None
    return by_day(chosen, aggregates=aggregates, segments=list(source.segments))


_TYPES: Final[dict[Kind, pl.DataType | type[pl.DataType]]] = {
    Kind.MONEY: pl.Int64,
    Kind.NUMBER: pl.Float64,
    Kind.PROBABILITY: pl.Float64,
    Kind.BOOLEAN: pl.Boolean,
    Kind.TEXT: pl.String,
    Kind.INSTANT: pl.Int64,
}


def _boolean(given: pl.Series) -> pl.Expr:
    if given.dtype == pl.String:
        words = pl.col(given.name).str.to_lowercase()
        return (
            pl.when(words.is_in(["true", "1"]))
            .then(statement=True)
            .when(words.is_in(["false", "0"]))
            .then(statement=False)
            .alias(given.name)
        )
    return pl.col(given.name).cast(pl.Boolean)


def rows_of_events(
    source: Source, batches: Iterable[EventColumns], *, time_zone: str = "Asia/Shanghai"
) -> pl.DataFrame:
    """The rows of a journal source out of decoded events: its types, its fields, and their day."""
    parts = []
    for batch in batches:
        names = np.array(batch.catalogue.type_names)[batch.types]
        days = pl.Series(batch.occurred_at).cast(pl.Datetime("us", "UTC"))
        columns: dict[str, pl.Series] = {
            DAY: days.dt.convert_time_zone(time_zone).dt.date(),
            _EVENT_TYPE: pl.Series(names, dtype=pl.String),
        }
        for field in (*source.rows, *source.segments):
            if field in columns or field not in batch.values:
                continue
            held = batch.values[field]
            series = held if isinstance(held, pl.Series) else pl.Series(held).fill_nan(None)
            columns[field] = _of_event(series, source.rows.get(field, Kind.TEXT))
        wanted = pl.col(_EVENT_TYPE).is_in(list(source.events))
        parts.append(pl.DataFrame(columns).filter(wanted))
    if not parts:
        return pl.DataFrame(schema={DAY: pl.Date, _EVENT_TYPE: pl.String})
    return pl.concat(parts, how="diagonal")


def _of_event(series: pl.Series, kind: Kind) -> pl.Series:
    if kind is Kind.MONEY:
        return series.cast(pl.Float64).round().cast(pl.Int64)
    return series.cast(_TYPES[kind])


def rows_of_archive(paths: Sequence[Path], *, time_zone: str = "Asia/Shanghai") -> pl.DataFrame:
    """Decisions in files of the journal's archive: day, outcome, degraded, late, policy.

    What was said of customers stays sealed: it is not opened. Columns that need it are missing.
    """
    try:
        rows = pl.read_parquet(
            list(paths), columns=["recorded_at", "kind", "outcome", "policy", "degraded", "late"]
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        message = str(error).splitlines()[0][:200]
        raise UnreadableSourceError(f"not an archive: {message}") from None
    local = pl.col("recorded_at").dt.convert_time_zone(time_zone).dt.date()
    return rows.filter(pl.col("kind") == "decision").select(
        local.alias(DAY), "outcome", "policy", "degraded", "late"
    )
