"""History moved out of the live database: payloads in Parquet, by the day they were recorded.

What leaves the database is the payload of decisions and events; it stays sealed under the key of
its subject, so that erasing works as before. Leaves, tiles, checkpoints, keys and the look-up by
event id stay: nothing of the proofs or of idempotency depends on a file. An entry whose payload was
moved has an empty one, and `fill` puts in what the files hold.

A file holds the entries of one day that follow each other, at most `FILE_ENTRIES`; its name says
which: ``2026-11-23-FIRST-LAST.parquet``. It is written beside its place, read back and compared,
renamed, and only then the database gives up what it holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import polars as pl

from fengkong.core.instants import DAY_US
from fengkong.journal.entries import Entry, decode_leaf
from fengkong.journal.errors import DamagedJournalError, StoreUnavailableError

FILE_ENTRIES: Final = 65_536
"""The most that one file holds; a busy day has several."""
ROW_GROUP: Final = 1024
"""Rows that are read at least to find one."""
LOOKS: Final = 4
"""How often a payload is looked for in both places before it counts as lost."""
METADATA: Final = "fengkong"
FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)-(\d{16})-(\d{16})\.parquet")
_SCHEMA: Final = pl.Schema(
    {
        "sequence": pl.Int64(),
        "recorded_at": pl.Datetime("us", "UTC"),
        "kind": pl.String(),
        "event_id": pl.String(),
        "outcome": pl.String(),
        "policy": pl.String(),
        "degraded": pl.Boolean(),
        "late": pl.Boolean(),
        "event_hash": pl.Int64(),
        "leaf": pl.Binary(),
        "payload": pl.Binary(),
    }
)


class ArchivedFile(NamedTuple):
    """A file of the archive: the day, and the first and last entry in it."""

    path: Path
    day: str
    first: int
    last: int


class ArchiveOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself: the journal it is of, and its hash."""

    format: int
    identity: str
    hash: str


class ArchiveFolder:
    """The archive of one journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._files: list[ArchivedFile] = []

    def files(self) -> list[ArchivedFile]:
        """What is there, in the order of the entries."""
        if not self.directory.is_dir():
            return []
        found = [named(path) for path in self.directory.iterdir()]
        return sorted((file for file in found if file is not None), key=lambda file: file.first)

    def fill(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries with the payloads that were moved; raises DamagedJournalError for a loss."""
        filled: list[Entry] = []
        try:
            for file, stretch in groupby(entries, key=self._file_of):
                some = list(stretch)
                filled += some if file is None else _filled(some, file)
        except DamagedJournalError:
            self._files = []  # what was known of the folder may be out of date
            raise
        return filled

    def _file_of(self, entry: Entry) -> ArchivedFile | None:
        if entry.payload:
            return None
        for look_again in (False, True):
            if look_again:
                self._files = self.files()
            for file in self._files:
                if file.first <= entry.sequence <= file.last:
                    return file
        message = f"entry {entry.sequence:,}: its payload was archived, and no file has it"
        raise DamagedJournalError(message, source=str(self.directory))


def with_moved(read: Callable[[], list[Entry]], archive: ArchiveFolder | None) -> list[Entry]:
    """What `read` finds, with the payloads that were moved.

    A file that is gone may have been brought back, or even made anew, between two looks: then the
    next look is right.
    """
    lost: DamagedJournalError | None = None
    for _ in range(LOOKS):
        entries = read()
        if archive is None or all(entry.payload for entry in entries):
            return entries
        try:
            return archive.fill(entries)
        except DamagedJournalError as error:
            lost = error
    assert lost is not None, "it was looked for"
    raise lost


def named(path: Path) -> ArchivedFile | None:
    """The archived file of a path; None where it is none."""
    match = _NAME.fullmatch(path.name)
    return None if match is None else ArchivedFile(path, match[1], int(match[2]), int(match[3]))


def _filled(entries: Sequence[Entry], file: ArchivedFile) -> list[Entry]:
    wanted = pl.col("sequence").is_between(entries[0].sequence, entries[-1].sequence)
    try:
        rows = pl.scan_parquet(file.path).filter(wanted).select("sequence", "payload").collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(file.path, error) from error
    payloads = dict(zip(rows["sequence"].to_list(), rows["payload"].to_list(), strict=True))
    lost = [entry.sequence for entry in entries if not payloads.get(entry.sequence)]
    if lost:
        raise DamagedJournalError(f"entry {lost[0]:,} is not in it", source=str(file.path))
    return [entry._replace(payload=payloads[entry.sequence]) for entry in entries]


def unreadable(path: Path, error: BaseException) -> DamagedJournalError:
    """A file of the archive that cannot be read."""
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return DamagedJournalError(f"it cannot be read: {said}", source=str(path))


def day_of(recorded_at: int) -> str:
    """The UTC day of an instant, as files are named."""
    return (_EPOCH + timedelta(microseconds=recorded_at)).date().isoformat()


def start_of_day(day: date) -> int:
    """The first microsecond of a UTC day."""
    return (day - _EPOCH.date()).days * DAY_US


def entries_in(path: Path) -> list[Entry]:
    """Every entry of a file, in order."""
    try:
        rows = pl.read_parquet(path, columns=["sequence", "event_hash", "leaf", "payload"])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error
    return [Entry(*row) for row in rows.iter_rows()]


def first_in(path: Path) -> int:
    """The first entry of a file, whatever its name says."""
    try:
        return int(pl.scan_parquet(path).select(pl.col("sequence").min()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def origin_in(path: Path) -> ArchiveOrigin | None:
    """What a Parquet file says of itself; None where it is not of an archive."""
    try:
        text = pl.read_parquet_metadata(path).get(METADATA)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=ArchiveOrigin)
    except msgspec.MsgspecError as error:
        raise unreadable(path, error) from None


def write_file(directory: Path, entries: Sequence[Entry], *, origin: ArchiveOrigin) -> ArchivedFile:
    """Keep entries of one day durably in their file, once it was read back and is the same."""
    day = day_of(decode_leaf(entries[0].leaf).at)
    path = directory / f"{day}-{entries[0].sequence:016d}-{entries[-1].sequence:016d}.parquet"
    new = path.with_name(path.name + ".new")
    try:
        _write(new, _table(entries), origin=origin)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreUnavailableError(f"{new.name} cannot be written: {error}") from error
    if entries_in(new) != list(entries):
        raise DamagedJournalError("it was read back otherwise than it was written", source=str(new))
    new.replace(path)
    sync_directory(directory)
    return ArchivedFile(path, day, entries[0].sequence, entries[-1].sequence)


def _write(path: Path, table: pl.DataFrame, *, origin: ArchiveOrigin) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        table.write_parquet(
            file,
            compression="zstd",
            row_group_size=ROW_GROUP,
            metadata={METADATA: msgspec.json.encode(origin).decode()},
        )
        file.flush()
        os.fsync(file.fileno())


def _table(entries: Iterable[Entry]) -> pl.DataFrame:
    rows = []
    for entry in entries:
        leaf = decode_leaf(entry.leaf)
        rows.append(
            (
                *(entry.sequence, leaf.at, leaf.kind, leaf.event, leaf.outcome, leaf.policy),
                *(leaf.degraded, leaf.late, entry.event_hash, entry.leaf, entry.payload),
            )
        )
    schema = dict(_SCHEMA) | {"recorded_at": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").cast(
        {"recorded_at": _SCHEMA["recorded_at"]}
    )


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on its disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
