"""An exported ledger as it is shown to a witness: its checkpoint, and the proof that it grew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fengkong.ledger.export_layout import tile_path
from fengkong.ledger.hashes import HASH_SIZE, hash_named
from fengkong.ledger.notes import Checkpoint, Note
from fengkong.ledger.proofs import consistency_proof
from fengkong.ledger.tiles import TILE_WIDTH, MissingTileError
from fengkong.ledger.witness import Submission


@dataclass(frozen=True, slots=True)
class ExportedTiles:
    """The tiles of an exported tree of a size; see `ledger.tiles.TileReader`."""

    directory: Path
    size: int

    def read(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes of a tile, whole in the export or as far as the tree goes."""
        held = min(TILE_WIDTH, (self.size >> (8 * level)) - index * TILE_WIDTH)
        path = self.directory / tile_path(level, index, held)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MissingTileError(f"{path}: {error.strerror or error}") from error
        if len(content) != held * HASH_SIZE or width > held:
            raise MissingTileError(f"{path} has {len(content)} bytes")
        return content[: width * HASH_SIZE]


def submission_of(directory: Path, *, note: bytes, known: Callable[[str], int]) -> Submission:
    """What `POST add-checkpoint` would carry; `known` says what the witness has of an origin."""
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    old = known(checkpoint.origin)
    if not 0 < old <= checkpoint.size:
        return Submission(old, (), note)
    proof = consistency_proof(
        old=old,
        new=checkpoint.size,
        reader=ExportedTiles(directory, checkpoint.size),
        hashing=hash_named(checkpoint.hash_name),
    )
    return Submission(old, tuple(proof), note)
