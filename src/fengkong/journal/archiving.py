"""Moving history between the live database and its archive, beside a writer that goes on.

Everything goes in small transactions and may be killed between any two of them. Payloads are given
up from a file's last entry backwards and come back from its first one on. So whatever was cut off,
those that the database still has are the first ones of the file, and one look at the first tells
whether something is left to do.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.journal.archive import (
    FILE_ENTRIES,
    FORMAT,
    ArchivedFile,
    ArchiveFolder,
    ArchiveOrigin,
    day_of,
    entries_in,
    origin_in,
    sync_directory,
    write_file,
)
from fengkong.journal.entries import Entry, decode_leaf
from fengkong.journal.errors import DamagedJournalError, ForeignJournalError
from fengkong.journal.port import Store

STEP: Final = 256
"""Entries of one transaction: the writer waits for it at most once."""
PAUSE_S: Final = 0.01
READ: Final = 4096

Progress = Callable[[int], None]


class NothingArchivedError(RiskError):
    """The archive has no file of the day named."""

    code = "journal.nothing_archived"
    hint = "Name a day that stands in a file's name in the folder `archive` of the data directory."


@dataclass(slots=True)
class Moved:
    """What was moved: the files, and how many entries they hold."""

    files: list[ArchivedFile] = field(default_factory=list)
    entries: int = 0

    def add(self, file: ArchivedFile) -> None:
        """One file more."""
        self.files.append(file)
        self.entries += file.last - file.first + 1


def archive(
    store: Store, folder: ArchiveFolder, *, before: int, progress: Progress | None = None
) -> Moved:
    """Move the entries in front of the first one that was recorded at `before` or later.

    Only what a signed checkpoint promises is moved. Again is harmless, and finishes what was cut
    off. Raises what the store raises, and DamagedJournalError for an entry that is not as its leaf
    says.
    """
    _remove_leftovers(folder)
    files = folder.files()
    for file in files:
        _give_up(store, file)
    checkpoint = store.checkpoint()
    upto = 0 if checkpoint is None else checkpoint.size
    moved = Moved()
    for day in _days(store, files, before=before, upto=upto):
        origin = ArchiveOrigin(format=FORMAT, identity=store.identity.hex(), hash=store.hash_name)
        file = write_file(folder.directory, day, origin=origin)
        _give_up(store, file)
        moved.add(file)
        if progress is not None:
            progress(file.last)
    return moved


def _days(
    store: Store, files: Sequence[ArchivedFile], *, before: int, upto: int
) -> Iterator[list[Entry]]:
    """Entries that are in no file yet, in stretches of one day each."""
    starts = {file.first: file.last for file in files}
    gathered: list[Entry] = []
    at, day = 0, ""
    while at < upto:
        if at + 1 in starts:
            if gathered:
                yield gathered
            gathered, at = [], starts[at + 1]
            continue
        end = min((first for first in starts if first > at + 1), default=upto + 1) - 1
        for entry in store.read(after=at, limit=min(READ, min(end, upto) - at)):
            leaf = decode_leaf(entry.leaf)
            if leaf.at >= before:
                if gathered:
                    yield gathered
                return
            if leaf.payload != sha256(entry.payload).hexdigest():
                raise DamagedJournalError(f"entry {entry.sequence:,}: its payload was altered")
            if gathered and (day_of(leaf.at) != day or len(gathered) == FILE_ENTRIES):
                yield gathered
                gathered = []
            gathered.append(entry)
            at, day = entry.sequence, day_of(leaf.at)
    if gathered:
        yield gathered


def _give_up(store: Store, file: ArchivedFile) -> None:
    """Have the database give up the payloads that a file holds, the last ones first."""
    if not store.holds_payload(first=file.first, last=file.last):
        return
    last = file.last
    while last >= file.first:
        first = max(file.first, last - STEP + 1)
        store.drop_payloads(first=first, last=last)
        last = first - 1
        time.sleep(PAUSE_S)


def bring_back(
    store: Store,
    folder: ArchiveFolder,
    *,
    days: Sequence[str] | None,
    progress: Progress | None = None,
) -> Moved:
    """Put archived days (None: all of them) back into the database, each payload as its leaf says.

    A file is removed once the database holds everything of it. Raises NothingArchivedError,
    ForeignJournalError for a file of another journal, DamagedJournalError for one that was altered.
    """
    files = [file for file in folder.files() if days is None or file.day in days]
    absent = set(days or ()) - {file.day for file in files}
    if absent or not files:
        raise NothingArchivedError(
            f"nothing is archived of {', '.join(sorted(absent)) or 'any day'}"
        )
    moved = Moved()
    for file in files:
        origin = origin_in(file.path)
        if origin is None or origin.identity != store.identity.hex():
            raise ForeignJournalError(f"{file.path.name} is not of this journal's archive")
        _put_back(store, file)
        file.path.unlink()
        sync_directory(folder.directory)
        moved.add(file)
        if progress is not None:
            progress(moved.entries)
    return moved


def _put_back(store: Store, file: ArchivedFile) -> None:
    entries = entries_in(file.path)
    for at in range(0, len(entries), STEP):
        some = entries[at : at + STEP]
        leaves = dict(store.leaves(after=some[0].sequence - 1, limit=len(some)))
        for entry in some:
            if leaves.get(entry.sequence) != entry.leaf:
                message = f"entry {entry.sequence:,} is another than in the journal"
                raise DamagedJournalError(message, source=str(file.path))
            if decode_leaf(entry.leaf).payload != sha256(entry.payload).hexdigest():
                message = f"entry {entry.sequence:,}: its payload was altered"
                raise DamagedJournalError(message, source=str(file.path))
        store.put_payloads([(entry.sequence, entry.payload) for entry in some])
        time.sleep(PAUSE_S)


def _remove_leftovers(folder: ArchiveFolder) -> None:
    """What a killed process had not finished writing."""
    with contextlib.suppress(FileNotFoundError):
        for path in list(folder.directory.glob("*.parquet.new")):
            path.unlink()
