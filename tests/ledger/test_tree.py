"""The growing tree against the recursive definition of RFC 6962, and its tiles."""

import pytest
from merkle_definition import MerkleDefinition

from fengkong.ledger.hashes import HASHES, SHA256, SM3, Hash, UnknownHashError, hash_named
from fengkong.ledger.tiles import EdgeTiles, MissingTileError, RebuiltTiles, root_of_hashes
from fengkong.ledger.tree import DamagedFrontierError, Frontier

SIZES_UPTO = 1024


def leaf_hashes(count: int, hashing: Hash) -> list[bytes]:
    return [hashing.leaf_hash(b"entry %d" % number) for number in range(count)]


def test_hash_functions_give_known_answers() -> None:
    abc_sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    abc_sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert SM3.digest(b"abc").hex() == abc_sm3
    assert SHA256.digest(b"abc").hex() == abc_sha256
    assert SHA256.leaf_hash(b"abc") == SHA256.digest(b"\x00abc")
    assert SM3.node_hash(b"l" * 32, b"r" * 32) == SM3.digest(b"\x01" + b"l" * 32 + b"r" * 32)
    assert hash_named("sm3") is SM3
    with pytest.raises(UnknownHashError, match="md5"):
        hash_named("md5")


@pytest.mark.parametrize("hashing", HASHES.values(), ids=list(HASHES))
def test_root_of_every_size_is_the_definition(hashing: Hash) -> None:
    leaves = leaf_hashes(SIZES_UPTO, hashing)
    tree = Frontier(hashing)
    assert tree.root() == hashing.empty_root
    definition = MerkleDefinition(leaves, hashing)
    for size, leaf in enumerate(leaves, start=1):
        tree.append(leaf)
        assert tree.size == size
        assert tree.root() == definition.root(0, size)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_793])
def test_tiles_handed_out_are_the_full_ones(size: int) -> None:
    leaves = leaf_hashes(size, SHA256)
    tree = Frontier(SHA256)
    tree.extend(leaves[: size // 2])
    tiles = tree.take_tiles()
    tree.extend(leaves[size // 2 :])
    tiles += tree.take_tiles()
    assert tree.take_tiles() == []
    stored = {(tile.level, tile.index): tile.hashes for tile in tiles}
    assert len(stored) == len(tiles)
    full = {(0, index) for index in range(size >> 8)} | {(1, index) for index in range(size >> 16)}
    assert set(stored) == full
    for (level, index), hashes in stored.items():
        first = index * 256
        parts = (
            leaves[first : first + 256]
            if level == 0
            else [
                root_of_hashes(stored[0, tile], hashing=SHA256)
                for tile in range(first, first + 256)
            ]
        )
        assert hashes == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, 200, 256, 300, 70_000])
def test_tree_goes_on_from_what_is_stored(size: int) -> None:
    leaves = leaf_hashes(size + 300, SHA256)
    tree = Frontier(SHA256)
    tree.extend(leaves[:size])
    stored = {(tile.level, tile.index): tile.hashes for tile in tree.take_tiles()}
    saved, edge = tree.save(), tree.edge()

    def finished(level: int, index: int) -> bytes | None:
        return stored.get((level, index))

    def joined(start: int, count: int) -> bytes:
        return b"".join(leaves[start : start + count])

    rebuilt = RebuiltTiles(hashing=SHA256, size=size, finished=finished, leaf_hashes=joined)
    in_memory = EdgeTiles(edge=edge, finished=finished)
    again = [
        Frontier.restore(saved, hashing=SHA256),
        Frontier.from_tiles(hashing=SHA256, size=size, reader=rebuilt),
        Frontier.from_tiles(hashing=SHA256, size=size, reader=in_memory),
    ]
    tree.extend(leaves[size:])
    assert edge.size == size
    tiles = tree.take_tiles()
    for other in again:
        assert other.take_tiles() == []
        assert other.save() == saved
        other.extend(leaves[size:])
        assert other.root() == tree.root()
        assert other.take_tiles() == tiles
        assert other.save() == tree.save()


@pytest.mark.parametrize(
    "saved", [b"", b"\x00" * 7, b"\x00" * 9, b"\x00" * 7 + b"\x01" + b"x" * 31]
)
def test_damaged_edge_is_refused(saved: bytes) -> None:
    if saved == b"":
        saved = (3).to_bytes(8, "big")
    with pytest.raises(DamagedFrontierError):
        Frontier.restore(saved, hashing=SHA256)


def test_missing_and_short_tiles_are_named() -> None:
    tree = Frontier(SHA256)
    tree.extend(leaf_hashes(300, SHA256))
    reader = EdgeTiles(edge=tree.edge(), finished=lambda _level, _index: None)
    with pytest.raises(MissingTileError, match="tile 0 of level 0 is missing"):
        reader.read(0, 0, 256)
    with pytest.raises(MissingTileError, match="fewer than 45"):
        reader.read(0, 1, 45)
    short = EdgeTiles(edge=tree.edge(), finished=lambda _level, _index: b"x" * 32)
    with pytest.raises(MissingTileError, match="has 32 bytes"):
        short.read(0, 0, 256)
    assert reader.read(0, 1, 44) == tree.edge().rows[0]
