"""The store of a firm: PostgreSQL, one connection that writes, readers that never wait.

A batch travels in one round trip and is one transaction; a long one is copied in. A connection
that is lost is made anew with the next batch, and whether the batch before was durable is seen by
looking, not guessed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, Self, TypeVar

import psycopg

from fengkong.core.errors import RiskError
from fengkong.journal.entries import Entry
from fengkong.journal.errors import (
    ConflictingEntryError,
    ForeignJournalError,
    JournalInUseError,
    StoreUnavailableError,
)
from fengkong.journal.port import Batch, Head, StoredCheckpoint
from fengkong.journal.postgres_database import (
    STATEMENT_MS,
    Connection,
    check_durability,
    connect,
    is_made,
    lock_for_writing,
    make_journal,
    risk_of,
)
from fengkong.journal.postgres_reading import HEAD, LEVEL_SHIFT, PostgresReading, head_of
from fengkong.protection.subject_keys import SubjectKey

T = TypeVar("T")

COPIED_MIN: Final = 200
"""From this many entries on COPY is quicker than one statement with arrays."""
WAIT_S: Final = 30.0

_INSERT: Final = """
WITH entry AS (
    INSERT INTO entries
    SELECT * FROM unnest(%b::int8[], %b::int8[], %b::bytea[], %b::bytea[])
), tile AS (
    INSERT INTO tiles SELECT * FROM unnest(%b::int8[], %b::bytea[]) ON CONFLICT DO NOTHING
), checkpoint AS (
    INSERT INTO checkpoints SELECT * FROM unnest(%b::int8[], %b::bytea[]) ON CONFLICT DO NOTHING
), key AS (
    INSERT INTO subject_keys
    SELECT * FROM unnest(
        %b::bytea[], %b::bytea[], %b::text[], %b::bytea[], %b::int8[], %b::int8[]
    ) ON CONFLICT DO NOTHING
)
INSERT INTO facts SELECT 'head', value FROM unnest(%b::bytea[]) AS head (value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_COPY: Final = "COPY entries FROM STDIN (FORMAT BINARY)"
_COPIED: Final = ("int8", "int8", "bytea", "bytea")
_LEAVES: Final = """
SELECT sequence, leaf FROM entries WHERE sequence BETWEEN %s AND %s ORDER BY sequence
"""
_KEY_IDS: Final = "SELECT subject, key_id FROM subject_keys WHERE subject = ANY(%b::bytea[])"
_INSERT_CHECKPOINT: Final = "INSERT INTO checkpoints VALUES (%s, %s) ON CONFLICT DO NOTHING"
_REWRAP: Final = """
UPDATE subject_keys SET master_id = %s, wrapped = %s
WHERE subject = %s AND key_id = %s AND wrapped IS NOT NULL
"""
_DESTROY: Final = """
UPDATE subject_keys SET wrapped = NULL, destroyed_at = %s
WHERE subject = %s AND wrapped IS NOT NULL
"""
_REWRITE_KEYS: Final = "VACUUM (FULL) subject_keys"
_PUT_SEALED: Final = """
INSERT INTO secrets VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_PUT_FACT: Final = """
INSERT INTO facts VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_FORGET_LOOKUPS: Final = "DELETE FROM lookups WHERE token = %s AND sequence = ANY(%s)"
_HOLDS: Final = """
SELECT length(payload) FROM entries
WHERE sequence BETWEEN %s AND %s AND event_hash <> 0 ORDER BY sequence LIMIT 1
"""
_DROP: Final = """
UPDATE entries SET payload = ''::bytea
WHERE sequence BETWEEN %s AND %s AND event_hash <> 0 AND length(payload) > 0
"""
_FILL: Final = """
UPDATE entries SET payload = filled.payload
FROM unnest(%b::int8[], %b::bytea[]) AS filled (sequence, payload)
WHERE entries.sequence = filled.sequence AND length(entries.payload) = 0
"""
_INSERT_LOOKUPS: Final = """
INSERT INTO lookups SELECT * FROM unnest(%b::bytea[], %b::int8[]) ON CONFLICT DO NOTHING
"""


class PostgresStore(PostgresReading):
    """A journal in PostgreSQL as its one writer sees it; see `port.Store`."""

    def __init__(self, url: str, *, writer: Connection) -> None:
        self._turn = threading.Lock()
        self._staged: Batch | None = None
        self._durable: Head | None = None
        self._writer: Connection | None = writer
        self._prepare: Callable[[Connection], None] = _prepare
        super().__init__(url)

    @classmethod
    def open(cls, url: str, *, hash_name: str = "sha256") -> Self:
        """The journal of a database, made there if none is; refused if its hash is another."""
        try:
            writer = connect(url)
        except psycopg.Error as error:
            raise risk_of(error) from error
        try:
            _prepare(writer)
            if not is_made(writer):
                make_journal(writer, hash_name=hash_name)
            store = cls(url, writer=writer)
        except psycopg.Error as error:
            writer.close()
            raise risk_of(error) from error
        except BaseException:
            writer.close()
            raise
        if store.hash_name != hash_name:
            store.close()
            raise ForeignJournalError(
                f"the journal was made with the hash {store.hash_name}, "
                f"and {hash_name} is configured"
            )
        return store

    @classmethod
    def beside_the_writer(cls, url: str) -> Self:
        """The journal for upkeep in small transactions while a service writes to it."""
        try:
            writer = connect(url)
        except psycopg.Error as error:
            raise risk_of(error) from error
        try:
            _prepare_beside(writer)
            store = cls(url, writer=writer)
        except BaseException:
            writer.close()
            raise
        store._prepare = _prepare_beside
        return store

    def stage(self, batch: Batch) -> None:
        """Keep a batch in memory for the commit; one at a time."""
        self._take_turn()
        assert self._staged is None, "a batch is staged already: commit or abort it first"
        self._staged = batch

    def commit(self) -> None:
        """Make the staged batch durable; when this returns, it is."""
        batch = self._staged
        assert batch is not None, "nothing is staged"
        try:
            self._durable = self._insert(self._connect(), batch)
        except psycopg.Error as error:
            self._durable = None
            raise risk_of(error) from error
        except BaseException:
            self._durable = None
            raise
        finally:
            self._staged = None
            self._turn.release()

    def abort(self) -> None:
        """Forget the staged batch, if there is one."""
        if self._staged is not None:
            self._staged = None
            self._turn.release()

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint, durably, outside of any batch."""
        self._write(lambda writer: writer.execute(_INSERT_CHECKPOINT, checkpoint))

    def index_lookups(self, tokens: Sequence[tuple[bytes, int]], *, upto: int) -> None:
        """Index (blind index, sequence) pairs of all entries up to `upto`; again is harmless."""
        columns = ([token for token, _ in tokens], [sequence for _, sequence in tokens])

        def insert(writer: Connection) -> None:
            with writer.transaction():
                writer.execute(_INSERT_LOOKUPS, columns)
                writer.execute(_PUT_FACT, ("lookups", upto.to_bytes(8, "big")))

        self._write(insert)

    def forget_lookups(self, token: bytes, sequences: Sequence[int]) -> None:
        """Remove entries from what a blind index finds, durably."""
        self._write(lambda writer: writer.execute(_FORGET_LOOKUPS, (token, list(sequences))))

    def holds_payload(self, *, first: int, last: int) -> bool:
        """Whether the first entry of an event in this range has its payload here."""
        rows = self._reads.all(_HOLDS, (first, last))
        return bool(rows and rows[0][0])

    def drop_payloads(self, *, first: int, last: int) -> None:
        """Empty the payloads of events in this range, durably: an archive has them."""
        self._write(lambda writer: writer.execute(_DROP, (first, last)))

    def put_payloads(self, payloads: Sequence[tuple[int, bytes]]) -> None:
        """Fill empty payloads again, by sequence, durably."""
        columns = ([sequence for sequence, _ in payloads], [payload for _, payload in payloads])
        self._write(lambda writer: writer.execute(_FILL, columns))

    def rewrap(self, keys: Sequence[SubjectKey]) -> None:
        """Replace master id and wrapped bytes of living keys in one durable transaction."""
        rows = [(key.master_id, key.wrapped, key.subject, key.key_id) for key in keys]

        def update(writer: Connection) -> None:
            with writer.transaction(), writer.cursor() as cursor:
                cursor.executemany(_REWRAP, rows)

        self._write(update)

    def destroy(self, subject: bytes, *, at: int) -> bool:
        """Destroy a subject's wrapped key, durably, and leave the tombstone.

        The table is rewritten, because PostgreSQL keeps old rows in it otherwise. Its WAL and its
        base backups keep them until they are recycled: see the guide on erasing.
        """

        def blank(writer: Connection) -> bool:
            if not writer.execute(_DESTROY, (at, subject)).rowcount:
                return False
            writer.execute(_REWRITE_KEYS)
            return True

        return self._write(blank)

    def put_secret(self, name: str, value: bytes) -> None:
        """Write or replace a named secret, durably."""
        self._write(lambda writer: writer.execute(_PUT_SEALED, (name, value)))

    def close(self) -> None:
        """Give everything back; a staged batch is forgotten."""
        self.abort()
        super().close()
        if self._writer is not None:
            self._writer.close()

    def _take_turn(self) -> None:
        if not self._turn.acquire(timeout=WAIT_S):
            raise StoreUnavailableError(f"another write takes over {WAIT_S:g} s")

    def _connect(self) -> Connection:
        """The writer's connection, made anew where it was lost: still as the one writer."""
        if self._writer is not None and not self._writer.broken and not self._writer.closed:
            return self._writer
        if self._writer is not None:
            self._writer.close()
        self._durable = None
        writer = connect(self.url)
        try:
            self._prepare(writer)
        except JournalInUseError as error:
            writer.close()
            raise StoreUnavailableError(
                "the server still holds the writer's lock: for the connection just lost, "
                "or for another writer"
            ) from error
        except (psycopg.Error, RiskError):
            writer.close()
            raise
        self._writer = writer
        return writer

    def _insert(self, writer: Connection, batch: Batch) -> Head:
        durable = self._durable
        if durable is None:
            durable = head_of(writer.execute(HEAD).fetchall())
        entries = _new_entries(writer, batch.entries, durable=durable.sequence)
        if batch.keys:
            _check_keys(writer, batch.keys)
        if len(entries) < COPIED_MIN:
            writer.execute(_INSERT, _columns(batch, inserted=entries, newest=entries[-1:]))
        else:
            with writer.transaction(), writer.cursor() as cursor:
                with cursor.copy(_COPY) as copy:
                    copy.set_types(_COPIED)
                    for entry in entries:
                        copy.write_row(entry)
                cursor.execute(_INSERT, _columns(batch, inserted=(), newest=entries[-1:]))
        return Head(entries[-1].sequence, entries[-1].leaf) if entries else durable

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Do one small piece of work, durable when this returns."""
        self._take_turn()
        try:
            return work(self._connect())
        except psycopg.Error as error:
            raise risk_of(error) from error
        finally:
            self._turn.release()


def _prepare(writer: Connection) -> None:
    check_durability(writer)
    writer.execute(f"SET statement_timeout = {STATEMENT_MS}")
    lock_for_writing(writer)


def _prepare_beside(writer: Connection) -> None:
    check_durability(writer)
    writer.execute(f"SET statement_timeout = {STATEMENT_MS}")


def _columns(
    batch: Batch, *, inserted: Sequence[Entry], newest: Sequence[Entry]
) -> list[list[Any]]:
    """The parameters of `_INSERT`: every table's columns as arrays."""
    keys = batch.keys
    checkpoints = [] if batch.checkpoint is None else [batch.checkpoint]
    return [
        [entry.sequence for entry in inserted],
        [entry.event_hash for entry in inserted],
        [entry.leaf for entry in inserted],
        [entry.payload for entry in inserted],
        [tile.level << LEVEL_SHIFT | tile.index for tile in batch.tiles],
        [tile.hashes for tile in batch.tiles],
        [checkpoint.size for checkpoint in checkpoints],
        [checkpoint.note for checkpoint in checkpoints],
        [key.subject for key in keys],
        [key.key_id for key in keys],
        [key.master_id for key in keys],
        [key.wrapped for key in keys],
        [key.created_at for key in keys],
        [key.destroyed_at for key in keys],
        [sha256(entry.leaf).digest() for entry in newest],
    ]


def _new_entries(writer: Connection, entries: Sequence[Entry], *, durable: int) -> Sequence[Entry]:
    """The entries that are not durable yet; those that are must be the same."""
    if not entries or entries[0].sequence == durable + 1:
        return entries
    first, last = entries[0].sequence, entries[-1].sequence
    if first > durable + 1:
        raise ConflictingEntryError(f"entry {first} does not follow the durable entry {durable}")
    stored: dict[Any, Any] = dict(writer.execute(_LEAVES, (first, min(last, durable))).fetchall())
    for entry in entries:
        if entry.sequence <= durable and stored.get(entry.sequence) != entry.leaf:
            raise ConflictingEntryError(f"entry {entry.sequence} is durable with another leaf")
    return entries[durable + 1 - first :]


def _check_keys(writer: Connection, keys: Sequence[SubjectKey]) -> None:
    """Refuse a second key for a subject: what it seals could never be opened."""
    stored: dict[Any, Any] = dict(
        writer.execute(_KEY_IDS, ([key.subject for key in keys],)).fetchall()
    )
    for key in keys:
        if stored.get(key.subject, key.key_id) != key.key_id:
            raise ConflictingEntryError(f"subject {key.subject.hex()} has another key already")
