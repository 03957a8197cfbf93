"""Proofs that an entry is in a log, and that a log only grew (RFC 6962, sections 2.1.1 and 2.1.2).

Entries count from 0 here (`index` = sequence - 1); proofs are lists of 32-byte hashes.

- `inclusion_proof(index=, size=, reader=, hashing=)` and `consistency_proof(old=, new=, reader=,
  hashing=)` read at most two tiles of each tile level: a million entries need six reads.
- `root_at(size=, reader=, hashing=)` is the root that the tree had at a size.
- `verify_inclusion(index=, size=, leaf_hash=, proof=, root=, hashing=)` and
  `verify_consistency(old=, new=, old_root=, new_root=, proof=, hashing=)` return nothing where
  the proof holds and raise `InvalidProofError`, which says why, where it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE, Hash
from fengkong.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, TileReader, root_of_hashes

PROOF_HASHES_MAX: Final = 63


class InvalidProofError(RiskError):
    """A Merkle proof does not prove what it should."""

    code = "ledger.invalid_proof"
    hint = "Fetch the proof and the checkpoint again; if it stays, the log has been altered."


class ImpossibleProofError(RiskError):
    """A proof is asked for an entry or a size that the tree does not have."""

    code = "ledger.impossible_proof"
    hint = "Ask for an index below the size, and for sizes from 1 to that of the checkpoint."


class _Subtrees:
    """Roots of parts of a tree of one size, each tile read once."""

    def __init__(self, *, size: int, reader: TileReader, hashing: Hash) -> None:
        self._size = size
        self._reader = reader
        self._hashing = hashing
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, stop: int) -> bytes:
        """The root over leaves start .. stop - 1, which must be a subtree of the tree."""
        count = stop - start
        if not count & (count - 1):
            return self._whole(start, count.bit_length() - 1)
        split = start + _split(count)
        return self._hashing.node_hash(self.root(start, split), self.root(split, stop))

    def _whole(self, start: int, height: int) -> bytes:
        level, within = divmod(height, TILE_HEIGHT)
        place = start >> (level * TILE_HEIGHT)
        index, offset = divmod(place, TILE_WIDTH)
        tile = self._tile(level, index)
        part = tile[offset * HASH_SIZE : (offset + (1 << within)) * HASH_SIZE]
        return root_of_hashes(part, hashing=self._hashing)

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._tiles:
            width = (self._size >> (level * TILE_HEIGHT)) - index * TILE_WIDTH
            tile = self._reader.read(level, index, min(width, TILE_WIDTH))
            self._tiles[level, index] = tile
        return self._tiles[level, index]


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def root_at(*, size: int, reader: TileReader, hashing: Hash) -> bytes:
    """The root of the tree when it had this size."""
    if size == 0:
        return hashing.empty_root
    return _Subtrees(size=size, reader=reader, hashing=hashing).root(0, size)


def inclusion_proof(*, index: int, size: int, reader: TileReader, hashing: Hash) -> list[bytes]:
    """The hashes beside the path from a leaf to the root of the tree of a size, leaf first."""
    if not 0 <= index < size:
        raise ImpossibleProofError(f"entry {index} is not in a tree of {size} entries")
    subtrees = _Subtrees(size=size, reader=reader, hashing=hashing)
    proof, start, stop = [], 0, size
    while stop - start > 1:
        split = start + _split(stop - start)
        if index < split:
            proof.append(subtrees.root(split, stop))
            stop = split
        else:
            proof.append(subtrees.root(start, split))
            start = split
    return proof[::-1]


def consistency_proof(*, old: int, new: int, reader: TileReader, hashing: Hash) -> list[bytes]:
    """The hashes that join the tree of `old` entries to the tree of `new`; empty where equal."""
    if not 0 < old <= new:
        raise ImpossibleProofError(f"a tree of {new} entries cannot have grown from one of {old}")
    subtrees = _Subtrees(size=new, reader=reader, hashing=hashing)
    proof, start, stop = [], 0, new
    while old != stop:
        split = start + _split(stop - start)
        if old <= split:
            proof.append(subtrees.root(split, stop))
            stop = split
        else:
            proof.append(subtrees.root(start, split))
            start = split
    if start:  # the old tree is not itself a subtree whose root the verifier knows
        proof.append(subtrees.root(start, stop))
    return proof[::-1]


def _check_lengths(hashes: Sequence[bytes]) -> None:
    if len(hashes) > PROOF_HASHES_MAX + 2:
        raise InvalidProofError(f"a proof has at most {PROOF_HASHES_MAX} hashes")
    if any(len(item) != HASH_SIZE for item in hashes):
        raise InvalidProofError(f"every hash of a proof has {HASH_SIZE} bytes")


def verify_inclusion(
    *,
    index: int,
    size: int,
    leaf_hash: bytes,
    proof: Sequence[bytes],
    root: bytes,
    hashing: Hash,
) -> None:
    """Passes where the leaf is entry `index` of the tree of this size and root."""
    if not 0 <= index < size:
        raise InvalidProofError(f"entry {index} cannot be in a tree of {size} entries")
    _check_lengths([leaf_hash, root, *proof])
    node, place, last = leaf_hash, index, size - 1
    for beside in proof:
        if last == 0:
            raise InvalidProofError("the proof goes on above the root")
        if place & 1 or place == last:
            node = hashing.node_hash(beside, node)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            node = hashing.node_hash(node, beside)
        place >>= 1
        last >>= 1
    if last != 0:
        raise InvalidProofError("the proof ends below the root")
    if node != root:
        raise InvalidProofError(f"the proof leads to {node.hex()}, the root is {root.hex()}")


def verify_consistency(
    *,
    old: int,
    new: int,
    old_root: bytes,
    new_root: bytes,
    proof: Sequence[bytes],
    hashing: Hash,
) -> None:
    """Passes where the new tree begins with every entry of the old one, unchanged."""
    if not 0 < old <= new:
        raise InvalidProofError(f"a tree of {new} entries cannot have grown from one of {old}")
    if old == new:
        if proof or old_root != new_root:
            raise InvalidProofError("two trees of one size have one root and need no proof")
        return
    _check_lengths([old_root, new_root, *proof])
    if not proof:
        raise InvalidProofError("the proof is empty")
    whole = not old & (old - 1)
    first, rest = (old_root, proof) if whole else (proof[0], proof[1:])
    found_old, found_new = _grown(old=old, new=new, first=first, rest=rest, hashing=hashing)
    if found_old != old_root:
        raise InvalidProofError("the proof does not lead to the old root")
    if found_new != new_root:
        raise InvalidProofError("the proof does not lead to the new root")


def _grown(
    *, old: int, new: int, first: bytes, rest: Sequence[bytes], hashing: Hash
) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to."""
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    in_old = in_new = first
    for beside in rest:
        if last == 0:
            raise InvalidProofError("the proof goes on above the root")
        if place & 1 or place == last:
            in_old = hashing.node_hash(beside, in_old)
            in_new = hashing.node_hash(beside, in_new)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            in_new = hashing.node_hash(in_new, beside)
        place >>= 1
        last >>= 1
    if last != 0:
        raise InvalidProofError("the proof ends below the root")
    return in_old, in_new
