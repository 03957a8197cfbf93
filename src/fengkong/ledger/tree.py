"""A Merkle tree that grows at its right edge and hands out its finished tiles.

A tile is 256 consecutive hashes of one tile level (C2SP tlog-tiles): level 0 holds leaf hashes,
level n + 1 the roots of the full tiles of level n.

- `Frontier(hashing)` is the empty tree; `Frontier.from_tiles(hashing=, size=, reader=)` continues a
  stored one (see `tiles.RebuiltTiles` where only finished tiles are stored).
- `append(leaf_hash)` and `extend(leaf_hashes)` add leaves; `size` counts them; `root()` is the
  RFC 6962 root, at the price of at most eight hashes a tile level.
- `take_tiles() -> list[Tile]` gives the full tiles finished since the last call, lower levels
  first within one place: store them in the same commit as the leaves that finished them.
- `edge() -> Edge` is what `tiles.EdgeTiles` needs to serve proofs up to this size: immutable.
- `save() -> bytes` and `Frontier.restore(saved, hashing=)`: the whole edge as bytes.

A tree only grows: where a commit failed for good, go on from what `save()` gave before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE, Hash
from fengkong.ledger.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Edge,
    TileReader,
    partial_widths,
    root_of_row,
)

_SIZE_BYTES: Final = 8
_LAST: Final = TILE_WIDTH - 1


class DamagedFrontierError(RiskError):
    """The saved edge of a ledger's tree is not what was saved."""

    code = "ledger.damaged_frontier"
    hint = "Rebuild the edge from the stored tiles and entries."


@dataclass(frozen=True, slots=True)
class Tile:
    """A finished tile: 256 hashes, one after the other."""

    level: int
    index: int
    hashes: bytes


class _Row:
    """The unfinished tile of one level: its hashes, and the roots of its whole subtrees."""

    __slots__ = ("hashes", "roots")

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self.roots: list[bytes] = []


class Frontier:
    """The right edge of a Merkle tree: enough to append, to know the root, to cut tiles."""

    __slots__ = ("_finished", "_rows", "_size", "hashing")

    def __init__(self, hashing: Hash) -> None:
        self.hashing = hashing
        self._size = 0
        self._rows = [_Row()]
        self._finished: list[Tile] = []

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def append(self, leaf_hash: bytes) -> None:
        """Adds one leaf by its hash."""
        self._size += 1
        self._push(0, leaf_hash)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Adds many leaves by their hashes, in order; whole tiles at once."""
        hashes = [*leaf_hashes]
        count, at = len(hashes), 0
        while at < count:
            stop = at + TILE_WIDTH
            if self._rows[0].hashes or stop > count:
                self.append(hashes[at])
                at += 1
                continue
            tile = hashes[at:stop]
            self._size += TILE_WIDTH
            self._rows[0].hashes += tile
            self._finish(0, root_of_row(tile, hashing=self.hashing))
            at = stop

    def _push(self, level: int, node: bytes) -> None:
        row = self._rows[level]
        hashes, roots = row.hashes, row.roots
        width = len(hashes)
        hashes.append(node)
        node_hash = self.hashing.node_hash
        bits = width
        while bits & 1:
            node = node_hash(roots.pop(), node)
            bits >>= 1
        if width == _LAST:
            self._finish(level, node)
        else:
            roots.append(node)

    def _finish(self, level: int, root: bytes) -> None:
        hashes = self._rows[level].hashes
        index = (self._size >> (TILE_HEIGHT * (level + 1))) - 1
        self._finished.append(Tile(level, index, b"".join(hashes)))
        hashes.clear()
        if level + 1 == len(self._rows):
            self._rows.append(_Row())
        self._push(level + 1, root)

    def take_tiles(self) -> list[Tile]:
        """The tiles finished since the last call; the caller keeps them from now on."""
        taken, self._finished = self._finished, []
        return taken

    def edge(self) -> Edge:
        """The unfinished tiles as they stand; they do not change when the tree grows on."""
        widths = partial_widths(self._size)
        rows = (b"".join(row.hashes) for row in self._rows[: len(widths)])
        return Edge(self._size, tuple(rows))

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        node_hash = self.hashing.node_hash
        root: bytes | None = None
        for row in self._rows:
            for node in reversed(row.roots):
                root = node if root is None else node_hash(node, root)
        return self.hashing.empty_root if root is None else root

    def save(self) -> bytes:
        """The edge as bytes: size, then the unfinished tiles from level 0 up."""
        edge = self.edge()
        return edge.size.to_bytes(_SIZE_BYTES, "big") + b"".join(edge.rows)

    @classmethod
    def restore(cls, saved: bytes, *, hashing: Hash) -> Self:
        """The tree whose edge was saved; `DamagedFrontierError` where the bytes do not fit."""
        size = int.from_bytes(saved[:_SIZE_BYTES], "big")
        widths = partial_widths(size)
        if len(saved) != _SIZE_BYTES + HASH_SIZE * sum(widths):
            raise DamagedFrontierError(f"{len(saved)} bytes do not hold the edge of {size} entries")
        rows, start = [], _SIZE_BYTES
        for width in widths:
            rows.append(saved[start : start + width * HASH_SIZE])
            start += width * HASH_SIZE
        return cls._of_rows(rows, size=size, hashing=hashing)

    @classmethod
    def from_tiles(cls, *, hashing: Hash, size: int, reader: TileReader) -> Self:
        """The tree of a size, from its unfinished tiles."""
        rows = [
            reader.read(level, size >> (TILE_HEIGHT * (level + 1)), width) if width else b""
            for level, width in enumerate(partial_widths(size))
        ]
        return cls._of_rows(rows, size=size, hashing=hashing)

    @classmethod
    def _of_rows(cls, rows: list[bytes], *, size: int, hashing: Hash) -> Self:
        tree = cls(hashing)
        tree._rows = [_Row() for _ in rows] or [_Row()]
        for level, row in enumerate(rows):
            for start in range(0, len(row), HASH_SIZE):
                tree._push(level, row[start : start + HASH_SIZE])
        tree._size = size
        return tree
