"""A rehearsed restore really puts everything back, leaves but a note, and says what broke."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from desk_of_tests import settings_of
from sites import backed_up, checked, filled, restored, silent

from fengkong.core.errors import RiskError
from fengkong.service.backups.checking import keys_of_backup
from fengkong.service.backups.creating import KeysApart
from fengkong.service.backups.errors import ForeignBackupError, UnwritableBackupError
from fengkong.service.backups.rehearsing import NOTE, Rehearsed, rehearse_restore
from fengkong.service.clock import wall_clock


def with_console(folder: Path) -> Path:
    """A data directory with a console's database under way, its keys, and a delivered book."""
    filled(folder, count=8)
    data = folder / "data"
    with closing(sqlite3.connect(data / "console.db")) as console:
        console.execute("PRAGMA journal_mode=WAL")
        console.execute("CREATE TABLE cases (title TEXT)")
        console.execute("INSERT INTO cases VALUES ('a ring')")
        console.commit()
    for name in ("console.key", "console-files.key"):
        (data / "keys" / name).write_text(f"secret of {name}")
        (data / "keys" / name).chmod(0o600)
    (data / "console.yaml").write_text("port: 8801\n")
    (data / "sources").mkdir()
    (data / "sources" / "loan_book.csv").write_text("day\n2026-01-01\n")
    return data


def rehearsed(
    folder: Path, backup: Path, *, keys: Path | None = None, scratch: Path | None = None
) -> Rehearsed:
    (folder / "scratch").mkdir(exist_ok=True)
    return rehearse_restore(
        settings_of(folder),
        backup,
        keys=keys_of_backup(backup, keys=keys, environment={}),
        key_folder=keys or backup / "keys",
        scratch=scratch or folder / "scratch",
        now=wall_clock(),
        progress=silent,
    )


def test_the_console_comes_back_with_the_journal(tmp_path: Path) -> None:
    with_console(tmp_path / "a")
    backed_up(tmp_path / "a", tmp_path / "backup", keys=KeysApart(tmp_path / "safe"))
    assert not (tmp_path / "backup" / "keys").exists()
    checked(tmp_path / "backup", keys=tmp_path / "safe")
    restored(tmp_path / "backup", tmp_path / "b", keys=tmp_path / "safe")
    data = tmp_path / "b" / "data"
    with closing(sqlite3.connect(data / "console.db")) as console:
        assert console.execute("SELECT title FROM cases").fetchall() == [("a ring",)]
    assert (data / "keys" / "console.key").read_text() == "secret of console.key"
    assert (data / "keys" / "console-files.key").stat().st_mode & 0o077 == 0
    assert (data / "console.yaml").read_text() == "port: 8801\n"
    assert (data / "sources" / "loan_book.csv").exists()


def test_a_spoilt_database_of_the_console_is_named(tmp_path: Path) -> None:
    with_console(tmp_path / "a")
    backed_up(tmp_path / "a", tmp_path / "backup")
    whole = (tmp_path / "backup" / "console.db").read_bytes()
    (tmp_path / "backup" / "console.db").write_bytes(whole.replace(b"a ring", b"a king"))
    with pytest.raises(RiskError, match=r"console\.db was changed"):
        checked(tmp_path / "backup")


def test_a_rehearsal_leaves_a_note_and_nothing_else(tmp_path: Path) -> None:
    data = with_console(tmp_path)
    manifest = backed_up(tmp_path, tmp_path / "backup")
    before = set(data.rglob("*"))
    found = rehearsed(tmp_path, tmp_path / "backup")
    assert found.manifest == manifest
    assert list((tmp_path / "scratch").iterdir()) == []
    assert set(data.rglob("*")) - before == {data / NOTE}
    note = json.loads((data / NOTE).read_text())
    assert note["made_at"] == manifest.made_at
    assert note["sequence"] == manifest.sequence
    assert note["rehearsed_at"] >= manifest.made_at


def test_a_backup_that_does_not_come_back_leaves_no_note(tmp_path: Path) -> None:
    data = with_console(tmp_path)
    backed_up(tmp_path, tmp_path / "backup")
    journal = tmp_path / "backup" / "journal.db"
    journal.write_bytes(journal.read_bytes()[:-4096])
    with pytest.raises(RiskError, match=r"journal\.db"):
        rehearsed(tmp_path, tmp_path / "backup")
    assert not (data / NOTE).exists()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    data = with_console(tmp_path)
    backed_up(tmp_path, tmp_path / "backup")
    with pytest.raises(UnwritableBackupError, match="nowhere: No such file"):
        rehearsed(tmp_path, tmp_path / "backup", scratch=tmp_path / "nowhere")
    assert not (data / NOTE).exists()


def test_the_backup_of_another_ledger_proves_nothing(tmp_path: Path) -> None:
    with_console(tmp_path / "a")
    with_console(tmp_path / "b")
    backed_up(tmp_path / "b", tmp_path / "backup")
    with pytest.raises(ForeignBackupError, match="another ledger"):
        rehearsed(tmp_path / "a", tmp_path / "backup")
    assert not (tmp_path / "a" / "data" / NOTE).exists()
