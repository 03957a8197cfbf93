"""Which event ids the journal may hold: what it says is new, is new.

Most events are new, and asking the index of a large journal for each of them costs a page of it.
This remembers every hash of an id in about twelve bits, in memory, and is made again at each start.
It may take a new id for a known one, once in some hundreds; then the journal is asked. It never
takes a known one for new. As the journal grows, larger layers are added, until they hold
`ENTRIES_MAX`; behind that it errs more often.

Each layer is a split-block Bloom filter as of Apache Parquet: eight bits of one block of 256.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fengkong.journal.port import Reading

FIRST_LAYER: Final = 1 << 20
"""Entries of the first layer; each next one holds twice as many."""
ENTRIES_MAX: Final = 100 * FIRST_LAYER
"""For so many entries the memory is enough: some 150 MB."""
_BITS_EACH: Final = 12
_BLOCK_BITS: Final = 256
_SIGN_BIT: Final = 1 << 63
_READ: Final = 65_536
_SALTS: Final = np.array(
    [
        *(0x47B6137B, 0x44974D91, 0x8824AD5B, 0xA2B7289D),
        *(0x705495C7, 0x2DF1424B, 0x9EFC4947, 0x5C6BFB31),
    ],
    dtype=np.uint32,
)

_FEW: Final = 16


class KnownIds:
    """The ids of a journal's entries, by the hashes of `entries.event_hash`."""

    def __init__(self, *, first_layer: int = FIRST_LAYER, entries_max: int = ENTRIES_MAX) -> None:
        self._layers: list[NDArray[np.uint32]] = []
        self._room = 0
        self._next = first_layer
        self._held = 0
        self._entries_max = entries_max

    @classmethod
    def of(cls, reading: Reading) -> KnownIds:
        """The ids of everything that is durable in a journal."""
        known = cls()
        start = -_SIGN_BIT
        while start < _SIGN_BIT and (hashes := reading.event_hashes(start=start, limit=_READ)):
            known.add(hashes)
            start = hashes[-1] + 1
        return known

    def add(self, hashes: Sequence[int]) -> None:
        """Remember some ids."""
        left = np.array(hashes, dtype=np.int64)
        while len(left):
            if not self._room:
                self._grow()
            part = left[: self._room]
            _add(self._layers[-1], part)
            left = left[len(part) :]
            if self._held < self._entries_max:
                self._room -= len(part)

    def may_hold(self, event_hash: int) -> bool:
        """Whether an id may be known; False is certain."""
        return any(_may_hold(layer, event_hash) for layer in self._layers)

    def among(self, hashes: Sequence[int]) -> list[int]:
        """Those of some ids that may be known."""
        if len(hashes) < _FEW:
            return [one for one in hashes if self.may_hold(one)]
        asked = np.array(hashes, dtype=np.int64)
        found = np.zeros(len(asked), dtype=np.bool_)
        for layer in self._layers:
            _may_hold_each(layer, asked, found)
        known: list[int] = asked[found].tolist()
        return known

    @property
    def size_bytes(self) -> int:
        """Memory of all layers."""
        return sum(layer.nbytes for layer in self._layers)

    def _grow(self) -> None:
        """One more layer, twice as large as the last one."""
        room = min(self._next, max(1, self._entries_max - self._held))
        blocks = max(1, room * _BITS_EACH // _BLOCK_BITS)
        self._layers.append(np.zeros((blocks, len(_SALTS)), dtype=np.uint32))
        self._room = room
        self._held += room
        self._next *= 2


@njit(cache=True, nogil=True)
def _block(event_hash, blocks):
    """The block of a hash: by its upper half, so that the lower one tells the bits."""
    upper = (np.uint64(event_hash) >> np.uint64(32)) & np.uint64(0xFFFFFFFF)
    return np.int64((upper * np.uint64(blocks)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def _add(layer, hashes):
    for i in range(hashes.shape[0]):
        block = _block(hashes[i], layer.shape[0])
        low = np.uint32(np.uint64(hashes[i]) & np.uint64(0xFFFFFFFF))
        for word in range(8):
            layer[block, word] |= np.uint32(1) << (np.uint32(low * _SALTS[word]) >> np.uint32(27))


@njit(cache=True, nogil=True)
def _may_hold(layer, event_hash):
    block = _block(event_hash, layer.shape[0])
    low = np.uint32(np.uint64(event_hash) & np.uint64(0xFFFFFFFF))
    for word in range(8):
        bit = np.uint32(1) << (np.uint32(low * _SALTS[word]) >> np.uint32(27))
        if not layer[block, word] & bit:
            return False
    return True


@njit(cache=True, nogil=True)
def _may_hold_each(layer, hashes, found):
    for i in range(hashes.shape[0]):
        if not found[i]:
            found[i] = _may_hold(layer, hashes[i])
