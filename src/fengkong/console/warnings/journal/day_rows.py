"""Rows of events on disk, one file a kind and day: what tables by day were made of.

They hold no personal data (whom they are about is hashed) and are made again from the journal.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from fengkong.console.warnings.table_files import write_whole
from fengkong.indicators.columns import DAY

SEQUENCE: Final = "sequence"
"""The column with a row's place in the journal."""


class DayRows:
    """The files ``KIND/YYYY-MM-DD.parquet`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, kind: str, day: date, rows: pl.DataFrame) -> None:
        """Keep rows of a day, in place of those with the same places in the journal."""
        before = self._read(self._place(kind, day))
        if before is not None:
            rows = pl.concat([before, rows], how="diagonal_relaxed")
            rows = rows.unique(SEQUENCE, keep="last", maintain_order=True)
        write_whole(self._place(kind, day), rows)

    def read(
        self, kind: str, *, since: date | None = None, until: date | None = None
    ) -> pl.DataFrame | None:
        """The rows of days in order, each with its day; None where there are none."""
        parts = []
        for day, place in self._days(kind):
            if (since is not None and day < since) or (until is not None and day > until):
                continue
            rows = self._read(place)
            if rows is not None:
                parts.append(rows.with_columns(pl.lit(day).alias(DAY)))
        return pl.concat(parts, how="diagonal_relaxed") if parts else None

    def forget(self, kind: str, *, before: date) -> None:
        """Remove the files of days before one."""
        for day, place in self._days(kind):
            if day < before:
                place.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def stamp(self, kind: str) -> str:
        """What changes when rows of a kind were added; empty where there are none."""
        newest = [(place.stat().st_mtime_ns, place.stat().st_size) for _, place in self._days(kind)]
        return f"{len(newest)}-{max(newest)}" if newest else ""

    def _days(self, kind: str) -> Iterator[tuple[date, Path]]:
        for place in sorted((self._folder / kind).glob("*.parquet")):
            yield date.fromisoformat(place.stem), place

    def _place(self, kind: str, day: date) -> Path:
        return self._folder / kind / f"{day.isoformat()}.parquet"

    @staticmethod
    def _read(place: Path) -> pl.DataFrame | None:
        try:
            return pl.read_parquet(place)
        except FileNotFoundError:
            return None
