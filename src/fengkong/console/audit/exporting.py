"""The ledger written out: rows for a spreadsheet, an archive for the offline verifier."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from fengkong.console.audit.actions import action_words
from fengkong.console.audit.models import AuditCheckpoint, AuditEntry
from fengkong.console.audit.queries import EntriesForm
from fengkong.console.audit.recording import canonical
from fengkong.console.audit.tree import UnsignedEntryError, sign_checkpoint, signer, tiles_of
from fengkong.ledger import verifier
from fengkong.ledger.export_layout import (
    CHECKPOINT,
    LOG_JSON,
    VERIFIER_KEY,
    encode_entries,
    encode_payloads,
    log_json,
    payloads_path,
    resources_of,
)
from fengkong.ledger.tiles import TILE_WIDTH

ROWS_MAX: Final = 100_000
BOM: Final = "\ufeff"
"""Without it a spreadsheet takes Chinese for something else."""
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS: Final = (
    *("sequence", "recorded_at", "actor", "action", "action_words", "target_kind", "target"),
    *("detail", "leaf_hash"),
)


def csv_lines(form: EntriesForm) -> Iterator[str]:
    """Lines of CSV with a heading, the newest entry first, at most ROWS_MAX of them."""
    yield BOM + _line(_COLUMNS)
    for entry in form.entries()[:ROWS_MAX].iterator(chunk_size=2000):
        detail = json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)
        yield _line(
            (
                *(str(entry.sequence), entry.recorded_at.isoformat(), entry.actor, entry.action),
                *(action_words(entry.action), entry.target_kind, entry.target, detail),
                bytes(entry.leaf_hash).hex(),
            )
        )


def write_archive(target: BinaryIO) -> AuditCheckpoint:
    """Write everything that is signed, as a zip of the layout the offline verifier reads.

    A checkpoint of all entries is signed first. Raises UnsignedEntryError where there is none.
    """
    checkpoint = sign_checkpoint()
    if checkpoint is None:
        raise UnsignedEntryError("the ledger has no entry yet")
    key, size = signer().verifier, checkpoint.size
    tiles = tiles_of(size)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for resource in resources_of(size):
            if resource.kind == "tile":
                content = tiles.read(resource.level, resource.number, resource.width)
            else:
                rows = _bundle(resource.number * TILE_WIDTH, resource.width)
                content = encode_entries(leaf for leaf, _ in rows)
                payloads = encode_payloads(payload for _, payload in rows)
                archive.writestr(payloads_path(resource.number, resource.width), payloads)
            archive.writestr(resource.path(), content)
        archive.writestr(LOG_JSON, log_json(origin=key.name, hash_name="sha256"))
        archive.writestr(VERIFIER_KEY, f"{key}\n")
        archive.writestr("verifier.py", Path(verifier.__file__).read_bytes())
        archive.writestr(CHECKPOINT, bytes(checkpoint.note))
    return checkpoint


def _bundle(after: int, width: int) -> list[tuple[bytes, bytes]]:
    """Leaf and detail of so many entries."""
    entries = AuditEntry.objects.filter(sequence__gt=after, sequence__lte=after + width)
    return [
        (bytes(entry.leaf), bytes(entry.payload or canonical(entry.detail)))
        for entry in entries.order_by("sequence")
    ]


def _line(values: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([harmless(value) for value in values])
    return text.getvalue()


def harmless(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_DANGEROUS) else value
