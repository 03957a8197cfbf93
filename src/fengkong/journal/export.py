"""The ledger written out for an auditor: everything that the last checkpoint promises.

The layout is that of `ledger.export_layout`, which `ledger/verifier.py` reads with nothing but
Python's standard library. Payloads are left out: the leaves hold no personal data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fengkong.core.errors import RiskError
from fengkong.journal.port import Reading, StoredCheckpoint
from fengkong.journal.stored_tree import stored_tiles
from fengkong.ledger.export_layout import (
    CHECKPOINT,
    LOG_JSON,
    VERIFIER_KEY,
    encode_entries,
    log_json,
    origin_of,
    resources_of,
)
from fengkong.ledger.notes import VerifierKey
from fengkong.ledger.tiles import TILE_WIDTH


class NothingSignedError(RiskError):
    """No checkpoint was signed yet, so there is nothing that could be proved."""

    code = "journal.nothing_signed"
    hint = "Let the service run for ten seconds behind the first entry, then export again."


def export_ledger(
    reading: Reading,
    target: Path,
    *,
    verifier: VerifierKey,
    cosigned: StoredCheckpoint | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the export to a directory and return the size it promises.

    `cosigned` is the newest checkpoint with witnesses under it, if there is one; it goes before.
    What is there already is kept: full tiles never change, so a later export adds what is new.
    The checkpoint is written last; an export that was interrupted has the old one or none.
    """
    stored = reading.checkpoint()
    if stored is None:
        raise NothingSignedError("the journal has no signed checkpoint")
    if cosigned is not None and stored.size <= cosigned.size <= reading.head().sequence:
        stored = cosigned
    tiles = stored_tiles(reading, size=stored.size)
    for resource in resources_of(stored.size):
        path = target / resource.path()
        if path.exists():
            continue
        if resource.kind == "tile":
            content = tiles.read(resource.level, resource.number, resource.width)
        else:
            start = resource.number * TILE_WIDTH
            leaves = reading.leaves(after=start, limit=resource.width)
            content = encode_entries(leaf for _, leaf in leaves)
            if progress is not None:
                progress(start + resource.width)
        _write(path, content)
    _write(
        target / LOG_JSON, log_json(origin=origin_of(reading.identity), hash_name=reading.hash_name)
    )
    _write(target / VERIFIER_KEY, f"{verifier}\n".encode())
    _write(target / CHECKPOINT, stored.note)
    return stored.size


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)
