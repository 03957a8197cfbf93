"""CSV files block by block: bounded memory, exact row numbers, no row guessed at.

Blocks are cut where a record ends (a line end outside quotes). Records with too few or too many
values, and bytes that are not UTF-8, are set apart before polars, which would fill gaps silently,
parses the rest. All values are texts here; their fields decide what they mean.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import Fault, RiskError

BLOCK_BYTES: Final = 8 * 1024 * 1024
RECORD_BYTES_MAX: Final = 1024 * 1024
_QUOTE, _LINE_END, _RETURN = ord('"'), ord("\n"), ord("\r")
_BOM = b"\xef\xbb\xbf"


class InvalidCsvError(RiskError):
    """A CSV file, or a record of it, cannot be taken apart."""

    code = "file.invalid_csv"
    hint = "Save the file as UTF-8 CSV with a header line and one value for every column."


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvBlock:
    """Good records as text columns with their row numbers; bad ones with why and their text."""

    frame: pl.DataFrame
    rows: NDArray[np.int64]
    bad: list[tuple[int, Fault, str]]
    bytes_read: int


class CsvFile:
    """A CSV file with a header; `columns` are its names."""

    def __init__(
        self, stream: BinaryIO, *, source: str, separator: str = ",", block_bytes: int = BLOCK_BYTES
    ) -> None:
        self._stream = stream
        self._source = source
        self._separator = separator
        self._block_bytes = block_bytes
        header = stream.readline(RECORD_BYTES_MAX).removeprefix(_BOM)
        self._bytes_read = len(header)
        self.columns = self._header(header)

    def blocks(self) -> Iterator[CsvBlock]:
        """The records, in order, a block at a time."""
        row, rest = 1, b""
        while True:
            read = self._stream.read(self._block_bytes)
            self._bytes_read += len(read)
            block = rest + read
            if not read and block and not block.endswith(b"\n"):
                block += b"\n"
            if not block:
                return
            ends = self._record_ends(block, last=not read)
            cut = int(ends[-1]) + 1 if len(ends) else 0
            if len(block) - cut > RECORD_BYTES_MAX:
                raise self._error(f"a record longer than {RECORD_BYTES_MAX} bytes", row=row)
            if cut:
                yield self._parsed(block[:cut], ends=ends, first_row=row)
            row += len(ends)
            rest = block[cut:]
            if not read:
                return

    def _error(self, message: str, *, row: int | None = None) -> InvalidCsvError:
        return InvalidCsvError(message, source=self._source, row=row)

    def _header(self, header: bytes) -> list[str]:
        try:
            (names,) = csv.reader([header.decode()], delimiter=self._separator, strict=True)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            raise self._error(f"the header line cannot be read: {error}") from None
        if not names:
            raise self._error("no header line")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise self._error(f"the header names {twice[0]!r} twice")
        return names

    def _record_ends(self, block: bytes, *, last: bool) -> NDArray[np.int64]:
        data = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero((data == _LINE_END) & ~_inside_quotes(data))
        if last and (not len(ends) or ends[-1] != len(block) - 1):
            # A quote that is never closed: what is left is one (bad) record.
            ends = np.append(ends, len(block) - 1)
        return ends

    def _parsed(self, block: bytes, *, ends: NDArray[np.int64], first_row: int) -> CsvBlock:
        starts = np.concatenate([[0], ends[:-1] + 1])
        rows = np.arange(first_row, first_row + len(ends), dtype=np.int64)
        blank, ragged = self._shape(block, starts=starts, ends=ends)
        bad = [
            (int(rows[index]), self._ragged(int(rows[index])), _shown(block, starts, ends, index))
            for index in np.flatnonzero(ragged).tolist()
        ]
        keep = ~(blank | ragged)
        if not keep.all():
            block = b"".join(
                block[starts[index] : ends[index] + 1] for index in np.flatnonzero(keep).tolist()
            )
            rows = rows[keep]
        frame = self._frame(block, height=len(rows))
        if frame is None:
            frame, rows, more = self._singly(block, rows=rows)
            bad += more
        return CsvBlock(frame=frame, rows=rows, bad=sorted(bad), bytes_read=self._bytes_read)

    def _shape(
        self, block: bytes, *, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which records are blank lines, which have not one value for every column."""
        data = np.frombuffer(block, dtype=np.uint8)
        between = (data == ord(self._separator)) & ~_inside_quotes(data)
        counts = np.add.reduceat(between, starts, dtype=np.int64)
        lengths = ends - starts
        blank = (lengths == 0) | ((lengths == 1) & (data[starts] == _RETURN))
        return blank, (counts != len(self.columns) - 1) & ~blank

    def _ragged(self, row: int) -> Fault:
        return self._error(f"expected {len(self.columns)} values", row=row).fault()

    def _frame(self, block: bytes, *, height: int) -> pl.DataFrame | None:
        """The records as columns, None when they need to be looked at one by one."""
        if not height:
            return pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))
        try:
            block.decode()
            frame = pl.read_csv(
                io.BytesIO(block),
                has_header=False,
                separator=self._separator,
                schema=dict.fromkeys(self.columns, pl.String),
            )
        except (UnicodeDecodeError, pl.exceptions.PolarsError):
            return None
        if frame.height != height:
            return None
        return _empty_as_missing(frame) if b'""' in block else frame

    def _singly(
        self, block: bytes, *, rows: NDArray[np.int64]
    ) -> tuple[pl.DataFrame, NDArray[np.int64], list[tuple[int, Fault, str]]]:
        ends = self._record_ends(block, last=True)
        starts = np.concatenate([[0], ends[:-1] + 1])
        good: list[list[str]] = []
        kept: list[int] = []
        bad: list[tuple[int, Fault, str]] = []
        for index, row in enumerate(rows.tolist()):
            text = block[starts[index] : ends[index] + 1]
            try:
                (values,) = csv.reader(
                    io.StringIO(text.decode(), newline=""), delimiter=self._separator, strict=True
                )
                if len(values) != len(self.columns):
                    raise self._error(f"expected {len(self.columns)} values")
            except (UnicodeDecodeError, csv.Error, ValueError, InvalidCsvError) as error:
                fault = self._error(f"not a record of UTF-8 CSV: {error}", row=row).fault()
                bad.append((row, fault, _shown(block, starts, ends, index)))
            else:
                good.append(values)
                kept.append(row)
        frame = pl.DataFrame(good, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        return _empty_as_missing(frame), np.array(kept, dtype=np.int64), bad


def _inside_quotes(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    quotes = data == _QUOTE
    if not quotes.any():
        return np.zeros(len(data), dtype=np.bool_)
    return np.bitwise_xor.accumulate(quotes)


def _empty_as_missing(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.when(pl.all() != "").then(pl.all()).name.keep())


def _shown(block: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], index: int) -> str:
    return block[starts[index] : ends[index]].decode("utf-8", "backslashreplace")
