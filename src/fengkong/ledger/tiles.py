"""Tiles: where hashes are read from, whole or in part.

`TileReader.read(level, index, width) -> bytes` gives the first `width` hashes of a tile
(256 = all of it) and raises `MissingTileError` where it has none. Readers offered here:

- `EdgeTiles(edge=, finished=)`: a running service; unfinished tiles come from memory. Take
  `edge = frontier.edge()` together with each checkpoint: it does not change while the tree grows
  on, so proofs up to that checkpoint never wait for, or see, what is not yet durable.
- `RebuiltTiles(hashing=, size=, finished=, leaf_hashes=)`: a store of finished tiles and entries
  only; an unfinished tile is built from what lies below it, once.

`finished(level, index) -> bytes | None` is one look-up of a stored full tile,
`leaf_hashes(start, count) -> bytes` the joined hashes of leaves `start` .. `start + count - 1`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE, Hash

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
TILE_BYTES: Final = TILE_WIDTH * HASH_SIZE

FinishedTile = Callable[[int, int], bytes | None]
LeafHashes = Callable[[int, int], bytes]


class MissingTileError(RiskError):
    """A tile that the tree must have is not there, or is not as long as it must be."""

    code = "ledger.missing_tile"
    hint = "Check the ledger: run the verification, and restore from a backup if it fails."


class TileReader(Protocol):
    """Anything that has the tiles of a tree."""

    def read(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes (32 bytes each) of a tile."""
        ...


def partial_widths(size: int) -> list[int]:
    """The widths of the unfinished tiles of a tree, from level 0 up; 0 where there is none."""
    widths = []
    while size:
        widths.append(size % TILE_WIDTH)
        size >>= TILE_HEIGHT
    return widths


def root_of_hashes(hashes: bytes, *, hashing: Hash) -> bytes:
    """The root over joined hashes, their count a power of two: of a full tile, or of a part."""
    row = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
    return root_of_row(row, hashing=hashing)


def root_of_row(row: Sequence[bytes], *, hashing: Hash) -> bytes:
    """The root over hashes, their count a power of two."""
    node_hash = hashing.node_hash
    assert row, "no hash has no root"
    assert not len(row) & (len(row) - 1), "a whole subtree has a power of two of leaves"
    while len(row) > 1:
        row = list(map(node_hash, row[::2], row[1::2]))
    return row[0]


def _whole(tile: bytes | None, level: int, index: int) -> bytes:
    if tile is None:
        raise MissingTileError(f"tile {index} of level {level} is missing")
    if len(tile) != TILE_BYTES:
        raise MissingTileError(f"tile {index} of level {level} has {len(tile)} bytes")
    return tile


def _start(tile: bytes, level: int, index: int, width: int) -> bytes:
    if len(tile) < width * HASH_SIZE:
        raise MissingTileError(f"tile {index} of level {level} has fewer than {width} hashes")
    return tile[: width * HASH_SIZE]


@dataclass(frozen=True, slots=True)
class Edge:
    """The unfinished tiles of a tree of a size, from level 0 up."""

    size: int
    rows: tuple[bytes, ...]


class EdgeTiles:
    """The tiles of a tree as it stood at one size, and of every smaller one."""

    def __init__(self, *, edge: Edge, finished: FinishedTile) -> None:
        self._edge = edge
        self._finished = finished

    def read(self, level: int, index: int, width: int) -> bytes:
        """From memory where the tile is unfinished, else from the store."""
        edge = self._edge
        if index == edge.size >> (TILE_HEIGHT * (level + 1)) and level < len(edge.rows):
            return _start(edge.rows[level], level, index, width)
        return _start(_whole(self._finished(level, index), level, index), level, index, width)


class RebuiltTiles:
    """The tiles of a stored tree of a known size, unfinished ones built from below."""

    def __init__(
        self,
        *,
        hashing: Hash,
        size: int,
        finished: FinishedTile,
        leaf_hashes: LeafHashes,
    ) -> None:
        self._hashing = hashing
        self._size = size
        self._finished = finished
        self._leaf_hashes = leaf_hashes
        self._built: dict[int, bytes] = {}

    def read(self, level: int, index: int, width: int) -> bytes:
        """A stored tile, or the unfinished one of its level."""
        if index == self._size >> (TILE_HEIGHT * (level + 1)):
            if level not in self._built:
                self._built[level] = self._build(level, index)
            return _start(self._built[level], level, index, width)
        return _start(_whole(self._finished(level, index), level, index), level, index, width)

    def _build(self, level: int, index: int) -> bytes:
        width = (self._size >> (TILE_HEIGHT * level)) % TILE_WIDTH
        first = index * TILE_WIDTH
        if level == 0:
            return self._leaf_hashes(first, width)
        below = range(first, first + width)
        tiles = (_whole(self._finished(level - 1, tile), level - 1, tile) for tile in below)
        return b"".join(root_of_hashes(tile, hashing=self._hashing) for tile in tiles)
