"""The Merkle tree of a stored journal: from its finished tiles and the leaves behind them."""

from __future__ import annotations

from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.port import Reading
from fengkong.ledger.hashes import Hash, hash_named
from fengkong.ledger.tiles import RebuiltTiles
from fengkong.ledger.tree import Frontier


def stored_tiles(reading: Reading, *, size: int) -> RebuiltTiles:
    """The tiles of the tree over the first `size` entries."""
    hashing = hash_named(reading.hash_name)
    return RebuiltTiles(
        hashing=hashing,
        size=size,
        finished=lambda level, index: reading.tile(level=level, index=index),
        leaf_hashes=lambda start, count: _leaf_hashes(reading, start, count, hashing=hashing),
    )


def stored_frontier(reading: Reading, *, size: int) -> Frontier:
    """The growing edge of the tree over the first `size` entries."""
    tiles = stored_tiles(reading, size=size)
    return Frontier.from_tiles(hashing=hash_named(reading.hash_name), size=size, reader=tiles)


def _leaf_hashes(reading: Reading, start: int, count: int, *, hashing: Hash) -> bytes:
    rows = reading.leaves(after=start, limit=count)
    if [sequence for sequence, _ in rows] != list(range(start + 1, start + count + 1)):
        raise DamagedJournalError(f"entries {start + 1:,} to {start + count:,} are not all there")
    return b"".join([hashing.leaf_hash(leaf) for _, leaf in rows])
