"""The table by day of a source, wherever it comes from.

In the folder `sources` of the data directory: `NAME.csv` as people and systems deliver it (money in
major units), or `NAME.parquet` as programs of the house write it (money in minor units). What the
journal, the ledger and the desk say themselves is made by `journal_rows.py` and `own_tables.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from django.conf import settings

from fengkong.console.warnings.journal_rows import journal_rows
from fengkong.console.warnings.own_tables import OWN
from fengkong.core.bilingual import Bilingual
from fengkong.indicators.columns import DAY
from fengkong.indicators.sources import (
    RECORDED_ON,
    Source,
    SourceKind,
    SourceReport,
    SourceState,
    examine,
)
from fengkong.indicators.values import money_of
from fengkong.rules.kinds import Kind

ROWS_MAX: Final = 5_000_000
_TYPES: Final = {Kind.BOOLEAN: pl.Boolean, Kind.TEXT: pl.String}


def folder() -> Path:
    """Where sources are delivered."""
    directory: Path = settings.CONSOLE.directory
    return directory / "sources"


def delivered(source: Source) -> Path | None:
    """The file of a source, None where nothing was delivered."""
    for ending in ("parquet", "csv"):
        place = folder() / f"{source.id}.{ending}"
        if place.is_file():
            return place
    return None


def stamp_of(source: Source) -> str:
    """What changes when a source was delivered again; empty where it is made anew each time."""
    place = delivered(source)
    if place is None:
        return ""
    status = place.stat()
    return f"{status.st_mtime_ns}-{status.st_size}"


def table_and_report(source: Source, *, today: date) -> tuple[pl.DataFrame | None, SourceReport]:
    """The table of a source and what was found when it was looked at."""
    try:
        table = _table(source)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        said = str(error).splitlines()[0][:200]
        fault = Bilingual(zh=f"无法读取：{said}", en=f"cannot be read: {said}")
        return None, SourceReport(source.id, SourceState.BROKEN, None, 0, (fault,))
    return table, examine(source, table, today=today)


def _table(source: Source) -> pl.DataFrame | None:
    place = delivered(source)
    if place is not None:
        return _typed(source, _read(source, place))
    own: Callable[[], pl.DataFrame | None] | None = OWN.get(source.id)
    if own is not None:
        return own()
    if source.kind is SourceKind.JOURNAL and source.events:
        return journal_rows().table(source)
    return None


def _read(source: Source, place: Path) -> pl.DataFrame:
    if place.suffix == ".parquet":
        return pl.read_parquet(place)
    table = pl.read_csv(place, n_rows=ROWS_MAX + 1, infer_schema_length=None, try_parse_dates=True)
    if table.height > ROWS_MAX:
        raise ValueError(f"more than {ROWS_MAX:,} rows")
    return money_of(source, table)


def _typed(source: Source, table: pl.DataFrame) -> pl.DataFrame:
    """The table with columns of their kinds; raises what does not fit."""
    dated = [name for name in (DAY, RECORDED_ON) if name in table.columns]
    table = table.with_columns(pl.col(name).cast(pl.Date) for name in dated)
    texts = [name for name in source.segments if name in table.columns]
    table = table.with_columns(pl.col(name).cast(pl.String).fill_null("-") for name in texts)
    plain = {
        name: _TYPES.get(column.kind, pl.Float64)
        for name, column in source.columns.items()
        if name in table.columns and column.kind is not Kind.MONEY
    }
    return table.with_columns(pl.col(name).cast(kind) for name, kind in plain.items())
