"""What the journal's own sources hold: rows of events by day, and the tables made of them.

The rows of the last two days are in memory; what is older has become a table by day on disk, with
the place of the journal from which the rest is read again. Rows themselves stay on disk for a
while, so that a number can be followed to its events; those that books are made of (loans,
repayments, movements of money) stay for good. Nothing here is the truth: without the folder it is
all made again from the journal. Who is meant is hashed under a key of the house.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings

from fengkong.console.journaled.reading import opened_history
from fengkong.console.warnings.journal.day_rows import SEQUENCE, DayRows
from fengkong.console.warnings.journal.kept_events import (
    FACTS,
    Kept,
    journal_sources,
    kept_of_source,
)
from fengkong.console.warnings.journal.row_reading import RowReader
from fengkong.console.warnings.table_files import write_whole
from fengkong.indicators.aggregates import by_day
from fengkong.indicators.columns import DAY, UNTOLD
from fengkong.indicators.sources import Source
from fengkong.journal.entries import Entry, Leaf
from fengkong.journal.history import EVENT_KINDS, History, Sealed, decode_sealed
from fengkong.rules.kinds import Kind

BATCH: Final = 2_000
TURN: Final = 40_000
"""Entries of one turn: the worker has other jobs too."""
KEPT_DAYS: Final = 2
"""Rows of so many days are kept; an event that comes later than that is not counted any more."""
ROWS_DAYS: Final = 35
"""Rows of so many days stay on disk, for those who ask which events a number counted."""
WRITE_S: Final = 20.0
"""Rows of days that are not over are written this often, for the screens."""
QUIET_S: Final = 60.0
"""A source of which no row came for so long has told what it had to tell."""
PATIENCE_S: Final = 600.0
"""So long a source may tell of days gone by before it is called stale."""
FORM: Final = 6
"""The form of what is kept; another one is made again from the journal."""
_QUARTER_US: Final = 900_000_000
_DAYS_KNOWN: Final = 10_000
_SCHEMAS: Final = {
    Kind.TEXT: pl.String,
    Kind.MONEY: pl.Int64,
    Kind.NUMBER: pl.Float64,
    Kind.BOOLEAN: pl.Boolean,
    Kind.INSTANT: pl.Int64,
}


class JournalRows:
    """Follows the journal for the indicators; one a process and data directory.

    Threads may share it: what is read is never half of what was taken in.
    """

    def __init__(self, folder: Path, *, zone: ZoneInfo) -> None:
        self._folder = folder
        self._zone = zone
        self._sources = journal_sources()
        self._kinds = [*(kept_of_source(one) for one in self._sources), *FACTS]
        self._of_type = {
            kind: [one for one in self._kinds if kind in one.events]
            for kind in {kind for one in self._kinds for kind in one.events}
        }
        self.rows = DayRows(folder / "rows")
        self._turn = threading.RLock()
        self._untold: set[str] = set()
        self._arriving: dict[str, tuple[float, float]] = {}
        self._unwritten: set[tuple[str, date]] = set()
        self._written_at = 0.0
        self._follows = False
        self._rows: dict[tuple[str, date], pl.DataFrame] = {}
        self._first: dict[date, int] = {}
        self._newest: date | None = None
        self._days: dict[int, date] = {}
        self._activated: dict[str, int] = {}
        self._salt = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
        self._journal, self._after, self._closed = self._kept()

    @property
    def after(self) -> int:
        """The place in the journal up to which it was read."""
        return self._after

    def step(self) -> set[str]:
        """Take in what is new, up to a turn's worth; the sources that have rows not told before."""
        with self._turn:
            self.follow()
            changed, self._untold = self._untold, set()
        return changed

    def follow(self) -> None:
        """Take in what is new, up to a turn's worth; the next `step` tells of it."""
        with self._turn:
            taken = self._taken_in()
            self._note_arrivals(taken)
            self._untold |= taken

    def is_arriving(self, name: str) -> bool:
        """Whether rows of a source have begun to come and still do: a past that is being told."""
        now = time.monotonic()
        begun, newest = self._arriving.get(name, (-PATIENCE_S, -QUIET_S))
        return now - newest <= QUIET_S and now - begun <= PATIENCE_S

    def _note_arrivals(self, names: set[str]) -> None:
        now = time.monotonic()
        for name in names:
            begun, newest = self._arriving.get(name, (now, now))
            self._arriving[name] = (now if now - newest > QUIET_S else begun, now)

    def _taken_in(self) -> set[str]:
        changed: set[str] = set()
        self._follows = True
        with opened_history() as history:
            identity = history.reading.identity.hex()
            if identity != self._journal:
                self._begin_anew(identity)
            for _ in range(TURN // BATCH):
                entries = history.reading.read(after=self._after, limit=BATCH)
                if not entries:
                    break
                leaves = [history.leaf(entry) for entry in entries]
                self._learn(history, entries, leaves)
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
        self._write_open_days()
        return changed

    def table(self, source: Source) -> pl.DataFrame | None:
        """The table by day of a source, what is on disk and what is in memory; None for nothing."""
        parts = []
        with self._turn:
            place = self._place(source.id)
            if place.is_file():
                parts.append(pl.read_parquet(place))
            recent = self._recent(source.id)
        if recent is not None:
            parts.append(self._by_day(source, recent))
        return pl.concat(parts, how="diagonal_relaxed") if parts else None

    def facts(self, kind: Kept) -> pl.DataFrame | None:
        """All rows of what a book is made of, each once, with their day; None for nothing."""
        with self._turn:
            parts = [self.rows.read(kind.name), self._recent(kind.name)]
        known = [one for one in parts if one is not None]
        if not known:
            return None
        return pl.concat(known, how="diagonal_relaxed").unique(SEQUENCE, maintain_order=True)

    def rows_of(self, name: str, *, since: date, until: date) -> pl.DataFrame | None:
        """The rows of some days that are still kept, each once; None where there are none."""
        with self._turn:
            parts = [self.rows.read(name, since=since, until=until), self._recent(name)]
        known = [one for one in parts if one is not None]
        if not known:
            return None
        rows = pl.concat(known, how="diagonal_relaxed")
        inside = rows.filter(pl.col(DAY).is_between(since, until))
        return inside.unique(SEQUENCE, keep="last", maintain_order=True)

    def _recent(self, name: str) -> pl.DataFrame | None:
        """Rows of the days that are not over: from memory, or, beside the follower, from disk."""
        if self._follows:
            rows = [rows for (kind, _), rows in sorted(self._rows.items()) if kind == name]
            return pl.concat(rows) if rows else None
        _, _, closed = self._kept()
        return self.rows.read(name, since=None if closed is None else closed + timedelta(days=1))

    def _take(self, opened: Iterable[tuple[Leaf, Sealed]]) -> set[str]:
        found: dict[tuple[str, date], list[tuple[Any, ...]]] = {}
        reader = RowReader(self._salt, activated=self._activated)
        for leaf, sealed in opened:
            event = sealed.understood
            kinds = self._of_type.get(event.type)
            if not kinds:
                continue
            day = self._day_of(event.occurred_at)
            is_over = self._closed is not None and day <= self._closed
            if not is_over:
                self._first.setdefault(day, leaf.sequence)
                self._newest = max(day, self._newest or day)
            facts = reader.facts(leaf, sealed)
            for kind in kinds:
                if is_over and kind.source is not None:
                    continue
                found.setdefault((kind.name, day), []).append(reader.row(kind, facts))
        for (name, day), rows in found.items():
            self._append(name, day, rows)
        return {name for name, _ in found}

    def _learn(self, history: History, entries: Sequence[Entry], leaves: Sequence[Leaf]) -> None:
        """Remember which policies were activated where: the read model may not know it yet."""
        for entry, leaf in zip(entries, leaves, strict=True):
            if leaf.kind == "policy":
                said = history.activation(entry)
                if said.hash is not None:
                    self._activated[said.hash] = leaf.sequence

    def _day_of(self, occurred_at: int) -> date:
        """The day in the house's zone; zones change by quarters of an hour."""
        quarter = occurred_at // _QUARTER_US
        found = self._days.get(quarter)
        if found is None:
            if len(self._days) >= _DAYS_KNOWN:
                self._days.clear()
            found = datetime.fromtimestamp(quarter * _QUARTER_US / 1e6, tz=self._zone).date()
            self._days[quarter] = found
        return found

    def _append(self, name: str, day: date, rows: list[tuple[Any, ...]]) -> None:
        kind = next(one for one in self._kinds if one.name == name)
        order = (*kind.plain, *kind.named)
        schema = {field: _SCHEMAS[kind.fields[field]] for field in order} | {SEQUENCE: pl.Int64}
        columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
        frame = pl.DataFrame(
            [pl.Series(name, values, dtype, strict=False) for (name, dtype), values in columns]
        ).with_columns(pl.lit(day).alias(DAY))
        before = self._rows.get((name, day))
        self._rows[name, day] = frame if before is None else pl.concat([before, frame])
        self._unwritten.add((name, day))

    @staticmethod
    def _by_day(source: Source, rows: pl.DataFrame) -> pl.DataFrame:
        aggregates = {
            name: column.aggregate
            for name, column in source.columns.items()
            if column.aggregate is not None
        }
        rows = rows.with_columns(pl.col(name).fill_null(UNTOLD) for name in source.segments)
        return by_day(rows, aggregates=aggregates, segments=list(source.segments))

    def _close_old_days(self) -> None:
        """Make tables of the days that are over, and remember from where to read again."""
        if self._newest is None:
            return
        limit = self._newest - timedelta(days=KEPT_DAYS - 1)
        over = sorted({day for _, day in self._rows if day < limit})
        if not over:
            return
        for kind in self._kinds:
            rows = {
                day: self._rows.pop((kind.name, day))
                for day in over
                if (kind.name, day) in self._rows
            }
            for day, of_day in rows.items():
                self.rows.keep(kind.name, day, of_day)
            if kind.source is not None and rows:
                self._write(kind.source, self._by_day(kind.source, pl.concat(rows.values())))
            if kind.source is not None:
                self.rows.forget(kind.name, before=limit - timedelta(days=ROWS_DAYS))
        self._unwritten = {one for one in self._unwritten if one in self._rows}
        kept = [first for day, first in self._first.items() if day >= limit]
        self._first = {day: first for day, first in self._first.items() if day >= limit}
        self._closed = max(over[-1], self._closed or over[-1])
        again = min(kept) - 1 if kept else self._after
        said = {
            "journal": self._journal,
            "after": again,
            "form": FORM,
            "closed": self._closed.isoformat(),
        }
        self._replace(self._folder / "journal.json", json.dumps(said).encode())

    def _write_open_days(self) -> None:
        """Write the rows of days that are not over, now and then, for those who only read."""
        if not self._unwritten or time.monotonic() - self._written_at < WRITE_S:
            return
        for name, day in self._unwritten:
            self.rows.keep(name, day, self._rows[name, day])
        self._unwritten.clear()
        self._written_at = time.monotonic()

    def _write(self, source: Source, table: pl.DataFrame) -> None:
        place = self._place(source.id)
        if place.is_file():
            before = pl.read_parquet(place)
            days = table[DAY].unique().to_list()
            table = pl.concat(
                [before.filter(~pl.col(DAY).is_in(days)), table], how="diagonal_relaxed"
            )
        write_whole(place, table.sort(DAY))

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
        if said.get("form") != FORM:
            return "another form", 0, None
        return said["journal"], said["after"], date.fromisoformat(said["closed"])

    def _begin_anew(self, identity: str) -> None:
        """Another journal, or the first: what was made of the one before is no more."""
        if self._journal:
            for source in self._sources:
                self._place(source.id).unlink(missing_ok=True)
            self.rows.clear()
        self._journal, self._after, self._closed = identity, 0, None
        self._rows.clear()
        self._unwritten.clear()
        self._first.clear()
        self._activated.clear()
        self._newest = None


_FOLLOWED: Final[dict[str, JournalRows]] = {}


def journal_rows() -> JournalRows:
    """The rows of this data directory's journal, as this process has followed them."""
    folder: Path = settings.CONSOLE.directory / "sources" / "journal"
    if str(folder) not in _FOLLOWED:
        _FOLLOWED[str(folder)] = JournalRows(folder, zone=ZoneInfo(settings.TIME_ZONE))
    return _FOLLOWED[str(folder)]
