"""That an entry is in the ledger, checked here: its leaf, the way to the root, who signed that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fengkong.client.client import Client
from fengkong.console.configuration import ConsoleSettings
from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.notes import Checkpoint, Note, Signer, open_checkpoint
from fengkong.ledger.proofs import InvalidProofError, verify_inclusion
from fengkong.protection.guarded_files import read_guarded


class NotYetSignedError(RiskError):
    """The last signed checkpoint does not reach the entry yet."""

    code = "console.not_yet_signed"
    hint = "Wait some seconds: the service signs a checkpoint in quiet moments and now and then."


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that holds: the entry's leaf hash leads over `path` to the `root` of `size` entries.

    `signed` says whether the ledger's own key is known here and has signed that root; `witnesses`
    are all who signed.
    """

    sequence: int
    size: int
    origin: str
    hash_name: str
    leaf_hash: str
    root: str
    path: Sequence[str]
    signed: bool
    witnesses: Sequence[str]


def proof_of(client: Client, *, sequence: int, leaf: bytes, console: ConsoleSettings) -> Proof:
    """Fetch checkpoint and proof, and check them against the leaf that was read here.

    Raises the client's errors, `NotYetSignedError`, `InvalidProofError`, and what is wrong with the
    checkpoint.
    """
    note = client.checkpoint()
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.size < sequence:
        raise NotYetSignedError(f"{checkpoint.size:,} entries are signed, this is {sequence:,}")
    answer = client.inclusion(sequence=sequence, size=checkpoint.size)
    hashing = hash_named(checkpoint.hash_name)
    leaf_hash = hashing.leaf_hash(leaf)
    path = [bytes.fromhex(node) for node in answer["proof"]]
    verify_inclusion(
        index=sequence - 1,
        size=checkpoint.size,
        leaf_hash=leaf_hash,
        proof=path,
        root=checkpoint.root,
        hashing=hashing,
    )
    return Proof(
        sequence=sequence,
        size=checkpoint.size,
        origin=checkpoint.origin,
        hash_name=hashing.name,
        leaf_hash=leaf_hash.hex(),
        root=checkpoint.root.hex(),
        path=[node.hex() for node in path],
        signed=_signed(note, checkpoint, console=console),
        witnesses=sorted({signature.name for signature in parsed.signatures}),
    )


def _signed(note: bytes, checkpoint: Checkpoint, *, console: ConsoleSettings) -> bool:
    """Whether the key of this data directory's ledger signed; raises where another claims so."""
    try:
        content, _ = read_guarded(console.keys / "ledger.key")
    except (OSError, RiskError):
        return False
    key = Signer.parse(content.decode(errors="replace").strip()).verifier
    open_checkpoint(note, keys=[key], origin=checkpoint.origin)
    return True


__all__ = ["InvalidProofError", "NotYetSignedError", "Proof", "proof_of"]
