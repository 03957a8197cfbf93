"""Proofs for a case file: that its decisions and what was done are in their ledgers.

Each is a proof file (C2SP tlog-proof) that anybody checks with the ledger's public key alone:
decisions against the ledger of the decision service, acts against that of the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from fengkong.client.client import Client
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.tree import proof_of as desk_proof_of
from fengkong.console.audit.tree import sign_checkpoint
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.journaled.service_access import service_client
from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.notes import Checkpoint, Note
from fengkong.ledger.proof_files import ProofFile
from fengkong.ledger.proofs import InvalidProofError, verify_inclusion

DECISIONS_MAX: Final = 30
ACTS_MAX: Final = 100
_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry and its proof; `content` is the proof file, empty where `trouble` says why not."""

    ledger: str
    entry: int
    leaf_hash: str
    size: int
    root: str
    content: bytes = b""
    trouble: str = ""

    @property
    def file_name(self) -> str:
        """What the proof is called where it is attached."""
        return f"{self.ledger}-{self.entry}.tlog-proof"


def decision_proofs(sequences: Sequence[int]) -> list[Proven]:
    """The proofs of decisions, checked here; what cannot be had says why.

    Where the service does not answer once, it is not asked for the others.
    """
    wanted = list(sequences[:DECISIONS_MAX])
    found: list[Proven] = []
    try:
        with service_client(timeout=_WAIT_S) as client:
            note = client.checkpoint()
            checkpoint = Checkpoint.parse(Note.parse(note).text)
            for sequence in wanted:
                proof = _decision_proof(client, sequence, note=note, checkpoint=checkpoint)
                found.append(proof)
    except (RiskError, OSError) as error:
        trouble = _told(error)
        found += [_without(sequence, trouble) for sequence in wanted[len(found) :]]
    return found


def act_proofs(entries: Sequence[AuditEntry]) -> list[Proven]:
    """The proofs of acts in the desk's ledger; a checkpoint is signed over them first."""
    with transaction.atomic():
        sign_checkpoint()
    return [_act_proof(entry) for entry in entries[:ACTS_MAX]]


def _decision_proof(
    client: Client, sequence: int, *, note: bytes, checkpoint: Checkpoint
) -> Proven:
    """One proof; raises what the client raises, for then no other will come either."""
    if checkpoint.size < sequence:
        return _without(sequence, f"{checkpoint.size:,} entries are signed")
    leaf = clear_entry(sequence).leaf_bytes
    hashing = hash_named(checkpoint.hash_name)
    answer = client.inclusion(sequence=sequence, size=checkpoint.size)
    path = [bytes.fromhex(node) for node in answer["proof"]]
    leaf_hash = hashing.leaf_hash(leaf)
    try:
        verify_inclusion(
            index=sequence - 1,
            size=checkpoint.size,
            leaf_hash=leaf_hash,
            proof=path,
            root=checkpoint.root,
            hashing=hashing,
        )
    except InvalidProofError as error:
        return _without(sequence, error.message)
    file = ProofFile(index=sequence - 1, proof=tuple(path), note=note, extra=leaf)
    return Proven(
        *("decisions", sequence, leaf_hash.hex(), checkpoint.size, checkpoint.root.hex()),
        content=file.render(),
    )


def _without(sequence: int, trouble: str) -> Proven:
    return Proven("decisions", sequence, "", 0, "", trouble=trouble)


def _told(error: Exception) -> str:
    return error.message if isinstance(error, RiskError) else type(error).__name__


def _act_proof(entry: AuditEntry) -> Proven:
    leaf_hash = bytes(entry.leaf_hash).hex()
    try:
        file = desk_proof_of(entry)
    except RiskError as error:
        return Proven("desk", entry.sequence, leaf_hash, 0, "", trouble=error.message)
    size, root = _signed(file.note)
    return Proven("desk", entry.sequence, leaf_hash, size, root, content=file.render())


def _signed(note: bytes) -> tuple[int, str]:
    """Size and root of a checkpoint."""
    parsed = Checkpoint.parse(Note.parse(note).text)
    return parsed.size, parsed.root.hex()
