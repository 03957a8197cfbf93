"""What the journal asks of a store: SQLite and PostgreSQL keep the same promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.entries import Entry
from fengkong.ledger.tree import Tile
from fengkong.protection.subject_keys import KeyStore, SubjectKey


class Head(NamedTuple):
    """The newest durable entry: its number and leaf; (0, b"") while there is none."""

    sequence: int
    leaf: bytes


class Found(NamedTuple):
    """An entry that has the hash looked for; its leaf tells whether it has the event's id."""

    event_hash: int
    sequence: int
    leaf: bytes


class StoredCheckpoint(NamedTuple):
    """A signed checkpoint as kept: the size of the tree and the note as it was signed."""

    size: int
    note: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that become durable together, with the keys and tiles that belong to them."""

    entries: Sequence[Entry] = ()
    keys: Sequence[SubjectKey] = ()
    tiles: Sequence[Tile] = ()
    checkpoint: StoredCheckpoint | None = None


class Reading(Protocol):
    """A journal as readers see it, in the writing process or another; never blocks the writer.

    Every call may raise `StoreUnavailableError` (try again later) or `DamagedJournalError`.
    """

    archive: ArchiveFolder | None
    """Where moved payloads are: `read` and `entry` put them in. None: they stay empty."""

    @property
    def identity(self) -> bytes:
        """Sixteen random bytes, made with the journal, by which it is told from any other."""
        ...

    @property
    def hash_name(self) -> str:
        """The hash of its ledger, chosen when it was made: "sha256" or "sm3"."""
        ...

    def head(self) -> Head:
        """The newest durable entry."""
        ...

    def read(self, *, after: int, limit: int) -> list[Entry]:
        """Entries in order, from the one behind `after`."""
        ...

    def leaves(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Sequence and leaf of entries in order, without their payloads."""
        ...

    def entry(self, sequence: int) -> Entry | None:
        """One entry."""
        ...

    def find(self, event_hashes: Sequence[int]) -> list[Found]:
        """Every durable entry with one of these hashes, in order of sequence; one statement."""
        ...

    def event_hashes(self, *, start: int, limit: int) -> list[int]:
        """The hashes of events' ids from `start` on, in their order."""
        ...

    def without_event(self, *, upto: int) -> list[int]:
        """The places up to there where no entry of an event is, in order, by an index alone."""
        ...

    def tile(self, *, level: int, index: int) -> bytes | None:
        """The hashes of a full tile, or None where it is not full yet."""
        ...

    def checkpoint(self) -> StoredCheckpoint | None:
        """The newest checkpoint."""
        ...

    def checkpoints(self, *, limit: int) -> list[StoredCheckpoint]:
        """Checkpoints, the newest first."""
        ...

    def head_seal(self) -> bytes | None:
        """SHA-256 of the newest leaf, written by the commit that made it; None before the first.

        Every leaf is vouched for by the next one; this vouches for the last.
        """
        ...

    def check_structure(self) -> None:
        """Have the database check itself; raises `DamagedJournalError`."""
        ...

    def lookups_upto(self) -> int:
        """The last entry whose tokens are indexed."""
        ...

    def find_token(self, token: bytes, *, limit: int) -> list[int]:
        """Sequences of entries that were indexed under a blind index, the newest first."""
        ...

    def close(self) -> None:
        """Give everything back; nothing can be read afterwards."""
        ...


class Store(Reading, KeyStore, Protocol):
    """A journal as its one writer sees it.

    `stage` may be called from the event loop's thread and `commit` from another; reads go on
    meanwhile. When `stage` or `commit` raises `StoreUnavailableError`, nothing is staged any more
    and it is unknown whether the batch is durable: stage the same batch again. What is durable
    already is then skipped; another entry in its place raises `ConflictingEntryError`.
    """

    def stage(self, batch: Batch) -> None:
        """Prepare a batch; one at a time. Nothing is durable yet."""
        ...

    def commit(self) -> None:
        """Make the staged batch durable; when this returns, it is."""
        ...

    def abort(self) -> None:
        """Forget the staged batch, if there is one."""
        ...

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint, durably, outside of any batch."""
        ...

    def index_lookups(self, tokens: Sequence[tuple[bytes, int]], *, upto: int) -> None:
        """Index (blind index, sequence) pairs of all entries up to `upto`; again is harmless."""
        ...

    def forget_lookups(self, token: bytes, sequences: Sequence[int]) -> None:
        """Remove entries from what a blind index finds, durably."""
        ...

    def holds_payload(self, *, first: int, last: int) -> bool:
        """Whether the first entry of an event in this range has its payload here."""
        ...

    def drop_payloads(self, *, first: int, last: int) -> None:
        """Empty the payloads of events in this range, durably: an archive has them."""
        ...

    def put_payloads(self, payloads: Sequence[tuple[int, bytes]]) -> None:
        """Fill empty payloads again, by sequence, durably."""
        ...
