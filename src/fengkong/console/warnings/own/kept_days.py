"""Days of a table that are over, kept in a file beside those that are still counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl
from django.conf import settings

from fengkong.console.warnings.table_files import write_whole
from fengkong.indicators.columns import DAY

OPEN_DAYS: Final = 3
"""Today and the days before it that are counted again each time."""


class KeptDays:
    """The file ``sources/made/days/NAME.parquet``; without it all days are counted again."""

    def __init__(self, name: str, *, columns: Sequence[str]) -> None:
        directory: Path = settings.CONSOLE.directory
        self._place = directory / "sources" / "made" / "days" / f"{name}.parquet"
        self._columns = set(columns)

    def open_since(self, today: date) -> date | None:
        """The first day that must be counted; None for all of them."""
        newest = None if (older := self._older(today)) is None else older[DAY].max()
        return newest + timedelta(days=1) if isinstance(newest, date) else None

    def with_older(self, table: pl.DataFrame, *, today: date, keep: int) -> pl.DataFrame:
        """A table of the days from `open_since` on, with those before it; what is over is kept."""
        older = self._older(today)
        whole = table if older is None else pl.concat([older, table], how="diagonal_relaxed")
        whole = whole.filter(pl.col(DAY) > today - timedelta(days=keep))
        over = whole.filter(pl.col(DAY) <= today - timedelta(days=OPEN_DAYS))
        if not over.is_empty() and (older is None or over.height != older.height):
            write_whole(self._place, over)
        return whole

    def _older(self, today: date) -> pl.DataFrame | None:
        """The kept days; None where there are none, or of other columns than are counted now."""
        if not self._place.is_file():
            return None
        found = pl.read_parquet(self._place)
        found = found.filter(pl.col(DAY) <= today - timedelta(days=OPEN_DAYS))
        return found if self._columns <= set(found.columns) and not found.is_empty() else None
