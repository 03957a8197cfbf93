"""The ledger over HTTP: the last checkpoint, and tiles and proofs of what it promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from fengkong.core.errors import RiskError
from fengkong.journal.port import Reading
from fengkong.journal.stored_tree import stored_tiles
from fengkong.ledger.export_layout import encode_entries
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.proofs import consistency_proof, inclusion_proof, root_at
from fengkong.ledger.tiles import TILE_WIDTH
from fengkong.service import problems
from fengkong.service.answers import BYTES, TEXT, Answer
from fengkong.service.refusals import UnknownProofError

_HEIGHT: Final = 8


class JournalLedger:
    """Implements `port.LedgerPages`; `newest` gives the last note and its size, (b"", 0) before."""

    def __init__(self, reading: Reading, *, newest: Callable[[], tuple[bytes, int]]) -> None:
        self._reading = reading
        self._newest = newest
        self._hashing = hash_named(reading.hash_name)

    async def checkpoint(self) -> Answer:
        """The latest signed checkpoint, a C2SP signed note."""
        note, size = self._newest()
        if not size:
            return _absent("nothing has been signed yet")
        return Answer(200, note, media=TEXT)

    async def tile(self, *, level: int, index: int, width: int) -> Answer:
        """Hashes of one tile; a width below 256 is a partial tile."""
        _, size = self._newest()
        if index * TILE_WIDTH + width > size >> (_HEIGHT * level):
            return _absent("the last checkpoint does not reach this tile")
        try:
            data = stored_tiles(self._reading, size=size).read(level, index, width)
        except RiskError as error:
            return problems.of_error(error)
        return Answer(200, data, media=BYTES)

    async def bundle(self, *, index: int, width: int) -> Answer:
        """Leaf data of the entries of one tile."""
        _, size = self._newest()
        start = index * TILE_WIDTH
        if start + width > size:
            return _absent("the last checkpoint does not reach these entries")
        try:
            leaves = self._reading.leaves(after=start, limit=width)
        except RiskError as error:
            return problems.of_error(error)
        return Answer(200, encode_entries(leaf for _, leaf in leaves), media=BYTES)

    async def inclusion(self, *, sequence: int, size: int) -> Answer:
        """The proof that an entry is in the tree of a size."""
        try:
            self._check(size)
            if not 1 <= sequence <= size:
                raise UnknownProofError(f"entry {sequence:,} is not in a tree of {size:,}")
            tiles = stored_tiles(self._reading, size=size)
            proof = inclusion_proof(
                index=sequence - 1, size=size, reader=tiles, hashing=self._hashing
            )
            ((_, leaf),) = self._reading.leaves(after=sequence - 1, limit=1)
            body = {
                "sequence": sequence,
                "size": size,
                "leaf": leaf.decode(),
                "leaf_hash": self._hashing.leaf_hash(leaf).hex(),
                "root": root_at(size=size, reader=tiles, hashing=self._hashing).hex(),
                "proof": [node.hex() for node in proof],
            }
        except RiskError as error:
            return problems.of_error(error)
        return Answer(200, msgspec.json.encode(body))

    async def consistency(self, *, old: int, new: int) -> Answer:
        """The proof that the tree of one size continues the other."""
        try:
            self._check(new)
            if not 1 <= old <= new:
                raise UnknownProofError(f"a tree of {new:,} entries does not continue {old:,}")
            tiles = stored_tiles(self._reading, size=new)
            proof = consistency_proof(old=old, new=new, reader=tiles, hashing=self._hashing)
            body = {
                "old": old,
                "new": new,
                "old_root": root_at(size=old, reader=tiles, hashing=self._hashing).hex(),
                "new_root": root_at(size=new, reader=tiles, hashing=self._hashing).hex(),
                "proof": [node.hex() for node in proof],
            }
        except RiskError as error:
            return problems.of_error(error)
        return Answer(200, msgspec.json.encode(body))

    def _check(self, size: int) -> None:
        _, signed = self._newest()
        if not 1 <= size <= signed:
            raise UnknownProofError(f"sizes go from 1 to {signed:,}, that of the last checkpoint")


def _absent(why: str) -> Answer:
    return problems.of_error(UnknownProofError(why))
