"""Reading a journal in PostgreSQL, in the process that writes it or in another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import psycopg

from fengkong.journal.archive import ArchiveFolder, with_moved
from fengkong.journal.entries import Entry
from fengkong.journal.errors import DamagedJournalError, MissingJournalError
from fengkong.journal.port import Found, Head, StoredCheckpoint
from fengkong.journal.postgres_database import Connection, check_format, connect, is_made, risk_of
from fengkong.protection.subject_keys import SubjectKey

LEVEL_SHIFT: Final = 48
"""A tile's place is its level above this bit and its index below."""

HEAD: Final = "SELECT sequence, leaf FROM entries ORDER BY sequence DESC LIMIT 1"
_READ: Final = """
SELECT sequence, event_hash, leaf, payload FROM entries
WHERE sequence > %s ORDER BY sequence LIMIT %s
"""
_LEAVES: Final = "SELECT sequence, leaf FROM entries WHERE sequence > %s ORDER BY sequence LIMIT %s"
_ENTRY: Final = "SELECT sequence, event_hash, leaf, payload FROM entries WHERE sequence = %s"
_FIND: Final = """
SELECT event_hash, sequence, leaf FROM entries
WHERE event_hash = ANY(%b::int8[]) AND event_hash <> 0 ORDER BY sequence
"""
_HASHES: Final = """
SELECT event_hash FROM entries
WHERE event_hash >= %s AND event_hash <> 0 ORDER BY event_hash LIMIT %s
"""
_WITHOUT: Final = """
SELECT sequence FROM entries WHERE event_hash = 0 AND sequence <= %s ORDER BY sequence
"""
_TILE: Final = "SELECT hashes FROM tiles WHERE place = %s"
_CHECKPOINTS: Final = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT %s"
_FACT: Final = "SELECT value FROM facts WHERE name = %s"
_COUNT: Final = (
    "SELECT count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM entries"
)
_INDEXES: Final = """
SELECT indexrelid::regclass::text FROM pg_index
WHERE indrelid = 'entries'::regclass AND NOT (indisvalid AND indisready)
"""
_LOOKUP: Final = "SELECT sequence FROM lookups WHERE token = %s ORDER BY sequence DESC LIMIT %s"
_KEY: Final = """
SELECT subject, key_id, master_id, wrapped, created_at, destroyed_at FROM subject_keys
WHERE subject = %s
"""
_KEYS: Final = """
SELECT subject, key_id, master_id, wrapped, created_at, destroyed_at FROM subject_keys
WHERE wrapped IS NOT NULL AND master_id <> %s LIMIT %s
"""
_SEALED: Final = "SELECT value FROM secrets WHERE name = %s"


class Reader:
    """One connection that reads; threads take turns. A lost connection is made anew by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = threading.Lock()
        self._connection: Connection | None = None

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement, tried once more where a connection has died since its last."""
        with self._turn:
            try:
                if self._connection is not None:
                    try:
                        return self._rows(self._connection, statement, values)
                    except psycopg.OperationalError:
                        if not self._connection.broken:
                            raise
                        self._connection.close()
                self._connection = connect(self._url)
                return self._rows(self._connection, statement, values)
            except psycopg.Error as error:
                raise risk_of(error) from error

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()

    def is_made(self) -> bool:
        """Whether the database holds a journal."""
        with self._turn:
            try:
                self._connection = connect(self._url)
                return is_made(self._connection)
            except psycopg.Error as error:
                raise risk_of(error) from error

    @staticmethod
    def _rows(
        connection: Connection, statement: str, values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        with connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, values).fetchall()


class PostgresReading:
    """A journal that is read: two connections, so that a long read holds up no look-up."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.archive: ArchiveFolder | None = None
        self._lookups = Reader(url)
        self._reads = Reader(url)
        try:
            if not self._lookups.is_made():
                raise MissingJournalError("the database holds no journal")  # noqa: TRY301
            check_format(self._fact("format"))
            self._identity = self._known_fact("identity")
            self._hash_name = self._known_fact("hash").decode()
        except BaseException:
            self._lookups.close()
            self._reads.close()
            raise

    @property
    def identity(self) -> bytes:
        """Sixteen random bytes, made with the journal, by which it is told from any other."""
        return self._identity

    @property
    def hash_name(self) -> str:
        """The hash of its ledger, chosen when it was made: "sha256" or "sm3"."""
        return self._hash_name

    def head(self) -> Head:
        """The newest durable entry."""
        return head_of(self._lookups.all(HEAD))

    def read(self, *, after: int, limit: int) -> list[Entry]:
        """Entries in order, from the one behind `after`."""
        return with_moved(
            lambda: list(map(Entry._make, self._reads.all(_READ, (after, limit)))), self.archive
        )

    def leaves(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Sequence and leaf of entries in order, without their payloads."""
        return [(row[0], row[1]) for row in self._reads.all(_LEAVES, (after, limit))]

    def entry(self, sequence: int) -> Entry | None:
        """One entry."""
        found = with_moved(
            lambda: list(map(Entry._make, self._lookups.all(_ENTRY, (sequence,)))), self.archive
        )
        return found[0] if found else None

    def find(self, event_hashes: Sequence[int]) -> list[Found]:
        """Every durable entry with one of these hashes, in order of sequence; one statement."""
        if not event_hashes:
            return []
        return list(map(Found._make, self._lookups.all(_FIND, (list(event_hashes),))))

    def event_hashes(self, *, start: int, limit: int) -> list[int]:
        """The hashes of events' ids from `start` on, in their order."""
        return [row[0] for row in self._reads.all(_HASHES, (start, limit))]

    def without_event(self, *, upto: int) -> list[int]:
        """The places up to there where no entry of an event is, in order."""
        return [row[0] for row in self._reads.all(_WITHOUT, (upto,))]

    def tile(self, *, level: int, index: int) -> bytes | None:
        """The hashes of a full tile, or None where it is not full yet."""
        return _only(self._reads.all(_TILE, (level << LEVEL_SHIFT | index,)))

    def checkpoint(self) -> StoredCheckpoint | None:
        """The newest checkpoint."""
        found = self.checkpoints(limit=1)
        return found[0] if found else None

    def checkpoints(self, *, limit: int) -> list[StoredCheckpoint]:
        """Checkpoints, the newest first."""
        return list(map(StoredCheckpoint._make, self._reads.all(_CHECKPOINTS, (limit,))))

    def head_seal(self) -> bytes | None:
        """SHA-256 of the newest leaf, as its commit left it; None before the first entry."""
        return self._fact("head")

    def check_structure(self) -> None:
        """Refuse entries with gaps in their numbers, or an index that the server gave up."""
        [(count, first, last)] = self._reads.all(_COUNT)
        if (first, last) != (1, count):
            raise DamagedJournalError(f"{count:,} entries are numbered {first:,} to {last:,}")
        invalid = self._reads.all(_INDEXES)
        if invalid:
            raise DamagedJournalError(f"the index {invalid[0][0]} is not valid")

    def lookups_upto(self) -> int:
        """The last entry whose tokens are indexed."""
        return int.from_bytes(self._fact("lookups") or b"", "big")

    def find_token(self, token: bytes, *, limit: int) -> list[int]:
        """Sequences of entries that were indexed under a blind index, the newest first."""
        return [row[0] for row in self._reads.all(_LOOKUP, (token, limit))]

    def subject_key(self, subject: bytes) -> SubjectKey | None:
        """The key or the tombstone of a subject; None for one never seen."""
        rows = self._lookups.all(_KEY, (subject,))
        return _key_of(rows[0]) if rows else None

    def subject_keys(self, *, not_under: str, limit: int) -> list[SubjectKey]:
        """At most `limit` living keys that are wrapped by another master than `not_under`."""
        return list(map(_key_of, self._reads.all(_KEYS, (not_under, limit))))

    def secret(self, name: str) -> bytes | None:
        """A named secret of the journal in its wrapped form."""
        return _only(self._reads.all(_SEALED, (name,)))

    def close(self) -> None:
        """Give everything back; nothing can be read afterwards."""
        self._lookups.close()
        self._reads.close()

    def _fact(self, name: str) -> bytes | None:
        return _only(self._reads.all(_FACT, (name,)))

    def _known_fact(self, name: str) -> bytes:
        found = self._fact(name)
        if found is None:
            raise DamagedJournalError(f"the journal does not say its {name}")
        return found


def head_of(rows: Sequence[tuple[Any, ...]]) -> Head:
    """The head that the statement `HEAD` has found."""
    return Head._make(rows[0]) if rows else Head(0, b"")


def _only(rows: Sequence[tuple[Any, ...]]) -> bytes | None:
    return rows[0][0] if rows else None


def _key_of(row: tuple[Any, ...]) -> SubjectKey:
    subject, key_id, master_id, wrapped, created_at, destroyed_at = row
    return SubjectKey(
        subject=subject,
        key_id=key_id,
        master_id=master_id,
        wrapped=wrapped,
        created_at=created_at,
        destroyed_at=destroyed_at,
    )
