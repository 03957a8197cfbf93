"""Proof files (C2SP tlog-proof): one text that proves an entry to anyone who has the log's key.

- `ProofFile(index=, proof=, note=, extra=b"")`: `render() -> bytes`, `ProofFile.parse(bytes)`.
- `verify_entry(leaf, proof_file, keys=, origin=None) -> OpenedCheckpoint`: the leaf (its bytes) is
  entry `index` of the log whose checkpoint is in the file, signed by one of the keys; else a
  `RiskError` says what does not hold.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE, hash_named
from fengkong.ledger.notes import OpenedCheckpoint, VerifierKey, open_checkpoint
from fengkong.ledger.proofs import PROOF_HASHES_MAX, verify_inclusion

_HEADER: Final = b"c2sp.org/tlog-proof@v1"
_EXTRA: Final = b"extra "
_INDEX: Final = b"index "


class MalformedProofFileError(RiskError):
    """A proof file is not written as C2SP tlog-proof says."""

    code = "ledger.malformed_proof_file"
    hint = "Fetch the proof file again, byte for byte."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """An entry's number from 0, the hashes to the root, and the signed checkpoint of that root."""

    index: int
    proof: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def render(self) -> bytes:
        """The text of the file."""
        extra = [_EXTRA + base64.b64encode(self.extra)] if self.extra else []
        proof = map(base64.b64encode, self.proof)
        return b"\n".join([_HEADER, *extra, _INDEX + b"%d" % self.index, *proof, b"", self.note])

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The proof in a file; nothing of it is verified yet."""
        head, separator, note = data.partition(b"\n\n")
        header, *lines = head.split(b"\n")
        if header != _HEADER or not separator or not lines:
            raise MalformedProofFileError("the file does not begin as a proof")
        extra = b""
        if lines[0].startswith(_EXTRA):
            extra = _decoded(lines.pop(0).removeprefix(_EXTRA))
        number = lines[0].removeprefix(_INDEX) if lines else b""
        if not number.isdigit() or len(number) > 19 or lines[0] != _INDEX + b"%d" % int(number):
            raise MalformedProofFileError("the file does not say the entry's number")
        proof = tuple(_decoded(line) for line in lines[1:])
        if len(proof) > PROOF_HASHES_MAX or any(len(item) != HASH_SIZE for item in proof):
            raise MalformedProofFileError("the proof is not a list of hashes")
        return cls(index=int(number), proof=proof, note=note, extra=extra)


def _decoded(text: bytes) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MalformedProofFileError("a line is not base64") from error
    if base64.b64encode(data) != text:
        raise MalformedProofFileError("a line is not base64 in its one spelling")
    return data


def verify_entry(
    leaf: bytes, proof_file: ProofFile, *, keys: Sequence[VerifierKey], origin: str | None = None
) -> OpenedCheckpoint:
    """The checkpoint that proves the leaf to be entry `proof_file.index` of its log."""
    opened = open_checkpoint(proof_file.note, keys=keys, origin=origin)
    hashing = hash_named(opened.checkpoint.hash_name)
    verify_inclusion(
        index=proof_file.index,
        size=opened.checkpoint.size,
        leaf_hash=hashing.leaf_hash(leaf),
        proof=proof_file.proof,
        root=opened.checkpoint.root,
        hashing=hashing,
    )
    return opened
