"""What only an SQLite file can be: foreign, damaged, unsafe, readable by others."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from fengkong.journal import sqlite_file
from fengkong.journal.appending import Appender
from fengkong.journal.errors import (
    DamagedJournalError,
    ForeignJournalError,
    StoreUnavailableError,
    UnsafeSqliteError,
)
from fengkong.journal.port import Batch
from fengkong.journal.sqlite_store import SqliteStore
from fengkong.protection.subject_keys import SubjectKey

Add = Callable[..., list[str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.mark.parametrize(
    ("version", "safe"),
    [(3_040_001, False), (3_051_002, False), (3_051_003, True), (3_054_001, True)],
)
def test_sqlite_with_the_wal_reset_bug_is_refused(version: int, safe: bool) -> None:
    if safe:
        sqlite_file.check_sqlite(version)
    else:
        with pytest.raises(UnsafeSqliteError):
            sqlite_file.check_sqlite(version)


def test_only_its_owner_may_read_the_file(path: Path) -> None:
    store = SqliteStore.open(path)
    files = sorted(path.parent.iterdir())
    assert {file.name for file in files} >= {"journal.db", "journal.db.lock"}
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    store.close()


def test_another_database_is_not_a_journal(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(ForeignJournalError):
        SqliteStore.open(path)


def test_a_journal_of_a_later_format_is_left_alone(path: Path) -> None:
    SqliteStore.open(path).close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", sqlite_file.FORMAT + 1)
    connection.close()
    with pytest.raises(ForeignJournalError, match="format 2"):
        SqliteStore.open(path)


@pytest.mark.parametrize("content", [b"not a database at all" * 400, b"SQLite format 3\x00junk"])
def test_what_is_no_database_is_damaged_or_foreign(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises((DamagedJournalError, ForeignJournalError)):
        SqliteStore.open(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_damaged(path: Path, add: Add, share: float) -> None:
    store = SqliteStore.open(path)
    add(appender := Appender(store), 300)
    store.stage(appender.take_batch())
    store.commit()
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share) // 4096 * 4096])
    with pytest.raises(DamagedJournalError):
        SqliteStore.open(path).check_structure()


def test_after_a_refusal_the_lock_is_free(path: Path) -> None:
    path.write_bytes(b"x" * 5000)
    for _ in range(2):
        with pytest.raises(DamagedJournalError):
            SqliteStore.open(path)
    path.unlink()
    SqliteStore.open(path).close()


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        SqliteStore.open(tmp_path / "missing" / "journal.db")


def test_nothing_of_a_destroyed_key_remains_in_any_file(path: Path) -> None:
    wrapped = b"<the wrapped key, of which nothing may remain>"
    store = SqliteStore.open(path)
    keys = [
        SubjectKey(
            subject=bytes([number]) * 16,
            key_id=bytes([number]) * 8,
            master_id="m",
            wrapped=wrapped if number == 7 else b"another" * 6,
            created_at=1,
        )
        for number in range(200)
    ]
    for start in range(0, 200, 20):
        store.stage(Batch(keys=keys[start : start + 20]))
        store.commit()
    assert wrapped in _contents(path)
    assert store.destroy(keys[7].subject, at=2)
    assert wrapped not in _contents(path)
    store.close()
    assert wrapped not in path.read_bytes()


def _contents(path: Path) -> bytes:
    """The files of a journal, read by another process: closing them here would drop locks."""
    script = "import sys; [sys.stdout.buffer.write(open(n, 'rb').read()) for n in sys.argv[1:]]"
    command = [sys.executable, "-c", script, str(path), f"{path}-wal"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_the_wal_stays_bounded_under_load(path: Path, add: Add) -> None:
    store = SqliteStore.open(path)
    appender = Appender(store)
    wal = Path(f"{path}-wal")
    longest = 0
    for _ in range(60):
        add(appender, 200, size=4000)
        store.stage(appender.take_batch())
        store.commit()
        longest = max(longest, wal.stat().st_size)
    store.close()
    assert path.stat().st_size > 48 << 20
    assert longest < 80 << 20
