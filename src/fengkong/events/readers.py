"""Events from files, streamed: JSON lines, CSV and Parquet of any size in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import Fault, RiskError
from fengkong.events.catalogue import Catalogue, shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.csv_blocks import CsvFile
from fengkong.events.decoding import Decoder, located_faults
from fengkong.events.errors import DuplicateIdError, WrongTypeError, raise_all
from fengkong.events.event import Event
from fengkong.events.examination import repeated_keys
from fengkong.events.json_text import LENGTH_MAX, Pairs, parse_json
from fengkong.events.mapping import Mapping
from fengkong.events.seen_ids import SeenIds
from fengkong.events.skipping import FaultLog, SkipBad
from fengkong.events.tables import TableBatch, TableReader

BATCH_ROWS: Final = 65536

Progress = Callable[[int, float], None]
"""Told now and then how many rows were read, and what fraction of all bytes."""

_SUFFIXES: Final = {
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_BATCH_BYTES: Final = 32 * 1024 * 1024


class UnreadableFileError(RiskError):
    """A file of events cannot be read at all."""

    code = "file.unreadable"
    hint = "Give an existing .jsonl, .csv, .tsv or .parquet file."


class MissingMappingError(RiskError):
    """A table of columns came without a mapping that says what they mean."""

    code = "mapping.missing"
    hint = "Give a mapping file that names the column of each field."


def read_columns(
    paths: Sequence[Path],
    *,
    mapping: Mapping | None = None,
    catalogue: Catalogue | None = None,
    batch_rows: int = BATCH_ROWS,
    skip_bad: SkipBad | None = None,
    progress: Progress | None = None,
) -> Iterator[EventColumns]:
    """The events of some files, in the order of files and rows, in batches.

    JSON lines are events as they come over the wire, or objects under a mapping; CSV and Parquet
    need a mapping. Any fault raises one FaultsError after the last row was looked at, with the
    first thousand faults and the count; batches stop coming at the first bad row. With `skip_bad`
    bad rows are written aside and the good ones go on. A repeated id is a fault; ids are kept as
    hashes, 16 bytes each.
    """
    assert batch_rows > 0, "a batch holds at least one row"
    catalogue = catalogue or shipped_catalogue()
    stream = _Stream(
        sizes=[_size(path) for path in paths], log=FaultLog(skip_bad), progress=progress
    )
    for path in paths:
        yield from stream.good(_batches(path, mapping, catalogue=catalogue, rows=batch_rows))
    stream.log.finish()


@dataclass(slots=True, kw_only=True)
class _Batch:
    """Events, the bad ones marked, and rows that did not even become events."""

    source: str
    table: TableBatch
    lost: list[tuple[int, list[Fault], object]]
    data: Callable[[int], object]
    fraction: float


@dataclass(slots=True, kw_only=True)
class _Stream:
    sizes: list[int]
    log: FaultLog
    progress: Progress | None
    seen: SeenIds = field(default_factory=SeenIds)
    rows: int = 0
    files: int = 0

    def good(self, batches: Iterable[_Batch]) -> Iterator[EventColumns]:
        """The good events of one file's batches; the bad ones go to the log."""
        for batch in batches:
            self._mark_repeated(batch.table)
            self._log_bad(batch)
            columns = batch.table.columns
            self.rows += len(columns) + len(batch.lost)
            if self.progress is not None:
                self.progress(self.rows, self._fraction(batch.fraction))
            if not self.log.stopped and not batch.table.bad.all():
                yield columns.take(~batch.table.bad) if batch.table.bad.any() else columns
        self.files += 1

    def _fraction(self, of_this: float) -> float:
        done = sum(self.sizes[: self.files]) + self.sizes[self.files] * min(of_this, 1.0)
        return done / max(sum(self.sizes), 1)

    def _mark_repeated(self, table: TableBatch) -> None:
        good = np.flatnonzero(~table.bad)
        repeated = good[self.seen.repeated(table.columns.ids.gather(good))]
        table.bad[repeated] = True
        for index in repeated.tolist():
            shown = table.columns.ids[index]
            fault = DuplicateIdError(f"id {shown!r} came before", path="$.id").fault()
            table.faults.setdefault(index, []).append(fault)

    def _log_bad(self, batch: _Batch) -> None:
        rows = list(batch.lost)
        for index, faults in batch.table.faults.items():
            row = int(batch.table.columns.rows[index])
            located = [replace(fault, source=batch.source, row=row) for fault in faults]
            rows.append((row, located, batch.data(index) if self.log.skip_bad else None))
        for row, faults, data in sorted(rows, key=itemgetter(0)):
            self.log.bad_row(source=batch.source, row=row, faults=faults, data=data)


def _size(path: Path) -> int:
    if path.suffix.lower() not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise UnreadableFileError(f"unknown kind of file; known are {known}", source=str(path))
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnreadableFileError(error.strerror or str(error), source=str(path)) from None


def _batches(
    path: Path, mapping: Mapping | None, *, catalogue: Catalogue, rows: int
) -> Iterator[_Batch]:
    kind = _SUFFIXES[path.suffix.lower()]
    table = None if mapping is None else TableReader(mapping, catalogue=catalogue)
    try:
        if kind == "json lines":
            yield from _json_batches(path, table, catalogue=catalogue, rows=rows)
        elif table is None:
            raise MissingMappingError(f"a {kind} file needs a mapping", source=str(path))
        elif kind == "csv":
            yield from _csv_batches(path, table, rows=rows)
        else:
            yield from _parquet_batches(path, table, rows=rows)
    except (OSError, pl.exceptions.PolarsError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableFileError(message, source=str(path)) from None


def _parquet_batches(path: Path, table: TableReader, *, rows: int) -> Iterator[_Batch]:
    scan = pl.scan_parquet(path, glob=False)
    table.check_columns(scan.collect_schema().names(), source=str(path))
    total = scan.select(pl.len()).collect().item()
    first = 1
    chosen = scan.select(table.mapping.columns)
    for chunk in chosen.collect_batches(chunk_size=rows, maintain_order=True):
        for frame in chunk.iter_slices(rows):
            numbers = np.arange(first, first + frame.height, dtype=np.int64)
            first += frame.height
            yield _table_batch(
                frame, numbers, table=table, path=path, fraction=(first - 1) / max(total, 1)
            )


def _csv_batches(path: Path, table: TableReader, *, rows: int) -> Iterator[_Batch]:
    size = max(path.stat().st_size, 1)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open("rb") as stream:
        file = CsvFile(stream, source=str(path), separator=separator)
        table.check_columns(file.columns, source=str(path))
        for block in file.blocks():
            lost: list[tuple[int, list[Fault], object]] = [
                (row, [fault], text) for row, fault, text in block.bad
            ]
            for start in range(0, max(block.frame.height, 1), rows):
                numbers = block.rows[start : start + rows]
                batch = _table_batch(
                    block.frame.slice(start, rows),
                    numbers,
                    table=table,
                    path=path,
                    fraction=block.bytes_read / size,
                )
                # Bad records stand beside the batch they came with.
                batch.lost, lost = lost, []
                yield batch


def _table_batch(
    frame: pl.DataFrame,
    numbers: NDArray[np.int64],
    *,
    table: TableReader,
    path: Path,
    fraction: float,
) -> _Batch:
    return _Batch(
        source=str(path),
        table=table.read(frame, rows=numbers),
        lost=[],
        data=lambda index: frame.row(index, named=True),
        fraction=fraction,
    )


def _json_batches(
    path: Path, table: TableReader | None, *, catalogue: Catalogue, rows: int
) -> Iterator[_Batch]:
    reader = _JsonLines(path=path, table=table, catalogue=catalogue)
    size, first = max(path.stat().st_size, 1), 1
    with path.open("rb") as stream:
        while lines := _lines(stream, count=rows):
            fraction = stream.tell() / size
            yield reader.batch(lines, first_row=first, fraction=fraction)
            first += len(lines)


def _lines(stream: BinaryIO, *, count: int) -> list[bytes]:
    """The next lines; of a line that is too long only enough to tell that it is."""
    lines: list[bytes] = []
    size = 0
    while len(lines) < count and size < _BATCH_BYTES:
        line = stream.readline(LENGTH_MAX + 2)
        if not line:
            break
        if len(line) > LENGTH_MAX and not line.endswith(b"\n"):
            while (rest := stream.readline(LENGTH_MAX)) and not rest.endswith(b"\n"):
                pass
        lines.append(line)
        size += len(line)
    return lines


@dataclass(slots=True, kw_only=True)
class _JsonLines:
    path: Path
    table: TableReader | None
    catalogue: Catalogue
    decoder: Decoder = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = Decoder(self.catalogue)

    def batch(self, lines: list[bytes], *, first_row: int, fraction: float) -> _Batch:
        """The events of some lines; blank lines are passed over."""
        read = self.decoder.decode if self.table is None else self._texts
        good: list[object] = []
        rows: list[int] = []
        lost: list[tuple[int, list[Fault], object]] = []
        for row, line in enumerate(lines, start=first_row):
            if not line.strip():
                continue
            try:
                good.append(read(line))
                rows.append(row)
            except RiskError as error:
                text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
                lost.append((row, located_faults(error, source=str(self.path), row=row), text))
        return _Batch(
            source=str(self.path),
            table=self._read(good, rows=rows),
            lost=lost,
            data=lambda index: lines[rows[index] - first_row].decode().rstrip("\r\n"),
            fraction=fraction,
        )

    def _read(self, good: list[object], *, rows: list[int]) -> TableBatch:
        if self.table is not None:
            names = self.table.mapping.columns
            schema = dict.fromkeys(names, pl.String)
            frame = pl.DataFrame(good, schema=schema, orient="row")
            return self.table.read(frame, rows=np.array(rows, dtype=np.int64))
        events = [event for event in good if isinstance(event, Event)]
        columns = EventColumns.from_events(events, catalogue=self.catalogue, rows=rows)
        return TableBatch(columns=columns, bad=np.zeros(len(events), dtype=np.bool_))

    def _texts(self, line: bytes) -> tuple[str | None, ...]:
        """The columns of the mapping, as texts, from one flat JSON object."""
        assert self.table is not None
        document = parse_json(line)
        if not isinstance(document, Pairs):
            raise WrongTypeError("expected a JSON object")
        if errors := list(repeated_keys(document, path="$")):
            raise_all(errors)
        held = dict(document)
        return tuple(_text(held.get(name), name=name) for name in self.table.mapping.columns)


def _text(value: object, *, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise WrongTypeError("expected a text, a number or a boolean", path=f"$.{name}")
