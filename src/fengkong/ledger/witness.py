"""What a witness must check before it cosigns a checkpoint (C2SP tlog-witness), without a clock.

- `Submission.parse(body)` / `submission.render()`: the body of `POST add-checkpoint`: the old
  size, a consistency proof, the signed checkpoint.
- `consider(submission, known=, log_keys=, cosigner=, at_s=) -> Cosigned | Refused`: `known` is
  the newest checkpoint that this witness cosigned for the origin, or None; `log_keys` are the keys
  it trusts for that origin (none: the log is unknown). Store `Cosigned.checkpoint` before
  answering, in one step with having read `known`.
- `Refused.reason` names the rule; `.status` and `.body` are the answer over HTTP.
- `cosigned_by(note, keys=) -> list[(VerifierKey, second)]`: whose valid cosignatures a note has.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE, HASHES, Hash
from fengkong.ledger.notes import (
    WITNESS_KEY,
    BadSignatureError,
    Checkpoint,
    Cosigner,
    Note,
    Signature,
    UnsignedNoteError,
    VerifierKey,
    cosigned_at,
    open_checkpoint,
)
from fengkong.ledger.proofs import PROOF_HASHES_MAX, InvalidProofError, verify_consistency


class MalformedSubmissionError(RiskError):
    """What was sent to a witness is not an add-checkpoint body."""

    code = "ledger.malformed_submission"
    hint = "Send `old <size>`, the proof's hashes in base64 a line each, an empty line, the note."


class Refusal(StrEnum):
    """Why a witness does not cosign."""

    UNKNOWN_LOG = "unknown_log"
    NOT_SIGNED = "not_signed"
    MALFORMED = "malformed"
    WRONG_OLD_SIZE = "wrong_old_size"
    SPLIT_VIEW = "split_view"
    INCONSISTENT = "inconsistent"


_STATUS: Final = {
    Refusal.UNKNOWN_LOG: 404,
    Refusal.NOT_SIGNED: 403,
    Refusal.MALFORMED: 400,
    Refusal.WRONG_OLD_SIZE: 409,
    Refusal.SPLIT_VIEW: 422,
    Refusal.INCONSISTENT: 422,
}


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint sent to a witness, with the proof that the log only grew since `old_size`."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The submission in a request's body."""
        head, separator, note = body.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        old = first.removeprefix(b"old ")
        if not separator or old == first or not old.isdigit() or str(int(old[:20])) != old.decode():
            raise MalformedSubmissionError("the body does not begin with an old size")
        if len(lines) > PROOF_HASHES_MAX:
            raise MalformedSubmissionError(f"a proof has at most {PROOF_HASHES_MAX} hashes")
        return cls(int(old), tuple(_hash_of(line) for line in lines), note)

    def render(self) -> bytes:
        """The request's body."""
        lines = [b"old %d" % self.old_size, *map(base64.b64encode, self.proof), b"", self.note]
        return b"\n".join(lines)


def _hash_of(line: bytes) -> bytes:
    try:
        found = base64.b64decode(line, validate=True)
    except binascii.Error:
        found = b""
    if len(found) != HASH_SIZE or base64.b64encode(found) != line:
        raise MalformedSubmissionError("a line of the proof is not a hash in base64")
    return found


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness agrees: what it must remember, and its signature line."""

    checkpoint: Checkpoint
    signature: Signature

    @property
    def body(self) -> bytes:
        """The answer over HTTP, with status 200."""
        return self.signature.line().encode()


@dataclass(frozen=True, slots=True)
class Refused:
    """The witness does not agree, and why."""

    reason: Refusal
    message: str
    known_size: int = 0

    @property
    def status(self) -> int:
        """The status over HTTP."""
        return _STATUS[self.reason]

    @property
    def body(self) -> bytes:
        """The answer over HTTP; for a wrong old size, the right one (text/x.tlog.size)."""
        if self.reason is Refusal.WRONG_OLD_SIZE:
            return b"%d\n" % self.known_size
        return f"{self.message}\n".encode()


def consider(
    submission: Submission,
    *,
    known: Checkpoint | None,
    log_keys: Sequence[VerifierKey],
    cosigner: Cosigner,
    at_s: int,
) -> Cosigned | Refused:
    """A cosignature as of `at_s` (POSIX seconds), or the first rule that forbids it."""
    if not log_keys:
        return Refused(Refusal.UNKNOWN_LOG, "this witness does not know the log")
    try:
        opened = open_checkpoint(submission.note, keys=log_keys)
    except (BadSignatureError, UnsignedNoteError) as error:
        return Refused(Refusal.NOT_SIGNED, error.message)
    except RiskError as error:
        return Refused(Refusal.MALFORMED, error.message)
    refused = _refused(submission, new=opened.checkpoint, known=known)
    if refused is not None:
        return refused
    return Cosigned(opened.checkpoint, cosigner.cosign(opened.note.text, at_s=at_s))


def _refused(
    submission: Submission, *, new: Checkpoint, known: Checkpoint | None
) -> Refused | None:
    assert known is None or known.origin == new.origin, "known is of the checkpoint's origin"
    known_size = known.size if known else 0
    hashing = HASHES.get(new.hash_name)
    if hashing is None or (known and known.hash_name != new.hash_name):
        return Refused(Refusal.MALFORMED, f"the log cannot use the hash {new.hash_name}")
    if submission.old_size > new.size:
        return Refused(Refusal.MALFORMED, "the old size is larger than the checkpoint's")
    if submission.old_size != known_size:
        message = f"the newest checkpoint known here has {known_size} entries"
        return Refused(Refusal.WRONG_OLD_SIZE, message, known_size)
    if new.size == 0 and new.root != hashing.empty_root:
        return Refused(Refusal.INCONSISTENT, "the root is not that of an empty tree")
    if known is None or known.size == 0:
        if submission.proof:
            return Refused(Refusal.INCONSISTENT, "growth from nothing needs no proof")
        return None
    return _inconsistent(submission, new=new, known=known, hashing=hashing)


def _inconsistent(
    submission: Submission, *, new: Checkpoint, known: Checkpoint, hashing: Hash
) -> Refused | None:
    if new.size == known.size and new.root != known.root:
        message = f"two different logs of {new.size} entries carry this log's signature"
        return Refused(Refusal.SPLIT_VIEW, message)
    try:
        verify_consistency(
            old=known.size,
            new=new.size,
            old_root=known.root,
            new_root=new.root,
            proof=submission.proof,
            hashing=hashing,
        )
    except InvalidProofError as error:
        return Refused(Refusal.INCONSISTENT, error.message)
    return None


def cosigned_by(note: Note, *, keys: Sequence[VerifierKey]) -> list[tuple[VerifierKey, int]]:
    """The witnesses whose cosignatures under a checkpoint hold, each with the time it signed.

    A cosignature of a known witness that does not hold is a `BadSignatureError`.
    """
    found = []
    for signature in note.signatures:
        for key in keys:
            if key.kind == WITNESS_KEY and key.is_maker_of(signature):
                key.verify(note.text, signature)
                found.append((key, cosigned_at(signature)))
    return found
