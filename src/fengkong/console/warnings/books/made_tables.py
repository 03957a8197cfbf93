"""The folder of tables that the worker makes, and how days that are not made again stay in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
from django.conf import settings

from fengkong.indicators.columns import DAY


def made_folder() -> Path:
    """Where the tables are that were made here."""
    directory: Path = settings.CONSOLE.directory
    return directory / "sources" / "made"


def with_older(name: str, made: pl.DataFrame, *, since: date) -> pl.DataFrame:
    """A table made from a day on, after the days before it as they were made."""
    place = made_folder() / f"{name}.parquet"
    if not place.is_file():
        return made
    older = pl.read_parquet(place).filter(pl.col(DAY) < since)
    return pl.concat([older, made], how="diagonal_relaxed")
