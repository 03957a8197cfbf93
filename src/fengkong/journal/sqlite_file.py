"""The journal's SQLite file: how it is made, opened and guarded, and what its failures mean."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import apsw

from fengkong.core.errors import RiskError
from fengkong.journal.errors import (
    DamagedJournalError,
    ForeignJournalError,
    JournalExistsError,
    JournalInUseError,
    MissingJournalError,
    StoreUnavailableError,
    UnsafeSqliteError,
)
from fengkong.ledger.hashes import hash_named

SAFE_VERSION: Final = 3_051_003
"""The first SQLite in which a WAL that is reset while it is read cannot damage the database."""
APPLICATION_ID: Final = 0x464B4A31
FORMAT: Final = 1
PAGE_BYTES: Final = 4096
BUSY_MS: Final = 5000
CACHE_KIB: Final = 65_536
WAL_KEPT_BYTES: Final = 64 << 20
IDENTITY_BYTES: Final = 16

_SCHEMA: Final = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
    sequence INTEGER PRIMARY KEY,
    event_hash INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX entries_by_event ON entries (event_hash) WHERE event_hash <> 0;
CREATE TABLE tiles (place INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
CREATE TABLE subject_keys (
    subject BLOB PRIMARY KEY,
    key_id BLOB NOT NULL,
    master_id TEXT NOT NULL,
    wrapped BLOB,
    created_at INTEGER NOT NULL,
    destroyed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lookups (
    token BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (token, sequence)
) STRICT, WITHOUT ROWID;
"""
_DAMAGE: Final = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)


def check_sqlite(version: int) -> None:
    """Refuse an SQLite library that can damage a database in WAL mode."""
    if version < SAFE_VERSION:
        raise UnsafeSqliteError(f"SQLite {version} is in use; {SAFE_VERSION} is the first safe one")


def risk_of(error: apsw.Error | OSError, *, path: Path) -> RiskError:
    """The same failure as an error of the journal: damage, or out of reach for now."""
    said = f"{path.name}: {str(error) or type(error).__name__}"
    if isinstance(error, _DAMAGE):
        return DamagedJournalError(said)
    return StoreUnavailableError(said)


def make_journal_file(path: Path, *, hash_name: str, vfs: str | None = None) -> None:
    """Make an empty journal: whole, or not at all; only its owner may read it."""
    hash_named(hash_name)
    if path.exists():
        raise JournalExistsError(f"{path} exists already")
    fresh = path.with_name(f"{path.name}.new")
    try:
        for leftover in ("", "-journal", "-wal", "-shm"):
            fresh.with_name(fresh.name + leftover).unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _fill(fresh, hash_name=hash_name, vfs=vfs)
        fresh.rename(path)
        _sync_directory(path.parent)
    except (apsw.Error, OSError) as error:
        raise risk_of(error, path=path) from error


def _fill(path: Path, *, hash_name: str, vfs: str | None) -> None:
    connection = apsw.Connection(str(path), vfs=vfs, flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}; PRAGMA synchronous=FULL")
        with connection:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={FORMAT}")
            connection.execute(_SCHEMA)
            facts = [
                ("identity", secrets.token_bytes(IDENTITY_BYTES)),
                ("hash", hash_name.encode()),
            ]
            connection.executemany("INSERT INTO facts VALUES (?, ?)", facts)
        mode = connection.pragma("journal_mode", "wal")
        if mode != "wal":  # SQLite leaves the mode as it was, and says so, where it cannot
            raise StoreUnavailableError(f"{path.name}: journal mode {mode} instead of WAL")
    finally:
        connection.close()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Sharing(NamedTuple):
    """How a journal's file is opened: the flags of SQLite, and the journal mode it must show."""

    flags: int
    mode: str
    address: str


LIVING: Final = Sharing(apsw.SQLITE_OPEN_READWRITE, "wal", "{path}")
"""A file that others may write to meanwhile."""
FROZEN: Final = Sharing(
    apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, "delete", "file:{quoted}?immutable=1"
)
"""A file that nobody writes to, such as that of a backup: nothing is made beside it."""


def connect(
    path: Path, *, vfs: str | None = None, also: tuple[str, ...] = (), sharing: Sharing = LIVING
) -> apsw.Connection:
    """A connection to a journal's file, checked to be one; `also` are pragmas of its own."""
    check_sqlite(int(apsw.SQLITE_VERSION_NUMBER))
    if not path.exists():
        raise MissingJournalError(f"{path} does not exist")
    address = sharing.address.format(path=path, quoted=quote(str(path.absolute())))
    try:
        connection = apsw.Connection(address, flags=sharing.flags, vfs=vfs)
    except apsw.Error as error:
        raise risk_of(error, path=path) from error
    try:
        connection.set_busy_timeout(BUSY_MS)
        for pragma in (*_PRAGMAS, *also):
            connection.execute(pragma)
        _check_format(connection, path=path, mode=sharing.mode)
    except apsw.Error as error:
        close_quietly(connection)
        raise risk_of(error, path=path) from error
    except RiskError:
        close_quietly(connection)
        raise
    return connection


def close_quietly(connection: apsw.Connection) -> None:
    """Close a connection. What it cannot copy back from the WAL now, the next one will."""
    with contextlib.suppress(apsw.Error):
        connection.close()


_PRAGMAS: Final = (
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA mmap_size=0",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA secure_delete=ON",
    f"PRAGMA journal_size_limit={WAL_KEPT_BYTES}",
    f"PRAGMA cache_size=-{CACHE_KIB}",
)


def _check_format(connection: apsw.Connection, *, path: Path, mode: str) -> None:
    application = connection.pragma("application_id")
    if application != APPLICATION_ID:
        raise ForeignJournalError(f"{path} is a database, but not a journal")
    version = connection.pragma("user_version")
    if version != FORMAT:
        raise ForeignJournalError(f"{path} has format {version}; this program reads {FORMAT}")
    found = connection.pragma("journal_mode")
    if found != mode:
        raise ForeignJournalError(f"{path} is in journal mode {found}, not {mode}")


def lock_for_writing(path: Path) -> int:
    """The descriptor of the lock that one writer holds; closing it gives the lock back."""
    place = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise risk_of(error, path=place) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise JournalInUseError(f"{path} is written by another process") from error
    return descriptor
