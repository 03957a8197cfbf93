"""The embedded store: one SQLite file, one connection that writes, readers that never wait.

How it is durable: `synchronous=FULL` in WAL mode syncs the WAL with every commit. How it stays
quick: the WAL is copied back into the file by a connection of its own, right behind a commit, in
the thread that committed, so that the writer's connection never does it in the middle of one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Self, TypeVar

import apsw

from fengkong.journal.entries import Entry
from fengkong.journal.errors import (
    ConflictingEntryError,
    ForeignJournalError,
    StoreUnavailableError,
)
from fengkong.journal.port import Batch, Head, StoredCheckpoint
from fengkong.journal.sqlite_file import (
    close_quietly,
    connect,
    lock_for_writing,
    make_journal_file,
    risk_of,
)
from fengkong.journal.sqlite_reading import HEAD, LEVEL_SHIFT, SqliteReading, head_of
from fengkong.journal.wal_copying import WalCopying
from fengkong.protection.subject_keys import SubjectKey

T = TypeVar("T")

WAIT_S: Final = 30.0

_INSERT_ENTRY: Final = "INSERT INTO entries VALUES (?, ?, ?, ?)"
_INSERT_TILE: Final = "INSERT INTO tiles VALUES (?, ?) ON CONFLICT DO NOTHING"
_INSERT_CHECKPOINT: Final = "INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT DO NOTHING"
_INSERT_KEY: Final = "INSERT INTO subject_keys VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_KEY_ID: Final = "SELECT key_id FROM subject_keys WHERE subject = ?"
_REWRAP: Final = """
UPDATE subject_keys SET master_id = ?, wrapped = ?
WHERE subject = ? AND key_id = ? AND wrapped IS NOT NULL
"""
_BLANK: Final = """
UPDATE subject_keys SET wrapped = zeroblob(length(wrapped))
WHERE subject = ? AND wrapped IS NOT NULL
"""
_DESTROY: Final = "UPDATE subject_keys SET wrapped = NULL, destroyed_at = ? WHERE subject = ?"
_PUT_SEALED: Final = "INSERT OR REPLACE INTO secrets VALUES (?, ?)"
_PUT_FACT: Final = "INSERT OR REPLACE INTO facts VALUES (?, ?)"
_INSERT_LOOKUP: Final = "INSERT INTO lookups VALUES (?, ?) ON CONFLICT DO NOTHING"
_HOLDS: Final = """
SELECT length(payload) FROM entries
WHERE sequence BETWEEN ? AND ? AND event_hash <> 0 ORDER BY sequence LIMIT 1
"""
_DROP: Final = """
UPDATE entries SET payload = x'' WHERE sequence BETWEEN ? AND ? AND event_hash <> 0
"""
_FILL: Final = "UPDATE entries SET payload = ? WHERE sequence = ? AND length(payload) = 0"
_FORGET_LOOKUP: Final = "DELETE FROM lookups WHERE token = ? AND sequence = ?"
_LEAF: Final = "SELECT leaf FROM entries WHERE sequence = ?"


class SqliteStore(SqliteReading):
    """A journal in SQLite as its one writer sees it; see `port.Store`."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        self._vfs = vfs
        self._turn = threading.Lock()
        self._staged: Head | None = None
        self._durable: Head | None = None
        self._writer: apsw.Connection | None = None
        self._wal_pages = 0
        with contextlib.ExitStack() as opened:
            super().__init__(path, vfs=vfs)
            opened.callback(super().close)
            opened.callback(self._disconnect)
            self._connect()
            self._copying = WalCopying(connect(path, vfs=vfs))
            opened.callback(self._copying.close)
            self._opened = opened.pop_all()

    @classmethod
    def open(cls, path: Path, *, hash_name: str = "sha256", vfs: str | None = None) -> Self:
        """The journal at `path`, made there if nothing is; refused if its hash is another."""
        with contextlib.ExitStack() as opened:
            opened.callback(os.close, lock_for_writing(path))
            if not path.exists():
                make_journal_file(path, hash_name=hash_name, vfs=vfs)
            store = cls(path, vfs=vfs)
            opened.callback(store._opened.close)
            if store.hash_name != hash_name:
                raise ForeignJournalError(
                    f"{path} was made with the hash {store.hash_name}; {hash_name} is configured"
                )
            store._opened = opened.pop_all()
        return store

    @classmethod
    def beside_the_writer(cls, path: Path) -> Self:
        """The journal for upkeep in small transactions while a service writes to it."""
        return cls(path)

    def stage(self, batch: Batch) -> None:
        """Insert a batch in an open transaction; one at a time. Nothing is durable yet."""
        self._take_turn()
        try:
            assert self._staged is None, "a batch is staged already: commit or abort it first"
            writer = self._connect()
            writer.execute("BEGIN IMMEDIATE")
            self._staged = self._insert(writer, batch)
        except apsw.Error as error:
            self._give_up()
            raise risk_of(error, path=self.path) from error
        except BaseException:
            self._give_up()
            raise

    def commit(self) -> None:
        """Make the staged batch durable; when this returns, it is."""
        assert self._staged is not None, "nothing is staged"
        assert self._writer is not None, "a staged batch has a connection"
        try:
            self._writer.execute("COMMIT")
        except apsw.Error as error:
            self._give_up()
            raise risk_of(error, path=self.path) from error
        except BaseException:
            self._give_up()
            raise
        self._durable, self._staged = self._staged, None
        try:
            self._copying.after_commit(self._wal_pages)
        finally:
            self._turn.release()

    def abort(self) -> None:
        """Forget the staged batch, if there is one."""
        if self._staged is not None:
            self._give_up()

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint, durably, outside of any batch."""
        self._write(lambda writer: writer.execute(_INSERT_CHECKPOINT, checkpoint))

    def index_lookups(self, tokens: Sequence[tuple[bytes, int]], *, upto: int) -> None:
        """Index (blind index, sequence) pairs of all entries up to `upto`; again is harmless."""

        def insert(writer: apsw.Connection) -> None:
            writer.executemany(_INSERT_LOOKUP, sorted(tokens))
            writer.execute(_PUT_FACT, ("lookups", upto.to_bytes(8, "big")))

        self._write(insert)

    def forget_lookups(self, token: bytes, sequences: Sequence[int]) -> None:
        """Remove entries from what a blind index finds, durably."""
        rows = [(token, sequence) for sequence in sequences]
        self._write(lambda writer: writer.executemany(_FORGET_LOOKUP, rows))

    def holds_payload(self, *, first: int, last: int) -> bool:
        """Whether the first entry of an event in this range has its payload here."""
        rows = self._reads.all(_HOLDS, (first, last))
        return bool(rows and rows[0][0])

    def drop_payloads(self, *, first: int, last: int) -> None:
        """Empty the payloads of events in this range, durably: an archive has them."""
        self._write(lambda writer: writer.execute(_DROP, (first, last)))

    def put_payloads(self, payloads: Sequence[tuple[int, bytes]]) -> None:
        """Fill empty payloads again, by sequence, durably."""
        rows = [(payload, sequence) for sequence, payload in payloads]
        self._write(lambda writer: writer.executemany(_FILL, rows))

    def rewrap(self, keys: Sequence[SubjectKey]) -> None:
        """Replace master id and wrapped bytes of living keys in one durable transaction."""
        rows = [(key.master_id, key.wrapped, key.subject, key.key_id) for key in keys]
        self._write(lambda writer: writer.executemany(_REWRAP, rows))

    def destroy(self, subject: bytes, *, at: int) -> bool:
        """Overwrite a subject's wrapped key, durably, and leave the tombstone."""

        def blank(writer: apsw.Connection) -> bool:
            writer.execute(_BLANK, (subject,))
            if not writer.changes():
                return False
            writer.execute(_DESTROY, (at, subject))
            return True

        done = self._write(blank)
        if done:
            self._copying.empty()
        return done

    def put_secret(self, name: str, value: bytes) -> None:
        """Write or replace a named secret, durably."""
        self._write(lambda writer: writer.execute(_PUT_SEALED, (name, value)))

    def close(self) -> None:
        """Give everything back; a staged batch is forgotten."""
        self.abort()
        self._opened.close()

    def _connect(self) -> apsw.Connection:
        if self._writer is None:
            self._writer = connect(self.path, vfs=self._vfs)
            self._writer.set_wal_hook(self._note_wal)
        return self._writer

    def _disconnect(self) -> None:
        if self._writer is not None:
            close_quietly(self._writer)
            self._writer = None

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _take_turn(self) -> None:
        if not self._turn.acquire(timeout=WAIT_S):
            raise StoreUnavailableError(f"{self.path.name}: another write takes over {WAIT_S:g} s")

    def _give_up(self) -> None:
        """Back to no transaction, by rolling back or with a new connection; ends the turn."""
        self._staged = self._durable = None
        try:
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except apsw.Error:
            self._disconnect()
        finally:
            self._turn.release()

    def _insert(self, writer: apsw.Connection, batch: Batch) -> Head:
        if self._durable is None:
            self._durable = head_of(writer.execute(HEAD).fetchall())
        entries = self._new_entries(writer, batch.entries, durable=self._durable.sequence)
        if entries:
            writer.executemany(_INSERT_ENTRY, entries)
            writer.execute(_PUT_FACT, ("head", sha256(entries[-1].leaf).digest()))
        if batch.keys:
            _insert_keys(writer, batch.keys)
        if batch.tiles:
            tiles = [(tile.level << LEVEL_SHIFT | tile.index, tile.hashes) for tile in batch.tiles]
            writer.executemany(_INSERT_TILE, tiles)
        if batch.checkpoint is not None:
            writer.execute(_INSERT_CHECKPOINT, batch.checkpoint)
        return Head(entries[-1].sequence, entries[-1].leaf) if entries else self._durable

    def _new_entries(
        self, writer: apsw.Connection, entries: Sequence[Entry], *, durable: int
    ) -> Sequence[Entry]:
        """The entries that are not durable yet; those that are must be the same."""
        if not entries or entries[0].sequence == durable + 1:
            return entries
        if entries[0].sequence > durable + 1:
            raise ConflictingEntryError(
                f"entry {entries[0].sequence} does not follow the durable entry {durable}"
            )
        for entry in entries:
            if entry.sequence > durable:
                break
            if writer.execute(_LEAF, (entry.sequence,)).fetchall() != [(entry.leaf,)]:
                raise ConflictingEntryError(f"entry {entry.sequence} is durable with another leaf")
        return entries[durable + 1 - entries[0].sequence :]

    def _write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do one small transaction, durable when this returns."""
        self._take_turn()
        try:
            writer = self._connect()
            writer.execute("BEGIN IMMEDIATE")
            done = work(writer)
            writer.execute("COMMIT")
        except apsw.Error as error:
            self._give_up()
            raise risk_of(error, path=self.path) from error
        except BaseException:
            self._give_up()
            raise
        self._turn.release()
        return done


def _insert_keys(writer: apsw.Connection, keys: Sequence[SubjectKey]) -> None:
    for key in keys:
        row = (
            *(key.subject, key.key_id, key.master_id, key.wrapped),
            *(key.created_at, key.destroyed_at),
        )
        writer.execute(_INSERT_KEY, row)
        if not writer.changes():
            stored = writer.execute(_KEY_ID, (key.subject,)).fetchall()
            if stored != [(key.key_id,)]:
                raise ConflictingEntryError(f"subject {key.subject.hex()} has another key already")
