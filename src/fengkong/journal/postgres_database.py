"""The journal's PostgreSQL database: how it is made and guarded, and what its failures mean."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

import psycopg

from fengkong.core.errors import RiskError
from fengkong.journal.errors import (
    ConflictingEntryError,
    DamagedJournalError,
    ForeignJournalError,
    JournalInUseError,
    StoreUnavailableError,
    UnsafePostgresError,
)
from fengkong.ledger.hashes import hash_named

Connection = psycopg.Connection[tuple[Any, ...]]

SCHEMA: Final = "fengkong_journal"
FORMAT: Final = b"1"
WRITER_LOCK: Final = 0x464B_4A31
"""The advisory lock that the one writer of a database holds as long as it is connected."""
LEAVING_S: Final = 2.0
"""How long a writer that was killed may still be connected, as the server sees it."""
CONNECT_S: Final = 3
SILENCE_MS: Final = 5000
"""How long a server may leave what was sent unacknowledged before it counts as gone."""
STATEMENT_MS: Final = 30_000
IDENTITY_BYTES: Final = 16

_TABLES: Final = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.facts (name text PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE {SCHEMA}.entries (
    sequence bigint PRIMARY KEY,
    event_hash bigint NOT NULL,
    leaf bytea NOT NULL,
    payload bytea NOT NULL
);
ALTER TABLE {SCHEMA}.entries ALTER COLUMN leaf SET STORAGE PLAIN;
ALTER TABLE {SCHEMA}.entries ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX entries_by_event ON {SCHEMA}.entries (event_hash) WHERE event_hash <> 0;
CREATE TABLE {SCHEMA}.tiles (place bigint PRIMARY KEY, hashes bytea NOT NULL);
CREATE TABLE {SCHEMA}.checkpoints (size bigint PRIMARY KEY, note bytea NOT NULL);
CREATE TABLE {SCHEMA}.subject_keys (
    subject bytea PRIMARY KEY,
    key_id bytea NOT NULL,
    master_id text NOT NULL,
    wrapped bytea,
    created_at bigint NOT NULL,
    destroyed_at bigint
);
CREATE TABLE {SCHEMA}.secrets (name text PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE {SCHEMA}.lookups (token bytea, sequence bigint, PRIMARY KEY (token, sequence));
"""
_IS_THERE: Final = "SELECT to_regclass(%s) IS NOT NULL"
_PUT_FACT: Final = "INSERT INTO facts VALUES (%s, %s)"
_DAMAGE: Final = (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted)


def risk_of(error: psycopg.Error) -> RiskError:
    """The same failure as an error of the journal: damage, a conflict, or out of reach for now."""
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, _DAMAGE):
        return DamagedJournalError(said)
    if isinstance(error, psycopg.errors.UniqueViolation):
        return ConflictingEntryError(said)
    return StoreUnavailableError(said)


def connect(url: str) -> Connection:
    """A connection that commits each statement by itself and gives up on a silent server."""
    return psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_S,
        tcp_user_timeout=SILENCE_MS,
        keepalives_idle=CONNECT_S,
        application_name="fengkong",
        options=f"-c search_path={SCHEMA} -c client_min_messages=warning",
    )


def check_durability(connection: Connection) -> None:
    """Refuse a server that answers a commit before it is on its disk."""
    for setting, unsafe in (("fsync", ("off",)), ("synchronous_commit", ("off", "remote_write"))):
        row = connection.execute(f"SHOW {setting}").fetchone()
        assert row is not None, "a setting has a value"
        if row[0] in unsafe:
            raise UnsafePostgresError(f"{setting} is {row[0]}: a commit could be lost")


def lock_for_writing(connection: Connection) -> None:
    """Become the one writer, as long as this connection lives.

    A writer that was killed holds the lock until the server has noticed: it is waited for.
    """
    until = time.monotonic() + LEAVING_S
    while not _is_locked(connection):
        if time.monotonic() > until:
            raise JournalInUseError("another connection writes to this database's journal")
        time.sleep(LEAVING_S / 40)


def _is_locked(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (WRITER_LOCK,)).fetchone()
    return row == (True,)


def is_made(connection: Connection) -> bool:
    """Whether the database holds a journal."""
    return connection.execute(_IS_THERE, (f"{SCHEMA}.facts",)).fetchone() == (True,)


def make_journal(connection: Connection, *, hash_name: str) -> None:
    """Make an empty journal: whole, or not at all. The writer's lock is held already."""
    hash_named(hash_name)
    facts = [
        ("identity", secrets.token_bytes(IDENTITY_BYTES)),
        ("hash", hash_name.encode()),
        ("format", FORMAT),
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_TABLES)
        cursor.executemany(_PUT_FACT, facts)


def check_format(value: bytes | None) -> None:
    """Refuse a journal of another format."""
    if value != FORMAT:
        raise ForeignJournalError(f"the database has a journal of format {value!r}")
