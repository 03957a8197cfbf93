"""The table by day of a source, wherever it comes from.

In the folder `sources` of the data directory: NAME.csv, NAME.json or NAME.parquet as they were
delivered or pulled; in its folder `made` what the worker makes of the journal (`books.py`). What
the journal and the ledger say themselves is made by `journal_rows.py` and `own_tables.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from django.conf import settings

from fengkong.console.warnings.books.made_tables import made_folder
from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.own.sources import COMPLETED, OWN
from fengkong.console.warnings.pulling import pull_fault
from fengkong.core.bilingual import Bilingual
from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.readers import FORMS, read_file
from fengkong.indicators.sources import (
    Source,
    SourceKind,
    SourceReport,
    SourceState,
    completed,
    examine,
)

_OWN: Final = ":own"


def folder() -> Path:
    """Where sources are delivered."""
    directory: Path = settings.CONSOLE.directory
    return directory / "sources"


def delivered(source: Source) -> Path | None:
    """The file of a source, None where nothing was delivered."""
    for ending in FORMS:
        place = folder() / f"{source.id}{ending}"
        if place.is_file():
            return place
    return None


def made(source: Source) -> Path | None:
    """The table that the worker made of a source, None where it makes none."""
    place = made_folder() / f"{source.id}.parquet"
    return place if place.is_file() else None


def stamp_of(source: Source) -> str:
    """What changes when a source was delivered again; empty where it is made anew each time."""
    place = delivered(source) or made(source)
    if place is None:
        return ""
    status, failed = place.stat(), pull_fault(source)
    return f"{status.st_mtime_ns}-{status.st_size}" + ("-failed" if failed is not None else "")


def table_and_report(source: Source, *, today: date) -> tuple[pl.DataFrame | None, SourceReport]:
    """The table of a source and what was found when it was looked at."""
    try:
        table = _table(source, today=today)
    except UnreadableSourceError as error:
        said = error.message[:200]
        fault = Bilingual(zh=f"无法读取：{said}", en=f"cannot be read: {said}")
        return None, SourceReport(source.id, SourceState.BROKEN, None, 0, (fault,))
    report = examine(source, table, today=today)
    failed = pull_fault(source)
    if failed is not None and report.state.usable:
        report = replace(report, state=SourceState.STALE, faults=(failed,))
    if table is not None and report.state.usable:
        table = completed(source, table)
    return table, report


def _completed_by(source: Source, given: pl.DataFrame, own: pl.DataFrame | None) -> pl.DataFrame:
    """What was delivered, and what is known here of its days and of others where it says nothing.

    Rows of the same day and segments are one; of each cell, what was delivered goes first.
    """
    if own is None or DAY not in given.columns:
        return given
    keys = [DAY, *(name for name in source.segments if name in given.columns)]
    if len(keys) <= len(source.segments):
        return pl.concat([completed(source, given), own], how="diagonal_relaxed")
    found = given.join(own, on=keys, how="full", coalesce=True, suffix=_OWN)
    both = [name for name in given.columns if name + _OWN in found.columns]
    return found.with_columns(pl.coalesce(name, name + _OWN).alias(name) for name in both).drop(
        name + _OWN for name in both
    )


def _table(source: Source, *, today: date) -> pl.DataFrame | None:
    own = OWN.get(source.id)
    place = delivered(source) or made(source)
    if place is not None:
        given = read_file(source, place, time_zone=settings.TIME_ZONE)
        if own is None or source.id not in COMPLETED:
            return given
        return _completed_by(source, given, own(today))
    if own is not None:
        return own(today)
    if source.kind is SourceKind.JOURNAL and source.events:
        return journal_rows().table(source)
    return None
