"""What the journal's own sources hold: rows of events by day, and the tables made of them.

The rows of the last two days are in memory; what is older has become a table by day on disk, with
the place of the journal from which the rest is read again. Nothing here is the truth: without the
folder it is all made again from the journal. Who is meant is hashed under a key of the house.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
from django.conf import settings

from fengkong.console.journaled.reading import opened_history
from fengkong.console.lists.declared import lists_of_policy
from fengkong.indicators.aggregates import by_day
from fengkong.indicators.columns import DAY
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.sources import Source, SourceKind
from fengkong.journal.entries import Leaf
from fengkong.journal.history import EVENT_KINDS, Sealed, decode_sealed
from fengkong.rules.kinds import Kind

BATCH: Final = 2_000
TURN: Final = 40_000
"""Entries of one turn: the worker has other jobs too."""
KEPT_DAYS: Final = 2
"""Rows of so many days are kept; an event that comes later than that is not counted any more."""
_HASHED: Final = frozenset({"customer", "device", "merchant", "operator"})
_SCHEMAS: Final = {
    Kind.TEXT: pl.String,
    Kind.MONEY: pl.Int64,
    Kind.NUMBER: pl.Float64,
    Kind.BOOLEAN: pl.Boolean,
}


class _Hit(msgspec.Struct):
    rule: str


class _Decided(msgspec.Struct):
    outcome: str
    points: float
    hits: tuple[_Hit, ...]
    unknowns: tuple[msgspec.Raw, ...]


_decode: Final = msgspec.json.Decoder(_Decided).decode


def journal_sources() -> list[Source]:
    """The sources whose rows are events."""
    sources = shipped_library().sources.values()
    return [one for one in sources if one.kind is SourceKind.JOURNAL and one.events]


class JournalRows:
    """Follows the journal for the indicators; one a process and data directory."""

    def __init__(self, folder: Path, *, zone: ZoneInfo) -> None:
        self._folder = folder
        self._zone = zone
        self._sources = journal_sources()
        self._of_type = {
            kind: [one for one in self._sources if kind in one.events]
            for kind in {kind for one in self._sources for kind in one.events}
        }
        self._rows: dict[tuple[str, date], pl.DataFrame] = {}
        self._first: dict[date, int] = {}
        self._newest: date | None = None
        self._salt = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
        self._journal, self._after, self._closed = self._kept()

    def step(self) -> set[str]:
        """Take in what is new, up to a turn's worth; the sources that have new rows."""
        changed: set[str] = set()
        with opened_history() as history:
            identity = history.reading.identity.hex()
            if identity != self._journal:
                self._begin_anew(identity)
            for _ in range(TURN // BATCH):
                entries = history.reading.read(after=self._after, limit=BATCH)
                if not entries:
                    break
                leaves = [history.leaf(entry) for entry in entries]
                wanted = [
                    (entry, leaf)
                    for entry, leaf in zip(entries, leaves, strict=True)
                    if leaf.kind in EVENT_KINDS
                ]
                contents = history.vault.open_many(
                    (entry.payload, leaf.subject or "", leaf.sequence) for entry, leaf in wanted
                )
                opened = (
                    (leaf, decode_sealed(content))
                    for (_, leaf), content in zip(wanted, contents, strict=True)
                    if content is not None
                )
                changed |= self._take(opened)
                self._after = leaves[-1].sequence
        self._close_old_days()
        return changed

    def table(self, source: Source) -> pl.DataFrame | None:
        """The table by day of a source, what is on disk and what is in memory; None for nothing."""
        parts = []
        place = self._place(source.id)
        if place.is_file():
            parts.append(pl.read_parquet(place))
        recent = [rows for (name, _), rows in sorted(self._rows.items()) if name == source.id]
        if recent:
            parts.append(self._by_day(source, pl.concat(recent)))
        return pl.concat(parts, how="diagonal_relaxed") if parts else None

    def _take(self, opened: Iterable[tuple[Leaf, Sealed]]) -> set[str]:
        found: dict[tuple[str, date], list[dict[str, Any]]] = {}
        for leaf, sealed in opened:
            event = sealed.understood
            sources = self._of_type.get(event.type)
            if not sources:
                continue
            day = datetime.fromtimestamp(event.occurred_at / 1e6, tz=self._zone).date()
            if self._closed is not None and day <= self._closed:
                continue
            self._first.setdefault(day, leaf.sequence)
            self._newest = max(day, self._newest or day)
            seen = self._decided(leaf, sealed)
            for source in sources:
                named = (*source.rows, *source.segments)
                row = {name: self._value(name, seen, event.values) for name in named}
                found.setdefault((source.id, day), []).append(row)
        for (name, day), rows in found.items():
            self._append(name, day, rows)
        return {name for name, _ in found}

    def _append(self, name: str, day: date, rows: list[dict[str, Any]]) -> None:
        source = shipped_library().source(name)
        kinds = {**dict.fromkeys(source.segments, Kind.TEXT), **source.rows}
        schema = {field: _SCHEMAS[kind] for field, kind in kinds.items()}
        frame = pl.DataFrame(rows, schema=schema, strict=False)
        frame = frame.with_columns(pl.lit(day).alias(DAY))
        before = self._rows.get((name, day))
        self._rows[name, day] = frame if before is None else pl.concat([before, frame])

    def _decided(self, leaf: Leaf, sealed: Sealed) -> dict[str, Any]:
        """What is known of the decision beside the event."""
        seen: dict[str, Any] = {
            "event_type": sealed.understood.type,
            "degraded": leaf.degraded,
            "late": leaf.late,
        }
        if sealed.decision is None:
            return seen
        decided = _decode(sealed.decision)
        asks = lists_of_policy(leaf.policy or "", activated={}).by_rule
        return seen | {
            "outcome": decided.outcome,
            "points": decided.points,
            "unknown_rules": float(len(decided.unknowns)),
            "list_hits": float(sum(hit.rule in asks for hit in decided.hits)),
        }

    def _value(self, name: str, seen: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        value = seen.get(name, values.get(name))
        if value is None or name not in _HASHED:
            return value
        text = str(value).encode()
        return hashlib.blake2b(text, key=self._salt[:32], digest_size=8).hexdigest()

    @staticmethod
    def _by_day(source: Source, rows: pl.DataFrame) -> pl.DataFrame:
        aggregates = {
            name: column.aggregate
            for name, column in source.columns.items()
            if column.aggregate is not None
        }
        rows = rows.with_columns(pl.col(name).fill_null("-") for name in source.segments)
        return by_day(rows, aggregates=aggregates, segments=list(source.segments))

    def _close_old_days(self) -> None:
        """Make tables of the days that are over, and remember from where to read again."""
        if self._newest is None:
            return
        limit = self._newest - timedelta(days=KEPT_DAYS - 1)
        over = sorted({day for _, day in self._rows if day < limit})
        if not over:
            return
        for source in self._sources:
            rows = [self._rows.pop((source.id, day), None) for day in over]
            known = [one for one in rows if one is not None]
            if known:
                self._write(source, self._by_day(source, pl.concat(known)))
        kept = [first for day, first in self._first.items() if day >= limit]
        self._first = {day: first for day, first in self._first.items() if day >= limit}
        self._closed = over[-1]
        again = min(kept) - 1 if kept else self._after
        said = {"journal": self._journal, "after": again, "closed": self._closed.isoformat()}
        self._replace(self._folder / "journal.json", json.dumps(said).encode())

    def _write(self, source: Source, table: pl.DataFrame) -> None:
        place = self._place(source.id)
        if place.is_file():
            before = pl.read_parquet(place)
            days = table[DAY].unique().to_list()
            table = pl.concat(
                [before.filter(~pl.col(DAY).is_in(days)), table], how="diagonal_relaxed"
            )
        new = place.with_suffix(".new")
        table.sort(DAY).write_parquet(new)
        new.replace(place)

    def _replace(self, place: Path, content: bytes) -> None:
        new = place.with_suffix(".new")
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)

    def _place(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"

    def _kept(self) -> tuple[str, int, date | None]:
        place = self._folder / "journal.json"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not place.is_file():
            return "", 0, None
        said = json.loads(place.read_text(encoding="utf-8"))
        return said["journal"], said["after"], date.fromisoformat(said["closed"])

    def _begin_anew(self, identity: str) -> None:
        """Another journal, or the first: what was made of the one before is no more."""
        if self._journal:
            for source in self._sources:
                self._place(source.id).unlink(missing_ok=True)
        self._journal, self._after, self._closed = identity, 0, None
        self._rows.clear()
        self._first.clear()
        self._newest = None


_FOLLOWED: Final[dict[str, JournalRows]] = {}


def journal_rows() -> JournalRows:
    """The rows of this data directory's journal, as this process has followed them."""
    folder: Path = settings.CONSOLE.directory / "sources" / "journal"
    if str(folder) not in _FOLLOWED:
        _FOLLOWED[str(folder)] = JournalRows(folder, zone=ZoneInfo(settings.TIME_ZONE))
    return _FOLLOWED[str(folder)]
