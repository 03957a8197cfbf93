"""Proofs: published answers, every size to 1,024 against the definition, few reads of many."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from merkle_definition import MerkleDefinition

from fengkong.ledger.hashes import HASHES, SHA256, Hash
from fengkong.ledger.proofs import (
    ImpossibleProofError,
    InvalidProofError,
    consistency_proof,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from fengkong.ledger.tiles import EdgeTiles
from fengkong.ledger.tree import Frontier

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "merkle" / "testdata"
SIZES_UPTO = 1024


def holds_as_published(vector: dict[str, Any]) -> bool:
    """Whether our verification of a published case passes."""

    def decoded(name: str) -> bytes:
        return base64.b64decode(vector[name] or "")

    proof = [base64.b64decode(item) for item in vector["proof"] or []]
    try:
        if "leafIdx" in vector:
            verify_inclusion(
                index=vector["leafIdx"],
                size=vector["treeSize"],
                leaf_hash=decoded("leafHash"),
                proof=proof,
                root=decoded("root"),
                hashing=SHA256,
            )
        else:
            verify_consistency(
                old=vector["size1"],
                new=vector["size2"],
                old_root=decoded("root1"),
                new_root=decoded("root2"),
                proof=proof,
                hashing=SHA256,
            )
    except InvalidProofError:
        return False
    return True


def test_published_answers() -> None:
    if not VECTORS.exists():
        pytest.skip("the published Merkle vectors are not beside this checkout")
    paths = sorted(VECTORS.rglob("*.json"))
    assert len(paths) == 196
    wrong = []
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        if holds_as_published(vector) == vector["wantErr"]:
            wrong.append(f"{path.relative_to(VECTORS)}: {vector['desc']}")
    assert not wrong


class CountedTiles:
    """A reader that counts what is read of it."""

    def __init__(self, tree: Frontier, hashing: Hash) -> None:
        stored = {(tile.level, tile.index): tile.hashes for tile in tree.take_tiles()}
        self._tiles = EdgeTiles(edge=tree.edge(), finished=lambda *key: stored.get(key))
        self.reads = 0

    def read(self, level: int, index: int, width: int) -> bytes:
        self.reads += 1
        tile = self._tiles.read(level, index, width)
        assert len(tile) == width * 32
        return tile


def grown(size: int, hashing: Hash) -> tuple[list[bytes], CountedTiles]:
    leaves = [hashing.leaf_hash(b"entry %d" % number) for number in range(size)]
    tree = Frontier(hashing)
    tree.extend(leaves)
    return leaves, CountedTiles(tree, hashing)


@pytest.mark.parametrize("hashing", HASHES.values(), ids=list(HASHES))
def test_proofs_of_every_size_are_the_definition(hashing: Hash) -> None:
    """Every size; of each, three entries and three older sizes."""
    leaves, reader = grown(SIZES_UPTO, hashing)
    definition = MerkleDefinition(leaves, hashing)
    for size in range(1, SIZES_UPTO + 1):
        root = definition.root(0, size)
        places = {size - 1, size // 2, (size * size // 7) % size}
        for index in sorted(places):
            proof = inclusion_proof(index=index, size=size, reader=reader, hashing=hashing)
            assert proof == definition.inclusion(index, 0, size)
            leaf, count = leaves[index], len(proof)
            verify_inclusion(
                index=index, size=size, leaf_hash=leaf, proof=proof, root=root, hashing=hashing
            )
            assert count <= size.bit_length()
        for old in sorted(place + 1 for place in places):
            proof = consistency_proof(old=old, new=size, reader=reader, hashing=hashing)
            assert proof == definition.consistency(old, size)
            verify_consistency(
                old=old,
                new=size,
                old_root=definition.root(0, old),
                new_root=root,
                proof=proof,
                hashing=hashing,
            )
        if size % 61 == 0:
            assert root_at(size=size, reader=reader, hashing=hashing) == root


def test_a_large_tree_needs_a_handful_of_reads() -> None:
    size = 140_000
    leaves, reader = grown(size, SHA256)
    for place in (0, 1, 69_999, 131_071, 131_072, size - 1):
        reader.reads = 0
        proof = inclusion_proof(index=place, size=size, reader=reader, hashing=SHA256)
        assert reader.reads <= 6
        root = root_at(size=size, reader=reader, hashing=SHA256)
        leaf = leaves[place]
        verify_inclusion(
            index=place, size=size, leaf_hash=leaf, proof=proof, root=root, hashing=SHA256
        )
        reader.reads = 0
        proof = consistency_proof(old=place + 1, new=size, reader=reader, hashing=SHA256)
        assert reader.reads <= 6
        old_root = root_at(size=place + 1, reader=reader, hashing=SHA256)
        verify_consistency(
            old=place + 1,
            new=size,
            old_root=old_root,
            new_root=root,
            proof=proof,
            hashing=SHA256,
        )


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_proof_for_what_is_not_there(index: int, size: int) -> None:
    _, reader = grown(5, SHA256)
    with pytest.raises(ImpossibleProofError):
        inclusion_proof(index=index, size=size, reader=reader, hashing=SHA256)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5)])
def test_no_proof_from_a_tree_that_was_not(old: int, new: int) -> None:
    _, reader = grown(5, SHA256)
    with pytest.raises(ImpossibleProofError):
        consistency_proof(old=old, new=new, reader=reader, hashing=SHA256)


def test_a_proof_of_absurd_length_is_refused_before_hashing() -> None:
    with pytest.raises(InvalidProofError, match="at most 63"):
        verify_inclusion(
            index=0,
            size=2,
            leaf_hash=bytes(32),
            proof=[bytes(32)] * 64,
            root=bytes(32),
            hashing=SHA256,
        )
