"""The witness's rule: each refusal with its status, and what it cosigns."""

import pytest

from fengkong.ledger.hashes import HASHES, SHA256, Hash
from fengkong.ledger.notes import (
    BadSignatureError,
    Checkpoint,
    Cosigner,
    Note,
    Signer,
    checkpoint_of,
)
from fengkong.ledger.proofs import consistency_proof, root_at
from fengkong.ledger.tiles import EdgeTiles
from fengkong.ledger.tree import Frontier
from fengkong.ledger.witness import (
    Cosigned,
    MalformedSubmissionError,
    Refusal,
    Refused,
    Submission,
    consider,
    cosigned_by,
)

LOG = Signer.of_seed(name="fengkong/00ff", seed=b"s" * 32)
WITNESS = Cosigner.of_seed(name="witness.example/w1", seed=b"w" * 32)


class Log:
    """A log of forty entries, as it was at any size."""

    def __init__(self, hashing: Hash, *, salt: bytes = b"") -> None:
        tree = Frontier(hashing)
        tree.extend(hashing.leaf_hash(salt + b"%d" % number) for number in range(40))
        self.hashing = hashing
        self.reader = EdgeTiles(edge=tree.edge(), finished=lambda _level, _index: None)

    def checkpoint(self, size: int) -> Checkpoint:
        root = root_at(size=size, reader=self.reader, hashing=self.hashing)
        name = self.hashing.name
        return checkpoint_of(origin=LOG.verifier.name, size=size, root=root, hash_name=name)

    def submission(self, old: int, new: int) -> Submission:
        proof = (
            consistency_proof(old=old, new=new, reader=self.reader, hashing=self.hashing)
            if old
            else []
        )
        return Submission(old, tuple(proof), LOG.sign_checkpoint(self.checkpoint(new)))


def answer(submission: Submission, known: Checkpoint | None) -> Cosigned | Refused:
    keys = [LOG.verifier]
    return consider(submission, known=known, log_keys=keys, cosigner=WITNESS, at_s=1_700_000_000)


@pytest.mark.parametrize("hashing", HASHES.values(), ids=list(HASHES))
@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (0, 40), (1, 40), (13, 29), (32, 32)])
def test_growth_is_cosigned(hashing: Hash, old: int, new: int) -> None:
    log = Log(hashing)
    sent = log.submission(old, new)
    assert Submission.parse(sent.render()) == sent
    found = answer(sent, log.checkpoint(old) if old else None)
    assert isinstance(found, Cosigned)
    assert found.checkpoint == log.checkpoint(new)
    note = Note.parse(sent.note + found.body)
    assert cosigned_by(note, keys=[WITNESS.verifier]) == [(WITNESS.verifier, 1_700_000_000)]
    assert cosigned_by(Note.parse(sent.note), keys=[WITNESS.verifier]) == []
    forged = Note.parse(sent.note).with_signatures([WITNESS.cosign("else\n", at_s=1)])
    with pytest.raises(BadSignatureError):
        cosigned_by(forged, keys=[WITNESS.verifier])


def refused(submission: Submission, known: Checkpoint | None) -> tuple[Refusal, int]:
    found = answer(submission, known)
    assert isinstance(found, Refused)
    return found.reason, found.status


def test_each_refusal() -> None:
    log, fork = Log(SHA256), Log(SHA256, salt=b"fork")
    sm3 = Log(HASHES["sm3"])
    good = log.submission(13, 29)
    known = log.checkpoint(13)
    note = Note.parse(good.note)
    thief = Signer.of_seed(name=LOG.verifier.name, seed=b"t" * 32)
    unsigned = Submission(13, good.proof, Note(note.text, (thief.sign(note.text),)).render())
    misused = note.signatures[0]._replace(blob=bytes(64))
    bad = Submission(13, good.proof, Note(note.text, (misused,)).render())
    proof_cut = Submission(13, good.proof[:-1], good.note)
    empty = Checkpoint(origin=LOG.verifier.name, size=0, root=b"x" * 32)
    garbage = LOG.sign("words\n").line()
    assert refused(unsigned, known) == (Refusal.NOT_SIGNED, 403)
    assert refused(bad, known) == (Refusal.NOT_SIGNED, 403)
    assert refused(Submission(0, (), b"?"), None) == (Refusal.MALFORMED, 400)
    assert refused(Submission(0, (), f"words\n\n{garbage}".encode()), None) == (
        Refusal.MALFORMED,
        400,
    )
    assert refused(Submission(30, (), good.note), known) == (Refusal.MALFORMED, 400)
    assert refused(sm3.submission(13, 29), known) == (Refusal.MALFORMED, 400)
    assert refused(good, log.checkpoint(12)) == (Refusal.WRONG_OLD_SIZE, 409)
    assert refused(good, None) == (Refusal.WRONG_OLD_SIZE, 409)
    assert refused(log.submission(0, 29), known) == (Refusal.WRONG_OLD_SIZE, 409)
    assert refused(proof_cut, known) == (Refusal.INCONSISTENT, 422)
    assert refused(fork.submission(13, 29), known) == (Refusal.INCONSISTENT, 422)
    assert refused(fork.submission(13, 13), known) == (Refusal.SPLIT_VIEW, 422)
    assert refused(Submission(13, good.proof, log.submission(0, 13).note), known) == (
        Refusal.INCONSISTENT,
        422,
    )
    assert refused(Submission(0, good.proof, good.note), None) == (Refusal.INCONSISTENT, 422)
    assert refused(Submission(0, (), LOG.sign_checkpoint(empty)), None) == (
        Refusal.INCONSISTENT,
        422,
    )
    unknown = consider(good, known=known, log_keys=[], cosigner=WITNESS, at_s=1)
    assert isinstance(unknown, Refused)
    assert (unknown.reason, unknown.status) == (Refusal.UNKNOWN_LOG, 404)


def test_a_wrong_old_size_is_answered_with_the_right_one() -> None:
    log = Log(SHA256)
    found = answer(log.submission(13, 29), log.checkpoint(20))
    assert isinstance(found, Refused)
    assert found.body == b"20\n"
    other = answer(Submission(0, (), b"?"), None)
    assert other.body.endswith(b"\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 3",
        b"old 03\n\nnote",
        b"old -3\n\nnote",
        b"new 3\n\nnote",
        b"old " + b"9" * 5000 + b"\n\nnote",
        b"old 3\nAAAA\n\nnote",
        b"old 3\n!\n\nnote",
        b"old 3\n" + b"A" * 43 + b"=\n" * 1 + b"x\n\nnote",
        b"old 3" + (b"\n" + b"A" * 43 + b"=") * 64 + b"\n\nnote",
    ],
)
def test_malformed_submissions_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedSubmissionError):
        Submission.parse(body)
