"""History moved to Parquet and back: what a reader sees stays the same, in both stores."""

import random
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fengkong.core.instants import DAY_US
from fengkong.journal import archive as archive_module
from fengkong.journal import archiving
from fengkong.journal.appending import Appender
from fengkong.journal.archive import ArchiveFolder, day_of, entries_in, start_of_day
from fengkong.journal.archiving import NothingArchivedError, archive, bring_back
from fengkong.journal.entries import Entry
from fengkong.journal.errors import DamagedJournalError, ForeignJournalError
from fengkong.journal.port import Store, StoredCheckpoint
from fengkong.journal.postgres_store import PostgresStore
from fengkong.journal.sqlite_store import SqliteStore

DAY0 = start_of_day(date(2026, 11, 20))
FOREVER = 10**17


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "PAUSE_S", 0)


def grown(store: Store, days: list[int], *, each: int, signed: bool = True) -> list[Entry]:
    """Entries on so many days after the first, some of them of no event; all of them."""
    appender = Appender(store)
    for day in days:
        for number in range(each):
            sequence = appender.next_sequence
            event = number % 7 != 3
            appender.add(
                kind="decision" if event else "security",
                event_id=f"e-{sequence}" if event else None,
                recorded_at=DAY0 + day * DAY_US + number,
                payload=sha256(str(sequence).encode()).digest() * (1 + number % 3),
            )
    batch = appender.take_batch(
        checkpoint=StoredCheckpoint(appender.size, b"note") if signed else None
    )
    store.stage(batch)
    store.commit()
    return store.read(after=0, limit=10**6)


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    return ArchiveFolder(tmp_path / "archive")


@pytest.fixture
def kept(store: Store, folder: ArchiveFolder) -> Store:
    store.archive = folder
    return store


def bare(store: Store) -> list[bytes]:
    """The payloads as the database holds them."""
    store.archive, folder = None, store.archive
    payloads = [entry.payload for entry in store.read(after=0, limit=10**6)]
    store.archive = folder
    return payloads


def test_what_was_moved_is_read_as_before(kept: Store, folder: ArchiveFolder) -> None:
    entries = grown(kept, [0, 1, 2, 3], each=300)
    moved = archive(kept, folder, before=DAY0 + 2 * DAY_US)
    assert [(file.day, file.first, file.last) for file in moved.files] == [
        ("2026-11-20", 1, 300),
        ("2026-11-21", 301, 600),
    ]
    held = bare(kept)
    for entry, payload in zip(entries, held, strict=True):
        moved_out = entry.sequence <= 600 and entry.event_hash != 0
        assert payload == (b"" if moved_out else entry.payload)
    assert kept.read(after=0, limit=10**6) == entries
    assert kept.read(after=595, limit=10) == entries[595:605]
    for sequence in (1, 4, 300, 301, 600, 601):
        assert kept.entry(sequence) == entries[sequence - 1]
    found = kept.find([entries[0].event_hash])
    assert [one.sequence for one in found] == [1]
    assert Appender(kept).root() == Appender(kept).root()
    again = archive(kept, folder, before=DAY0 + 2 * DAY_US)
    assert again.files == []
    assert archive(kept, folder, before=FOREVER).entries == 600
    assert kept.read(after=0, limit=10**6) == entries


def test_what_was_brought_back_is_there(kept: Store, folder: ArchiveFolder) -> None:
    entries = grown(kept, [0, 1, 2], each=300)
    archive(kept, folder, before=FOREVER)
    bring_back(kept, folder, days=["2026-11-21"])
    assert [file.day for file in folder.files()] == ["2026-11-20", "2026-11-22"]
    assert kept.read(after=0, limit=10**6) == entries
    assert [len(payload) > 0 for payload in bare(kept)[300:600]] == [True] * 300
    archive(kept, folder, before=FOREVER)  # the gap is filled again
    assert [file.first for file in folder.files()] == [1, 301, 601]
    bring_back(kept, folder, days=None)
    assert folder.files() == []
    assert bare(kept) == [entry.payload for entry in entries]
    with pytest.raises(NothingArchivedError, match="2026-11-21"):
        bring_back(kept, folder, days=["2026-11-21"])


def test_only_what_is_signed_is_moved(kept: Store, folder: ArchiveFolder) -> None:
    grown(kept, [0], each=50)
    grown(kept, [0], each=50, signed=False)
    assert archive(kept, folder, before=FOREVER).entries == 50


def test_a_clock_that_was_set_back_makes_files_of_its_own(
    kept: Store, folder: ArchiveFolder
) -> None:
    entries = grown(kept, [5, -400, 5], each=20)
    moved = archive(kept, folder, before=FOREVER)
    assert [file.first for file in moved.files] == [1, 21, 41]
    assert kept.read(after=0, limit=100) == entries
    assert day_of(DAY0 - 1) == "2026-11-19"


def test_a_busy_day_has_several_files(
    kept: Store, folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "FILE_ENTRIES", 64)
    entries = grown(kept, [0, 1], each=150)
    moved = archive(kept, folder, before=FOREVER)
    assert [file.last - file.first + 1 for file in moved.files] == [64, 64, 22, 64, 64, 22]
    assert kept.read(after=0, limit=1000) == entries


class CutError(Exception):
    """Planted: the process ends here."""


@pytest.mark.parametrize("way", ["archive", "restore"])
def test_cut_off_at_any_step_nothing_is_lost_or_doubled(
    kept: Store, folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(archiving, "STEP", 16)
    monkeypatch.setattr(archiving, "FILE_ENTRIES", 64)
    entries = grown(kept, [0, 1], each=100)
    if way == "restore":
        archive(kept, folder, before=FOREVER)
    steps = [0]

    def cutting(real: Callable[..., Any], at: int) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            steps[0] += 1
            if steps[0] == at:
                raise CutError
            return real(*arguments, **named)

        return call

    cuts = 0
    for at in range(1, 200):
        steps[0] = 0
        with monkeypatch.context() as patched:
            for name in ("drop_payloads", "put_payloads"):
                patched.setattr(kept, name, cutting(getattr(kept, name), at))
            for name in ("write_file", "sync_directory"):
                patched.setattr(archiving, name, cutting(getattr(archiving, name), at))
            patched.setattr(archive_module, "sync_directory", cutting(lambda _: None, at))
            try:
                if way == "archive":
                    archive(kept, folder, before=FOREVER)
                else:
                    bring_back(kept, folder, days=None)
            except CutError:
                cuts += 1
        assert kept.read(after=0, limit=1000) == entries
        if steps[0] < at:
            break
        if way == "restore":
            archive(kept, folder, before=FOREVER)
        elif at % 3 == 0 and folder.files():
            bring_back(kept, folder, days=None)
    assert cuts > 10
    assert kept.read(after=0, limit=1000) == entries
    archive(kept, folder, before=FOREVER)
    assert sum(len(entries_in(file.path)) for file in folder.files()) == len(entries)


def test_a_lost_or_damaged_file_is_named(kept: Store, folder: ArchiveFolder) -> None:
    grown(kept, [0, 1], each=200)
    archive(kept, folder, before=FOREVER)
    first, second = (file.path for file in folder.files())
    content = first.read_bytes()
    first.unlink()
    with pytest.raises(DamagedJournalError, match="entry 1: its payload was archived"):
        kept.read(after=0, limit=10)
    dice = random.Random(5)
    noticed = 0
    for _ in range(40):
        spoilt = bytearray(content)
        at = dice.randrange(len(content))
        spoilt[at : at + 40] = dice.randbytes(len(spoilt[at : at + 40]))
        first.write_bytes(spoilt)
        try:
            noticed += any(
                sha256(e.payload).hexdigest().encode() not in e.leaf
                for e in kept.read(after=0, limit=200)
            )
        except DamagedJournalError as error:
            assert first.name in str(error)
            noticed += 1
    assert noticed
    first.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedJournalError, match=first.name):
        bring_back(kept, folder, days=None)
    rows = pl.read_parquet(second)
    other = second.with_name(first.name)
    other.write_bytes(second.read_bytes())
    with pytest.raises(DamagedJournalError):
        kept.read(after=0, limit=10)
    rows.write_parquet(other)
    with pytest.raises(ForeignJournalError):
        bring_back(kept, folder, days=["2026-11-20"])


def test_upkeep_goes_on_beside_the_writer(place: Any, store: Store, folder: ArchiveFolder) -> None:
    """The one writer keeps its lock and its order; the other connection only keeps house."""
    entries = grown(store, [0], each=100)
    beside = (
        SqliteStore.beside_the_writer(place.path)
        if isinstance(store, SqliteStore)
        else PostgresStore.beside_the_writer(place.url)
    )
    beside.archive = store.archive = folder
    archive(beside, folder, before=FOREVER)
    more = grown(store, [1], each=10)
    assert more[:100] == entries
    assert len(more) == 110
    beside.close()
