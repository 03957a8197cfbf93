"""Where the parts of a ledger lie, in an exported folder and under the HTTP endpoint alike.

    checkpoint                      the signed note
    verifier-key                    one C2SP verifier key a line
    log.json                        {"format":1,"hash":"sha256","origin":"fengkong/..."}
    tile/<L>/<N>[.p/<W>]            hashes, C2SP tlog-tiles
    tile/entries/<N>[.p/<W>]        the leaves of 256 entries, each after its length in 2 bytes
    payloads/<N>[.p/<W>]            their payloads, each after its length in 4 bytes (optional)

- `tile_path(level, index, width=256)`, `entries_path(index, ...)`, `payloads_path(index, ...)`:
  paths with `/`, for example `tile/0/x001/x234/067.p/12`.
- `parse_path(text) -> Resource | None` is the way back, in the one spelling that C2SP allows.
- `resources_of(size) -> Iterator[Resource]`: every tile and entries bundle of a tree of a size.
- `encode_entries(leaves)`, `decode_entries(data)`, `encode_payloads(payloads)`,
  `decode_payloads(data)`, `log_json(origin=, hash_name=)`, `origin_of(journal_id)`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from fengkong.core.errors import RiskError
from fengkong.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, partial_widths

FORMAT: Final = 1
CHECKPOINT: Final = "checkpoint"
VERIFIER_KEY: Final = "verifier-key"
LOG_JSON: Final = "log.json"
LEAF_BYTES_MAX: Final = 0xFFFF
LEVEL_MAX: Final = 7  # 256 ** 8 entries are more than a tree may have

Kind = Literal["tile", "entries", "payloads"]
_NUMBER: Final = r"(?P<number>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?"
_PATH: Final = re.compile(
    rf"(?:tile/(?P<level>0|[1-9]\d?)|(?P<entries>tile/entries)|payloads)/{_NUMBER}", re.ASCII
)


class DamagedBundleError(RiskError):
    """A bundle of entries or payloads ends before its last one does, or holds too much."""

    code = "ledger.damaged_bundle"
    hint = "Fetch the bundle again, or restore it from a backup."


class Resource(NamedTuple):
    """One file of the layout: of 256 hashes, leaves or payloads, or fewer at the right edge."""

    kind: Kind
    level: int
    number: int
    width: int = TILE_WIDTH

    def path(self) -> str:
        """Its place under the root of the layout."""
        start = {"tile": f"tile/{self.level}", "entries": "tile/entries", "payloads": "payloads"}
        return f"{start[self.kind]}/{_number(self.number)}{_suffix(self.width)}"


def _number(number: int) -> str:
    groups = f"{number:,}".replace(",", "/").split("/")
    groups[0] = groups[0].zfill(3)
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _suffix(width: int) -> str:
    assert 1 <= width <= TILE_WIDTH, "no empty bundle is stored"
    return "" if width == TILE_WIDTH else f".p/{width}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile of hashes."""
    return Resource("tile", level, index, width).path()


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """The path of a bundle of leaves."""
    return Resource("entries", 0, index, width).path()


def payloads_path(index: int, width: int = TILE_WIDTH) -> str:
    """The path of a bundle of payloads."""
    return Resource("payloads", 0, index, width).path()


def parse_path(text: str) -> Resource | None:
    """What a path asks for, or None where it is no path of the layout or not the one spelling."""
    found = _PATH.fullmatch(text)
    if found is None:
        return None
    kind: Kind = "payloads"
    if found["level"] is not None:
        kind = "tile"
    elif found["entries"] is not None:
        kind = "entries"
    number = int(found["number"].replace("/", "").replace("x", ""))
    resource = Resource(kind, int(found["level"] or 0), number, int(found["width"] or TILE_WIDTH))
    fits = resource.level <= LEVEL_MAX and 1 <= resource.width <= TILE_WIDTH
    return resource if fits and resource.path() == text else None


def resources_of(size: int) -> Iterator[Resource]:
    """Every tile of a tree of this size, level by level, and then its bundles of leaves."""
    for level, width in enumerate(partial_widths(size)):
        yield from _row("tile", level, size >> (TILE_HEIGHT * (level + 1)), width)
    yield from _row("entries", 0, size >> TILE_HEIGHT, size % TILE_WIDTH)


def _row(kind: Kind, level: int, full: int, width: int) -> Iterator[Resource]:
    for number in range(full):
        yield Resource(kind, level, number)
    if width:
        yield Resource(kind, level, full, width)


def encode_entries(leaves: Iterable[bytes]) -> bytes:
    """A bundle of leaves; each may have 65,535 bytes."""
    parts = []
    for leaf in leaves:
        assert len(leaf) <= LEAF_BYTES_MAX, "a leaf is no longer than its length can say"
        parts += [len(leaf).to_bytes(2, "big"), leaf]
    return b"".join(parts)


def encode_payloads(payloads: Iterable[bytes]) -> bytes:
    """A bundle of payloads."""
    parts = []
    for payload in payloads:
        parts += [len(payload).to_bytes(4, "big"), payload]
    return b"".join(parts)


def decode_entries(data: bytes) -> list[bytes]:
    """The leaves of a bundle."""
    return _decoded(data, prefix=2)


def decode_payloads(data: bytes) -> list[bytes]:
    """The payloads of a bundle."""
    return _decoded(data, prefix=4)


def _decoded(data: bytes, *, prefix: int) -> list[bytes]:
    items: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + prefix
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data) or start > len(data) or len(items) == TILE_WIDTH:
            raise DamagedBundleError(f"the bundle is damaged after its item {len(items)}")
        items.append(data[start:at])
    return items


def log_json(*, origin: str, hash_name: str) -> bytes:
    """The content of log.json."""
    facts = {"format": FORMAT, "hash": hash_name, "origin": origin}
    return json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def origin_of(journal_id: bytes) -> str:
    """The first line of a journal's checkpoints, and the name of its key."""
    return f"fengkong/{journal_id.hex()}"
