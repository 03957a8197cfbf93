"""One pass over entries in order, the tree growing beside them, to the first that is wrong.

Which entry it is follows from its neighbours: an altered entry disagrees with the one behind it, a
moved one says another number than its place, a removed one leaves a gap or is named by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from fengkong.console.audit.findings import Finding, Kind
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import canonical
from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE, SHA256
from fengkong.ledger.notes import VerifierKey, open_checkpoint
from fengkong.ledger.tiles import TILE_WIDTH
from fengkong.ledger.tree import Frontier

_NEARBY: Final = 300
"""How far from its place an entry is looked for."""
_COLUMNS: Final = (
    *("sequence", "leaf", "leaf_hash", "payload"),
    *("action", "actor", "target", "target_kind", "recorded_at"),
)
_REPEATED: Final = ("action", "actor", "target", "target_kind")


class Row(NamedTuple):
    """An entry as it is stored."""

    sequence: int
    leaf: bytes
    leaf_hash: bytes
    payload: bytes | None
    action: str
    actor: str
    target: str
    target_kind: str
    recorded_at: datetime


def rows_behind(after: int, *, limit: int) -> list[Row]:
    """Stored entries in the order of their numbers."""
    found = AuditEntry.objects.filter(sequence__gt=after).order_by("sequence")
    return [Row(*row) for row in found.values_list(*_COLUMNS)[:limit]]


class Walk:
    """Where a verification is: the entry it came to, its hash, the tree so far."""

    def __init__(
        self,
        *,
        done: int,
        previous: str,
        frontier: Frontier,
        suspect: dict[str, int] | None,
        signed_size: int,
        verifier: VerifierKey,
        stored_tile: Callable[[int, int], bytes | None],
    ) -> None:
        self.done = done
        self.previous = previous
        self.frontier = frontier
        self.suspect = suspect
        self.signed_size = signed_size
        self._verifier = verifier
        self._stored_tile = stored_tile

    def over(self, *, stop: int, checkpoints: Mapping[int, bytes]) -> Finding | None:
        """Go on up to an entry; `checkpoints` are the signed notes of the sizes on the way."""
        rows = rows_behind(self.done, limit=stop - self.done)
        for place, row in enumerate(rows):
            finding = self._row(row, behind=rows[place + 1 : place + 2])
            if finding is None and not self.done % TILE_WIDTH:
                self._tiles()
            if finding is None and self.done in checkpoints:
                finding = self._checkpoint(checkpoints[self.done])
            if finding is not None:
                return self._with_suspect(finding)
        if self.done < stop:
            return self._with_suspect(Finding(Kind.MISSING, self.done + 1))
        return None

    def _with_suspect(self, finding: Finding) -> Finding:
        """The first thing wrong, where a tile had raised a suspicion before."""
        if self.suspect is None or finding.kind is Kind.TILE:
            return finding
        return Finding(Kind.ALTERED, self.suspect["entry"], {"seen_by": "tile"})

    def _row(self, row: Row, *, behind: Sequence[Row]) -> Finding | None:
        expected = self.done + 1
        if row.sequence != expected:
            return Finding(Kind.MISSING, expected)
        facts = facts_of(row.leaf)
        if facts is None:
            return Finding(Kind.ALTERED, expected, {"part": "leaf"})
        if facts["sequence"] != expected:
            return _displaced(row, says=facts["sequence"])
        part = altered_part(row, facts)
        if part is not None:
            return Finding(Kind.ALTERED, expected, {"part": part})
        hashed = SHA256.leaf_hash(row.leaf)
        if facts["previous"] != self.previous:
            return self._unchained(expected, hashed.hex(), behind=behind)
        self.frontier.append(hashed)
        self.done, self.previous = expected, hashed.hex()
        return None

    def _unchained(self, number: int, hashed: str, *, behind: Sequence[Row]) -> Finding:
        """Which of two entries that disagree was altered: the one behind them knows."""
        following = behind or rows_behind(number, limit=1)
        facts = facts_of(following[0].leaf) if following else None
        if number == 1 or (facts is not None and facts["previous"] != hashed):
            return Finding(Kind.ALTERED, number, {"part": "previous"})
        if facts is not None:
            return Finding(Kind.ALTERED, number - 1, {"part": "leaf"})
        return Finding(Kind.UNCHAINED, number)

    def _tiles(self) -> None:
        """Compare the tiles that are finished; one that differs is a suspicion, not yet a finding.

        Only what was signed tells whether the tile or the entries were altered.
        """
        for tile in self.frontier.take_tiles():
            stored = self._stored_tile(tile.level, tile.index)
            if stored is None or stored == tile.hashes or self.suspect is not None:
                continue
            at = next(
                (
                    place
                    for place in range(TILE_WIDTH)
                    if stored[HASH_SIZE * place : HASH_SIZE * (place + 1)]
                    != tile.hashes[HASH_SIZE * place : HASH_SIZE * (place + 1)]
                ),
                0,
            )
            entry = (tile.index * TILE_WIDTH + at) * TILE_WIDTH**tile.level + 1
            self.suspect = {"level": tile.level, "number": tile.index, "entry": entry}

    def _checkpoint(self, note: bytes) -> Finding | None:
        try:
            opened = open_checkpoint(note, keys=[self._verifier], origin=self._verifier.name)
        except RiskError as error:
            return Finding(Kind.SIGNATURE, self.done, {"error": error.code})
        if opened.checkpoint.size != self.done:
            return Finding(Kind.SIGNATURE, self.done, {"size": opened.checkpoint.size})
        if opened.checkpoint.root != self.frontier.root():
            return Finding(Kind.REWRITTEN, self.signed_size + 1, {"upto": self.done})
        self.signed_size = self.done
        if self.suspect is not None:
            facts = {name: self.suspect[name] for name in ("level", "number")}
            return Finding(Kind.TILE, self.suspect["entry"], facts)
        return None


def facts_of(leaf: bytes) -> dict[str, Any] | None:
    """The content of a leaf; None where it is none."""
    try:
        facts = json.loads(leaf)
    except (ValueError, RecursionError):
        return None
    known = isinstance(facts, dict) and isinstance(facts.get("previous"), str)
    return facts if known and type(facts.get("sequence")) is int else None


def altered_part(row: Row, facts: Mapping[str, Any]) -> str | None:
    """What of an entry is not as its leaf says: leaf, a column, or the detail; None: nothing."""
    if SHA256.leaf_hash(row.leaf) != bytes(row.leaf_hash):
        return "leaf"
    for name in _REPEATED:
        if facts.get(name) != getattr(row, name):
            return name
    if facts.get("at") != row.recorded_at.isoformat():
        return "recorded_at"
    payload = row.payload
    if payload is None:
        payload = canonical(facts.get("detail") or {})
    if sha256(payload).hexdigest() != facts.get("payload"):
        return "detail"
    return None


def _displaced(row: Row, *, says: int) -> Finding:
    """An entry that says another number than its place has: moved, pushed, or altered."""
    place = row.sequence
    near = {found.sequence: _said(found) for found in rows_behind(place, limit=_NEARBY)}
    elsewhere = next((at for at, said in near.items() if said == place), None)
    if elsewhere is None and says > place:
        elsewhere = _far_exchange(place, says)
        if elsewhere is not None:
            return Finding(Kind.REORDERED, place, {"other": elsewhere})
    if elsewhere is not None and _same_numbers({place: says, **near}, behind=elsewhere):
        return Finding(Kind.REORDERED, place, {"other": elsewhere})
    next_in_place = near.get(place + 1) == place + 1
    if says == place - 1 and not next_in_place:
        # Two say the same number where one was put in between: the first of them is the new one.
        return Finding(Kind.INSERTED, says)
    if elsewhere is not None:
        return Finding(Kind.INSERTED, place)
    if says > place and not next_in_place:
        return Finding(Kind.MISSING, place)
    return Finding(Kind.ALTERED, place, {"part": "leaf"})


def _far_exchange(place: int, says: int) -> int | None:
    """The place that an entry far away has exchanged with this one; None where none has."""
    found = rows_behind(says - 1, limit=1)
    return says if found and found[0].sequence == says and _said(found[0]) == place else None


def _same_numbers(said: Mapping[int, int | None], *, behind: int) -> bool:
    """Whether entries up to the next one in its place only changed places among each other."""
    block: dict[int, int | None] = {}
    for at, number in said.items():
        if at > behind and at == number:
            break
        block[at] = number
    return block.keys() == set(block.values())


def _said(row: Row) -> int | None:
    facts = facts_of(row.leaf)
    return None if facts is None else int(facts["sequence"])
