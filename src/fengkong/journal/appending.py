"""The growing end of the journal: the next number, the hash before it, the edge of the tree."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from typing import Final, NamedTuple

from fengkong.journal.entries import (
    FIRST_PREVIOUS,
    LEAF_BYTES_MAX,
    Entry,
    Kind,
    Leaf,
    encode_leaf,
    event_hash,
)
from fengkong.journal.port import Batch, Reading, StoredCheckpoint
from fengkong.journal.stored_tree import stored_frontier
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.tiles import EdgeTiles
from fengkong.protection.subject_keys import SubjectKey


class Draft(NamedTuple):
    """A usual entry but for its place: of an event, not degraded.

    `payload` is sealed for the place it will have; `policy` and `outcome` are those of a decision,
    `shadow` the other policy's outcome where it differs.
    """

    kind: Kind
    event_id: str
    event_hash: int
    payload: bytes
    received: bytes
    subject: bytes
    policy: str | None
    outcome: str | None
    late: bool
    shadow: str | None


class Appender:
    """Makes entries, each chained to the one before it, and keeps the Merkle tree over them.

    It continues where the store's newest durable entry ends. What it has made and the store has
    not kept must be staged again, or a new Appender must be made: it does not go back.
    """

    def __init__(self, store: Reading) -> None:
        self.hashing: Final = hash_named(store.hash_name)
        head = store.head()
        self._sequence = head.sequence
        self._previous = (
            self.hashing.leaf_hash(head.leaf).hex() if head.sequence else FIRST_PREVIOUS
        )
        self._frontier = stored_frontier(store, size=head.sequence)
        self._entries: list[Entry] = []
        self._store = store

    @property
    def next_sequence(self) -> int:
        """The number that the next entry gets; its payload is sealed for this number."""
        return self._sequence + 1

    @property
    def size(self) -> int:
        """How many entries the tree has, those not yet durable included."""
        return self._sequence

    def root(self) -> bytes:
        """The root of the tree over all entries, those not yet durable included."""
        return self._frontier.root()

    def tiles(self) -> EdgeTiles:
        """The tiles of the tree as it is now, fit for proofs up to this size while it grows on."""
        return EdgeTiles(edge=self._frontier.edge(), finished=partial(finished_tile, self._store))

    def add(
        self,
        *,
        kind: Kind,
        recorded_at: int,
        payload: bytes,
        event_id: str | None = None,
        policy: str | None = None,
        outcome: str | None = None,
        subject: bytes | None = None,
        received: bytes | None = None,
        degraded: bool = False,
        late: bool = False,
        shadow: str | None = None,
        event_hash_known: int | None = None,
    ) -> Entry:
        """The next entry. `payload` is sealed already; `event_hash_known` saves hashing the id."""
        sequence = self._sequence + 1
        leaf = encode_leaf(
            Leaf(
                at=recorded_at,
                degraded=degraded,
                event=event_id,
                kind=kind,
                late=late,
                outcome=outcome,
                payload=sha256(payload).hexdigest(),
                policy=policy,
                previous=self._previous,
                received=None if received is None else received.hex(),
                sequence=sequence,
                shadow=shadow,
                subject=None if subject is None else subject.hex(),
            )
        )
        assert len(leaf) <= LEAF_BYTES_MAX, "a leaf's texts are short"
        if event_hash_known is None:
            event_hash_known = 0 if event_id is None else event_hash(event_id)
        leaf_hash = self.hashing.leaf_hash(leaf)
        self._frontier.append(leaf_hash)
        self._previous = leaf_hash.hex()
        self._sequence = sequence
        entry = Entry(sequence, event_hash_known, leaf, payload)
        self._entries.append(entry)
        return entry

    def add_many(self, drafts: Iterable[Draft], *, recorded_at: int) -> None:
        """The next entries, as `add` makes them; drafts are asked for one after the other."""
        leaf_hash = self.hashing.leaf_hash
        previous, sequence = self._previous, self._sequence
        hashes: list[bytes] = []
        entries = self._entries
        for kind, event, hashed, payload, received, subject, policy, outcome, late, other in drafts:
            sequence += 1
            leaf = encode_leaf(
                Leaf(
                    recorded_at,
                    False,
                    event,
                    kind,
                    late,
                    outcome,
                    sha256(payload).hexdigest(),
                    policy,
                    previous,
                    received.hex(),
                    sequence,
                    other,
                    subject.hex(),
                )
            )
            assert len(leaf) <= LEAF_BYTES_MAX, "a leaf's texts are short"
            leaf_hashed = leaf_hash(leaf)
            previous = leaf_hashed.hex()
            hashes.append(leaf_hashed)
            entries.append(Entry(sequence, hashed, leaf, payload))
        self._frontier.extend(hashes)
        self._previous, self._sequence = previous, sequence

    def take_batch(
        self, *, keys: list[SubjectKey] | None = None, checkpoint: StoredCheckpoint | None = None
    ) -> Batch:
        """The entries made since the last call with the tiles they finished, to be staged."""
        entries, self._entries = self._entries, []
        return Batch(
            entries=entries,
            keys=keys or (),
            tiles=self._frontier.take_tiles(),
            checkpoint=checkpoint,
        )


def finished_tile(store: Reading, level: int, index: int) -> bytes | None:
    """A full tile of a store, asked for as the ledger asks: by place."""
    return store.tile(level=level, index=index)
