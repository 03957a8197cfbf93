"""The file of API keys and nonces (`access.db`): how it is made, opened and guarded.

SQLite through apsw, WAL, synchronous=FULL: what was committed survives a power cut. Several
processes may have it open: the service, and commands that create and revoke keys.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import apsw

from fengkong.protection.errors import AccessUnavailableError, ForeignAccessFileError
from fengkong.protection.guarded_files import check_guarded

APPLICATION_ID: Final = 0x464B4131  # FKA1, in the schema as 1179337009
FORMAT: Final = 1
BUSY_MS: Final = 5000
SAFE_SQLITE: Final = 3_051_003
"""The first SQLite whose WAL cannot be damaged by a reset at the wrong moment."""

_SCHEMA: Final = """
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    public_key BLOB NOT NULL,
    rate_per_second REAL NOT NULL,
    burst INTEGER NOT NULL,
    require_signature INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE uses (id TEXT PRIMARY KEY, last_used_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('revision', 0), ('latest', 0), ('acceptances', 0);
CREATE TABLE nonces (
    digest BLOB PRIMARY KEY,
    key_id TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_created ON nonces (created);
CREATE TABLE watermarks (key_id TEXT PRIMARY KEY, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1179337009;
PRAGMA user_version = 1;
"""


def open_access_file(path: Path) -> apsw.Connection:
    """A connection of one's own to the file, which is made where there is none.

    Raises UnsafeFileError, ForeignAccessFileError or AccessUnavailableError.
    """
    if apsw.SQLITE_VERSION_NUMBER < SAFE_SQLITE:
        raise AccessUnavailableError("this SQLite can damage a file: install the locked versions")
    with access_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.close(descriptor)
        check_guarded(path)
        with ExitStack() as opening:
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            opening.callback(connection.close)
            connection.set_busy_timeout(BUSY_MS)
            _check(connection, path=path)
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("PRAGMA synchronous=FULL").fetchall()
            if _is_empty(connection):
                _make(connection)
            _check(connection, path=path)
            opening.pop_all()
    return connection


@contextmanager
def access_errors(path: Path) -> Iterator[None]:
    """What the file's failures mean to whoever waits for an answer."""
    try:
        yield
    except apsw.NotADBError as error:
        raise ForeignAccessFileError(f"{path.name} is not a file of API keys") from error
    except (apsw.Error, OSError) as error:
        raise AccessUnavailableError(f"{path.name}: {error}") from error


@contextmanager
def one_commit(connection: apsw.Connection) -> Iterator[None]:
    """A transaction that begins by taking the turn to write, and is durable when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check(connection: apsw.Connection, *, path: Path) -> None:
    """Refuse a file of somebody else before anything is written to it."""
    if not _is_empty(connection) and _marks(connection) != (APPLICATION_ID, FORMAT):
        raise ForeignAccessFileError(f"{path.name} is of another product or version")


def _make(connection: apsw.Connection) -> None:
    """Make the tables, unless another process was quicker."""
    with one_commit(connection):
        if _is_empty(connection):
            connection.execute(_SCHEMA).fetchall()


def _is_empty(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_schema").get)


def _marks(connection: apsw.Connection) -> tuple[int, int]:
    application = connection.execute("PRAGMA application_id").get
    return application, connection.execute("PRAGMA user_version").get
