"""Tables on disk that are replaced as a whole: who reads sees the old one or the new one."""

from __future__ import annotations

from pathlib import Path

import polars as pl


def write_whole(place: Path, table: pl.DataFrame) -> None:
    """Put a table in place of the one that is there, if any; its folder is made."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = place.with_suffix(".new")
    table.write_parquet(new)
    new.replace(place)
