"""The Merkle tree over the entries (RFC 6962), and the checkpoints that sign it.

Finished tiles are stored when a checkpoint is signed; what comes after the last one is hashed
from the entries again, at most 255 of them and those since the last checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.models import AuditCheckpoint, AuditEntry, AuditTile
from fengkong.console.audit.places import audit_places
from fengkong.console.audit.recording import take_turn
from fengkong.console.audit.signing import audit_signer
from fengkong.core.errors import RiskError
from fengkong.journal.second_place import SecondPlace
from fengkong.ledger.hashes import SHA256
from fengkong.ledger.notes import Signer, checkpoint_of
from fengkong.ledger.proof_files import ProofFile
from fengkong.ledger.proofs import inclusion_proof
from fengkong.ledger.tiles import TILE_WIDTH, RebuiltTiles
from fengkong.ledger.tree import Frontier

CHUNK: Final = 4096
_LOG: Final = logging.getLogger(__name__)


class MissingEntriesError(RiskError):
    """Entries of the desk's ledger are not all there, so their tree cannot be grown."""

    code = "console.missing_entries"
    hint = "Verify the ledger: it names the first entry that is missing."


class UnsignedEntryError(RiskError):
    """No checkpoint covers the entry yet, so there is nothing that proves it."""

    code = "console.unsigned_entry"
    hint = "Sign a checkpoint, then ask for the proof again."


def head() -> int:
    """The number of the newest entry; 0 where there is none."""
    last = AuditEntry.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    return last or 0


def leaf_hashes(start: int, count: int) -> bytes:
    """The hashes of the entries behind `start`, joined; raises MissingEntriesError."""
    rows = list(
        AuditEntry.objects.filter(sequence__gt=start, sequence__lte=start + count)
        .order_by("sequence")
        .values_list("sequence", "leaf")
    )
    if [sequence for sequence, _ in rows] != list(range(start + 1, start + count + 1)):
        raise MissingEntriesError(f"entries {start + 1:,} to {start + count:,} are not all there")
    return b"".join([SHA256.leaf_hash(bytes(leaf)) for _, leaf in rows])


def stored_tile(level: int, number: int) -> bytes | None:
    """A finished tile; None where it was not stored."""
    found = AuditTile.objects.filter(level=level, number=number).values_list("hashes", flat=True)
    tile = found.first()
    return None if tile is None else bytes(tile)


def tiles_of(size: int) -> RebuiltTiles:
    """The tiles of the tree over the first entries; every full tile of it must be stored."""
    return RebuiltTiles(hashing=SHA256, size=size, finished=stored_tile, leaf_hashes=leaf_hashes)


def signer() -> Signer:
    """The key of this console's ledger."""
    return audit_signer(settings.CONSOLE.keys)


def places() -> list[SecondPlace]:
    """Where this console's checkpoints are kept too."""
    return audit_places(settings.CONSOLE.directory)


def sign_checkpoint() -> AuditCheckpoint | None:
    """Sign all entries there are; None where there is none. What was signed is given again.

    The note is sent to the second places after the commit; one that cannot be reached is logged,
    and gets the next note.
    """
    with transaction.atomic():
        take_turn()
        size = head()
        known = AuditCheckpoint.objects.filter(size=size).first()
        if not size or known is not None:
            return known
        frontier = _grown(size)
        key = signer()
        checkpoint = checkpoint_of(
            origin=key.verifier.name, size=size, root=frontier.root(), hash_name="sha256"
        )
        stored = AuditCheckpoint.objects.create(
            size=size, signed_at=timezone.now(), note=key.sign_checkpoint(checkpoint)
        )
        transaction.on_commit(lambda: send_to_places(bytes(stored.note)))
    return stored


def _grown(size: int) -> Frontier:
    """The edge of the tree over so many entries; tiles finished on the way are stored."""
    full = AuditTile.objects.filter(level=0).order_by("-number").values_list("number", flat=True)
    last = full.first()
    done = 0 if last is None else (last + 1) * TILE_WIDTH
    if done > size:
        raise MissingEntriesError(f"{done:,} entries were signed before, {size:,} are there")
    frontier = Frontier.from_tiles(hashing=SHA256, size=done, reader=tiles_of(done))
    while done < size:
        count = min(CHUNK, size - done)
        joined = leaf_hashes(done, count)
        frontier.extend(joined[at : at + 32] for at in range(0, len(joined), 32))
        done += count
    AuditTile.objects.bulk_create(
        AuditTile(level=tile.level, number=tile.index, hashes=tile.hashes)
        for tile in frontier.take_tiles()
    )
    return frontier


def send_to_places(note: bytes, *, among: Sequence[SecondPlace] | None = None) -> int:
    """Bring a note to the second places; how many have it."""
    reached = 0
    for place in places() if among is None else among:
        try:
            place.put(note)
            reached += 1
        except RiskError as error:
            _LOG.error("the checkpoint of the desk's ledger did not reach %s: %s", place, error)
    return reached


def proof_of(entry: AuditEntry) -> ProofFile:
    """The proof that an entry is in the ledger, with the newest checkpoint.

    The entry's own leaf is beside it in the file. Raises UnsignedEntryError.
    """
    checkpoint = AuditCheckpoint.objects.order_by("-size").first()
    if checkpoint is None or checkpoint.size < entry.sequence:
        raise UnsignedEntryError(f"entry {entry.sequence:,} is behind the last checkpoint")
    proof = inclusion_proof(
        index=entry.sequence - 1,
        size=checkpoint.size,
        reader=tiles_of(checkpoint.size),
        hashing=SHA256,
    )
    return ProofFile(
        index=entry.sequence - 1,
        proof=tuple(proof),
        note=bytes(checkpoint.note),
        extra=bytes(entry.leaf),
    )
