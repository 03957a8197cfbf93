"""A table written to one Parquet file while it is being made, in bounded memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from fengkong.core.errors import RiskError

ROW_GROUP_ROWS: Final = 65_536
_PART_ROWS: Final = 16_384
"""Smaller frames are gathered to parts of at least this many rows, so that parts stay few."""


class CannotWriteTableError(RiskError):
    """A result file cannot be written."""

    code = "evaluation.cannot_write"
    hint = "Check the path, its permissions and the free space."


class TableFile:
    """Takes frames of one schema in order; `finish` makes one file of them."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0
        self._parts: list[Path] = []

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows at the end."""
        if frame.height == 0:
            return
        self._waiting.append(frame)
        self._waiting_rows += frame.height
        if self._waiting_rows >= _PART_ROWS:
            self._flush()

    def finish(self, *, out: Path, empty: pl.DataFrame) -> None:
        """Write all rows to `out`; `empty` gives the columns where there are no rows.

        The bytes depend on the rows alone: not on how they came in frames.
        """
        self._flush()
        rows = pl.scan_ipc(self._parts) if self._parts else empty.lazy()
        rows.sink_parquet(
            out,
            compression="zstd",
            compression_level=3,
            statistics=True,
            row_group_size=ROW_GROUP_ROWS,
            maintain_order=True,
        )

    def _flush(self) -> None:
        if not self._waiting:
            return
        path = self._folder / f"{len(self._parts):06}.arrow"
        pl.concat(self._waiting, how="vertical").write_ipc(path, compression="lz4")
        self._parts.append(path)
        self._waiting, self._waiting_rows = [], 0


@contextmanager
def table_file(out: Path, *, empty: pl.DataFrame) -> Iterator[TableFile]:
    """A table that appears at `out` whole when the block ends well, and not at all otherwise.

    The parts stand in a hidden folder beside it until then.
    """
    folder = out.with_name(f".{out.name}.parts")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            table = TableFile(folder=folder)
            yield table
            whole = folder / "whole.parquet"
            table.finish(out=whole, empty=empty)
            whole.replace(out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise CannotWriteTableError(f"{out}: {error.strerror or error}") from error
