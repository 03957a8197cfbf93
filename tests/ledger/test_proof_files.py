"""Proof files: an entry proven to anyone who has the log's key."""

import pytest
from ledger_export import ORIGIN, SIGNER, leaves_of, payloads_of

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASHES, Hash
from fengkong.ledger.notes import Signer, UnsignedNoteError, checkpoint_of
from fengkong.ledger.proof_files import MalformedProofFileError, ProofFile, verify_entry
from fengkong.ledger.proofs import InvalidProofError, inclusion_proof
from fengkong.ledger.tiles import EdgeTiles
from fengkong.ledger.tree import Frontier


def proof_file(index: int, size: int, hashing: Hash) -> tuple[bytes, ProofFile]:
    leaves = leaves_of(payloads_of(size), hashing)
    tree = Frontier(hashing)
    tree.extend(map(hashing.leaf_hash, leaves))
    reader = EdgeTiles(edge=tree.edge(), finished=lambda _level, _index: None)
    proof = inclusion_proof(index=index, size=size, reader=reader, hashing=hashing)
    checkpoint = checkpoint_of(origin=ORIGIN, size=size, root=tree.root(), hash_name=hashing.name)
    note = SIGNER.sign_checkpoint(checkpoint)
    return leaves[index], ProofFile(index=index, proof=tuple(proof), note=note, extra=b"e-7")


@pytest.mark.parametrize("hashing", HASHES.values(), ids=list(HASHES))
@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (99, 200), (199, 200)])
def test_a_proof_file_proves_its_entry(hashing: Hash, index: int, size: int) -> None:
    leaf, made = proof_file(index, size, hashing)
    read = ProofFile.parse(made.render())
    assert read == made
    opened = verify_entry(leaf, read, keys=[SIGNER.verifier], origin=ORIGIN)
    assert opened.checkpoint.size == size
    with pytest.raises(InvalidProofError):
        verify_entry(leaf + b" ", read, keys=[SIGNER.verifier])
    thief = Signer.of_seed(name=ORIGIN, seed=b"t" * 32)
    with pytest.raises(UnsignedNoteError):
        verify_entry(leaf, read, keys=[thief.verifier])


def test_any_changed_byte_is_refused() -> None:
    leaf, made = proof_file(3, 5, HASHES["sha256"])
    data = ProofFile(index=made.index, proof=made.proof, note=made.note).render()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(RiskError):
            verify_entry(leaf, ProofFile.parse(bytes(damaged)), keys=[SIGNER.verifier])


HEADER = b"c2sp.org/tlog-proof@v1\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER,
        HEADER + b"\nnote",
        HEADER + b"index 1",
        HEADER + b"index 01\n\nnote",
        HEADER + b"index -1\n\nnote",
        HEADER + b"index " + b"9" * 5000 + b"\n\nnote",
        HEADER + b"extra AA==\n\nnote",
        HEADER + b"extra A\nindex 1\n\nnote",
        HEADER + b"extra AB==\nindex 1\n\nnote",
        HEADER + b"index 1\nAAAA\n\nnote",
        HEADER + b"index 1" + (b"\n" + b"A" * 43 + b"=") * 64 + b"\n\nnote",
        b"c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
    ],
)
def test_malformed_proof_files_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedProofFileError):
        ProofFile.parse(data)
