"""A small exported ledger, written as the journal writes it, and ways to damage it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fengkong.ledger.export_layout import (
    CHECKPOINT,
    LOG_JSON,
    VERIFIER_KEY,
    encode_entries,
    encode_payloads,
    entries_path,
    log_json,
    origin_of,
    payloads_path,
    tile_path,
)
from fengkong.ledger.hashes import SHA256, Hash
from fengkong.ledger.notes import Signer, checkpoint_of
from fengkong.ledger.tiles import TILE_WIDTH, partial_widths
from fengkong.ledger.tree import Frontier

ORIGIN = origin_of(bytes(range(16)))
SIGNER = Signer.of_seed(name=ORIGIN, seed=b"s" * 32)
EVENT_IDS = ["plain-{}", "中文-{}", 'quo"ted-{}']  # the last two take the verifier's slow way


def payloads_of(count: int) -> list[bytes]:
    return [b"payload %d" % number * (number % 5) for number in range(count)]


def leaves_of(payloads: Sequence[bytes], hashing: Hash = SHA256) -> list[bytes]:
    """A chain of entries of these payloads."""
    leaves, previous = [], "0" * 64
    for number, payload in enumerate(payloads):
        event = EVENT_IDS[number % 3].format(number) if number % 7 else None
        facts = {
            "at": 1_700_000_000_000_000 + number,
            "degraded": False,
            "event": event,
            "kind": "decision" if event else "policy",
            "late": False,
            "outcome": "allow" if event else None,
            "payload": hashlib.sha256(payload).hexdigest(),
            "policy": "ab" * 32,
            "previous": previous,
            "received": "cd" * 16 if event else None,
            "sequence": number + 1,
            "shadow": None,
            "subject": "ef" * 16,
        }
        leaf = json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
        previous = hashing.leaf_hash(leaf).hex()
        leaves.append(leaf)
    return leaves


@dataclass(frozen=True)
class Export:
    """An export in a folder."""

    folder: Path

    def write(self, place: str, data: bytes) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def read(self, place: str) -> bytes:
        return (self.folder / place).read_bytes()

    def flip(self, place: str, at: int, bits: int = 1) -> None:
        """Changes one byte of a file; `at` counts from its end where negative."""
        data = bytearray(self.read(place))
        data[at] ^= bits
        self.write(place, bytes(data))

    def write_leaves(self, leaves: Sequence[bytes]) -> None:
        for first in range(0, len(leaves), TILE_WIDTH):
            bundle = leaves[first : first + TILE_WIDTH]
            self.write(entries_path(first // TILE_WIDTH, len(bundle)), encode_entries(bundle))

    def write_payloads(self, payloads: Sequence[bytes]) -> None:
        for first in range(0, len(payloads), TILE_WIDTH):
            bundle = payloads[first : first + TILE_WIDTH]
            self.write(payloads_path(first // TILE_WIDTH, len(bundle)), encode_payloads(bundle))

    def write_tiles(self, leaves: Sequence[bytes], hashing: Hash = SHA256) -> bytes:
        """All tiles; the root."""
        tree = Frontier(hashing)
        tree.extend(map(hashing.leaf_hash, leaves))
        for tile in tree.take_tiles():
            self.write(tile_path(tile.level, tile.index), tile.hashes)
        widths = partial_widths(tree.size)
        for level, (row, width) in enumerate(zip(tree.edge().rows, widths, strict=True)):
            if width:
                self.write(tile_path(level, tree.size >> (8 * level + 8), width), row)
        return tree.root()

    def write_head(self, *, size: int, root: bytes, hashing: Hash = SHA256, signer=SIGNER) -> None:
        origin = signer.verifier.name
        checkpoint = checkpoint_of(origin=origin, size=size, root=root, hash_name=hashing.name)
        self.write(CHECKPOINT, signer.sign_checkpoint(checkpoint))
        self.write(VERIFIER_KEY, f"{signer.verifier}\n".encode())
        self.write(LOG_JSON, log_json(origin=origin, hash_name=hashing.name))


def write_export(folder: Path, *, count: int, hashing: Hash = SHA256, signer=SIGNER) -> Export:
    """A whole export with payloads."""
    export = Export(folder)
    payloads = payloads_of(count)
    leaves = leaves_of(payloads, hashing)
    export.write_leaves(leaves)
    export.write_payloads(payloads)
    root = export.write_tiles(leaves, hashing)
    export.write_head(size=count, root=root, hashing=hashing, signer=signer)
    return export
