"""Reading a journal in SQLite, in the process that writes it or in another."""

from __future__ import annotations

import contextlib
import threading
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import apsw
import numpy as np

from fengkong.journal.archive import ArchiveFolder, with_moved
from fengkong.journal.entries import Entry
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.port import Found, Head, StoredCheckpoint
from fengkong.journal.sqlite_file import LIVING, Sharing, close_quietly, connect, risk_of
from fengkong.protection.subject_keys import SubjectKey

LEVEL_SHIFT: Final = 48
"""A tile's place is its level above this bit and its index below."""

HEAD: Final = "SELECT sequence, leaf FROM entries ORDER BY sequence DESC LIMIT 1"
_READ: Final = """
SELECT sequence, event_hash, leaf, payload FROM entries
WHERE sequence > ? ORDER BY sequence LIMIT ?
"""
_LEAVES: Final = "SELECT sequence, leaf FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?"
_ENTRY: Final = "SELECT sequence, event_hash, leaf, payload FROM entries WHERE sequence = ?"
_FIND: Final = """
SELECT event_hash, sequence, leaf FROM entries INDEXED BY entries_by_event
WHERE event_hash IN (SELECT value FROM carray(?)) AND event_hash <> 0 ORDER BY sequence
"""
_HASHES: Final = """
SELECT event_hash FROM entries INDEXED BY entries_by_event
WHERE event_hash >= ? AND event_hash <> 0 ORDER BY event_hash LIMIT ?
"""
_PLACES: Final = """
SELECT event_hash, sequence FROM entries INDEXED BY entries_by_event
WHERE (event_hash, sequence) > (?, ?) AND event_hash <> 0 ORDER BY event_hash, sequence LIMIT ?
"""
_PLACES_READ: Final = 65_536
_IN_PASSING: Final = "PRAGMA cache_size=-2048"
"""Long reads want each page once: a larger cache would only leave the processor's."""
_TILE: Final = "SELECT hashes FROM tiles WHERE place = ?"
_CHECKPOINTS: Final = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT ?"
_FACT: Final = "SELECT value FROM facts WHERE name = ?"
_LOOKUP: Final = "SELECT sequence FROM lookups WHERE token = ? ORDER BY sequence DESC LIMIT ?"
_KEY: Final = """
SELECT subject, key_id, master_id, wrapped, created_at, destroyed_at FROM subject_keys
WHERE subject = ?
"""
_KEYS: Final = """
SELECT subject, key_id, master_id, wrapped, created_at, destroyed_at FROM subject_keys
WHERE wrapped IS NOT NULL AND master_id <> ? LIMIT ?
"""
_SEALED: Final = "SELECT value FROM secrets WHERE name = ?"


class Reader:
    """One connection that reads; threads take turns. Failures are errors of the journal."""

    def __init__(
        self,
        path: Path,
        *,
        vfs: str | None = None,
        sharing: Sharing = LIVING,
        also: tuple[str, ...] = (),
    ) -> None:
        self._path = path
        self._turn = threading.Lock()
        also = ("PRAGMA query_only=ON", *also)
        self._connection = connect(path, vfs=vfs, also=also, sharing=sharing)

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a statement."""
        with self._turn:
            try:
                return self._connection.execute(statement, values).fetchall()
            except apsw.Error as error:
                raise risk_of(error, path=self._path) from error

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            close_quietly(self._connection)


class SqliteReading:
    """A journal that is read: two connections, so that a long read holds up no look-up."""

    def __init__(self, path: Path, *, vfs: str | None = None, sharing: Sharing = LIVING) -> None:
        self.path = path
        self.archive: ArchiveFolder | None = None
        with contextlib.ExitStack() as opened:
            self._lookups = Reader(path, vfs=vfs, sharing=sharing)
            opened.callback(self._lookups.close)
            self._reads = Reader(path, vfs=vfs, sharing=sharing, also=(_IN_PASSING,))
            opened.callback(self._reads.close)
            self._identity = self._fact("identity")
            self._hash_name = self._fact("hash").decode()
            self._readers = opened.pop_all()

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
        return self._reads.all(_LEAVES, (after, limit))

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
        wanted = apsw.carray(array("q", event_hashes))
        return list(map(Found._make, self._lookups.all(_FIND, (wanted,))))

    def event_hashes(self, *, start: int, limit: int) -> list[int]:
        """The hashes of events' ids from `start` on, in their order; reads the index alone."""
        return [row[0] for row in self._reads.all(_HASHES, (start, limit))]

    def without_event(self, *, upto: int) -> list[int]:
        """The places up to there where no entry of an event is, in order, by an index alone."""
        without = np.ones(upto + 1, dtype=np.bool_)
        without[0] = False
        last = (-(1 << 63), 0)
        while rows := self._reads.all(_PLACES, (*last, _PLACES_READ)):
            places = np.array([place for _, place in rows], dtype=np.int64)
            without[places[places <= upto]] = False
            last = rows[-1]
        found: list[int] = np.flatnonzero(without).tolist()
        return found

    def tile(self, *, level: int, index: int) -> bytes | None:
        """The hashes of a full tile, or None where it is not full yet."""
        rows = self._reads.all(_TILE, (level << LEVEL_SHIFT | index,))
        return rows[0][0] if rows else None

    def checkpoint(self) -> StoredCheckpoint | None:
        """The newest checkpoint."""
        found = self.checkpoints(limit=1)
        return found[0] if found else None

    def checkpoints(self, *, limit: int) -> list[StoredCheckpoint]:
        """Checkpoints, the newest first."""
        return list(map(StoredCheckpoint._make, self._reads.all(_CHECKPOINTS, (limit,))))

    def head_seal(self) -> bytes | None:
        """SHA-256 of the newest leaf, as its commit left it; None before the first entry."""
        rows = self._reads.all(_FACT, ("head",))
        return rows[0][0] if rows else None

    def check_structure(self) -> None:
        """Refuse a file whose pages or indexes do not agree with each other."""
        found = self._lookups.all("PRAGMA integrity_check(1)")  # looks all over the index
        if found != [("ok",)]:
            raise DamagedJournalError(f"{self.path.name}: {found[0][0]}")

    def lookups_upto(self) -> int:
        """The last entry whose tokens are indexed."""
        rows = self._reads.all(_FACT, ("lookups",))
        return int.from_bytes(rows[0][0], "big") if rows else 0

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
        rows = self._reads.all(_SEALED, (name,))
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Give everything back; nothing can be read afterwards."""
        self._readers.close()

    def _fact(self, name: str) -> bytes:
        rows = self._reads.all(_FACT, (name,))
        if not rows:
            raise DamagedJournalError(f"{self.path.name} does not say its {name}")
        found: bytes = rows[0][0]
        return found


def head_of(rows: Sequence[tuple[Any, ...]]) -> Head:
    """The head that the statement `HEAD` has found."""
    return Head._make(rows[0]) if rows else Head(0, b"")


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
