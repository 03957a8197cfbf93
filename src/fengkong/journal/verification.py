"""Whether a journal is what was written: every entry, its chain, the tree, the signed promises.

One pass over the entries in order. What is found wrong is named by its entry, and it is the first
one that is wrong. Reading nothing but the journal itself, it needs no clock and no service.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.journal.entries import (
    FIRST_PREVIOUS,
    UNREADABLE,
    Entry,
    Leaf,
    decode_leaf,
    event_hashes,
)
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.port import Reading
from fengkong.journal.second_place import SecondPlace, SecondPlaceError
from fengkong.journal.stored_tree import stored_frontier, stored_tiles
from fengkong.ledger.export_layout import origin_of
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.notes import Checkpoint, VerifierKey, open_checkpoint
from fengkong.ledger.proofs import root_at
from fengkong.ledger.tiles import TILE_WIDTH

CHUNK: Final = 256
"""Entries read at a time: a tile of them, a megabyte, so that they are used while at hand."""
CHECKPOINTS_READ: Final = 100_000
_LOG: Final = logging.getLogger(__name__)


class RolledBackError(RiskError):
    """The journal is not the one, or not as far, as a checkpoint outside of it promises."""

    code = "journal.rolled_back"
    hint = "Put the right database back, or restore a backup and accept what is lost on purpose."


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification saw: entries in all, the root of their tree, the last signed size."""

    size: int
    root: bytes
    signed_size: int


def verify_journal(
    reading: Reading,
    *,
    verifier: VerifierKey,
    places: Sequence[SecondPlace] = (),
    after: int = 0,
    each_subject: Callable[[bytes], None] | None = None,
    each_chunk: Callable[[Sequence[Entry]], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verified:
    """Verify the entries behind `after`, every stored checkpoint, and the second places.

    `each_subject` is called once with every subject met, to see that its key is there;
    `each_chunk` with the entries gone over, for whoever must read them too. Raises
    DamagedJournalError, RolledBackError, or what a signature that is wrong raises.
    """
    head = reading.head()
    reading.check_structure()
    promises = _promises(reading, verifier=verifier, places=places, head=head.sequence)
    for size in sorted(promises):
        if size <= after:
            _check_early(reading, promises[size])
    walk = _Walk(reading, after=after, promises=promises, each_subject=each_subject)
    done = after
    while done < head.sequence:
        entries = reading.read(after=done, limit=min(CHUNK, head.sequence - done))
        if not entries:
            raise DamagedJournalError(f"entry {done + 1:,} of {head.sequence:,} is missing")
        walk.over(entries)
        done = entries[-1].sequence
        if each_chunk is not None:
            each_chunk(entries)
        if progress is not None:
            progress(done)
    walk.check_end()
    return Verified(head.sequence, walk.frontier.root(), max(promises, default=0))


def _promises(
    reading: Reading, *, verifier: VerifierKey, places: Sequence[SecondPlace], head: int
) -> dict[int, Checkpoint]:
    """Every signed checkpoint by its size: those of the journal and the newest of each place."""
    origin = origin_of(reading.identity)
    promises: dict[int, Checkpoint] = {}
    for stored in reading.checkpoints(limit=CHECKPOINTS_READ):
        checkpoint = open_checkpoint(stored.note, keys=[verifier], origin=origin).checkpoint
        if checkpoint.size != stored.size:
            raise DamagedJournalError(f"the checkpoint of {stored.size:,} is of another size")
        _keep(promises, checkpoint, head=head, where="the journal")
    reachable = 0
    for place in places:
        try:
            note = place.newest()
        except SecondPlaceError as error:
            _LOG.error("%s", error)
            continue
        reachable += 1
        if note is not None:
            promised = _promised(note, verifier=verifier, origin=origin, place=place)
            _keep(promises, promised, head=head, where=str(place))
        elif promises:
            _LOG.warning("%s is empty although checkpoints were signed before", place)
    if places and not reachable:
        raise SecondPlaceError("none of the second places can be read, so nothing vouches for this")
    return promises


def _promised(note: bytes, *, verifier: VerifierKey, origin: str, place: SecondPlace) -> Checkpoint:
    try:
        return open_checkpoint(note, keys=[verifier], origin=origin).checkpoint
    except RiskError as error:
        raise RolledBackError(
            f"the checkpoint in {place} was not signed by this journal's key ({error.message}): "
            "the database or its keys were replaced"
        ) from error


def _keep(promises: dict[int, Checkpoint], new: Checkpoint, *, head: int, where: str) -> None:
    if new.size > head:
        raise RolledBackError(
            f"the journal has {head:,} entries, and {where} holds a signed promise of {new.size:,}"
        )
    known = promises.setdefault(new.size, new)
    if known.root != new.root:
        raise RolledBackError(f"two signed checkpoints of {new.size:,} entries differ")


def _check_early(reading: Reading, checkpoint: Checkpoint) -> None:
    """A checkpoint of entries that are not walked over: from the stored tiles."""
    if not checkpoint.size:
        return
    hashing = hash_named(reading.hash_name)
    tiles = stored_tiles(reading, size=checkpoint.size)
    if root_at(size=checkpoint.size, reader=tiles, hashing=hashing) != checkpoint.root:
        size = checkpoint.size
        raise RolledBackError(f"the first {size:,} entries are not those that were signed")


class _Walk:
    """Goes over entries in order, with the tree growing beside them."""

    def __init__(
        self,
        reading: Reading,
        *,
        after: int,
        promises: dict[int, Checkpoint],
        each_subject: Callable[[bytes], None] | None,
    ) -> None:
        self._reading = reading
        self._hash = hash_named(reading.hash_name)
        self._promises = promises
        self._signed = sorted(promises)
        self._each_subject = each_subject
        self._subjects: set[str] = set()
        self._sequence = after
        self._previous = FIRST_PREVIOUS
        if after:
            entry = reading.entry(after)
            if entry is None:
                raise DamagedJournalError(f"entry {after:,} is missing")
            self._previous = self._hash.leaf_hash(entry.leaf).hex()
        self.frontier = stored_frontier(reading, size=after)

    def over(self, entries: Sequence[Entry]) -> None:
        """Verify entries that follow the last one."""
        start = 0
        while start < len(entries):
            stop = start + self._until_check()
            self._chained(entries[start:stop])
            start = stop
            if self._sequence in self._promises:
                self._check_promise()
            if not self._sequence % TILE_WIDTH:
                self._check_tiles()

    def _until_check(self) -> int:
        """How many entries there are until a tile is finished or something was signed."""
        at = bisect_right(self._signed, self._sequence)
        upto = TILE_WIDTH - self._sequence % TILE_WIDTH
        return min(upto, self._signed[at] - self._sequence) if at < len(self._signed) else upto

    def _chained(self, entries: Sequence[Entry]) -> None:
        """Each of some entries is what it says and names the one before it."""
        leaf_hash = self._hash.leaf_hash
        leaves, unreadable = _leaves(entries)
        hashes = event_hashes([leaf.event or "" for leaf in leaves])
        sequence, previous = self._sequence, self._previous
        grown: list[bytes] = []
        for entry, leaf, expected in zip(entries, leaves, hashes, strict=False):
            sequence += 1
            if entry.sequence != sequence:
                raise DamagedJournalError(f"entry {sequence:,} is missing")
            if leaf.sequence != sequence:
                raise DamagedJournalError(f"entry {sequence:,} says that it is {leaf.sequence:,}")
            if leaf.previous != previous:
                raise DamagedJournalError(
                    f"entry {sequence:,} does not follow the one before: one of them was altered"
                )
            if leaf.payload != sha256(entry.payload).hexdigest():
                raise DamagedJournalError(f"entry {sequence:,}: its payload was altered")
            if entry.event_hash != (0 if leaf.event is None else expected):
                raise DamagedJournalError(f"entry {sequence:,} is filed under another event's hash")
            hashed = leaf_hash(entry.leaf)
            previous = hashed.hex()
            grown.append(hashed)
            if leaf.subject is not None and leaf.subject not in self._subjects:
                self._meet(leaf.subject)
        if unreadable is not None:
            raise DamagedJournalError(f"entry {sequence + 1:,}: its leaf is unreadable") from (
                unreadable
            )
        self.frontier.extend(grown)
        self._sequence, self._previous = sequence, previous

    def check_end(self) -> None:
        """The last entry is the one that its commit sealed."""
        head = self._reading.head()
        if head.sequence and sha256(head.leaf).digest() != self._reading.head_seal():
            raise DamagedJournalError(f"entry {self._sequence:,} is not what its commit sealed")

    def _meet(self, subject: str) -> None:
        self._subjects.add(subject)
        if self._each_subject is not None:
            self._each_subject(bytes.fromhex(subject))

    def _check_promise(self) -> None:
        if self.frontier.root() != self._promises[self._sequence].root:
            raise RolledBackError(
                f"the first {self._sequence:,} entries are not those that were signed"
            )

    def _check_tiles(self) -> None:
        for tile in self.frontier.take_tiles():
            if self._reading.tile(level=tile.level, index=tile.index) != tile.hashes:
                raise DamagedJournalError(
                    f"tile {tile.index:,} of level {tile.level}, which ends at entry "
                    f"{self._sequence:,}, was altered"
                )


def _leaves(entries: Sequence[Entry]) -> tuple[list[Leaf], Exception | None]:
    """The leaves of entries up to the first that cannot be read, and what is wrong with that."""
    leaves: list[Leaf] = []
    try:
        for entry in entries:
            leaves.append(decode_leaf(entry.leaf))  # noqa: PERF401 - those before the error count
    except UNREADABLE as error:
        return leaves, error
    return leaves, None
