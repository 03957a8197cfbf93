"""What a backup promises: made while serving, whole or refused, and alive again where restored."""

import asyncio
import random
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import payment, send, serve, settings_of
from sites import asked, backed_up, checked, filled, restored, silent

from fengkong.core.errors import FaultsError, RiskError
from fengkong.journal.entries import decode_leaf
from fengkong.journal.errors import JournalExistsError
from fengkong.journal.verification import RolledBackError
from fengkong.ledger.notes import VerifierKey
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.service.backups.accepting import accept_rollback
from fengkong.service.backups.checking import BackupKeys, check_backup
from fengkong.service.backups.creating import KeysApart
from fengkong.service.backups.errors import (
    MissingKeysError,
    NothingToAcceptError,
    OccupiedPlaceError,
    UnfinishedBackupError,
    UnwritableBackupError,
)
from fengkong.service.backups.manifest import MANIFEST, files_of
from fengkong.service.clock import wall_clock
from fengkong.service.opening import open_for_reading


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, bytes]]:
    """A site, its backup with the keys in it, and its answers: for those who only look."""
    folder = tmp_path_factory.mktemp("whole")
    answers = filled(folder, count=300)
    access = Access(folder / "data" / "access.db")
    terms = KeyTerms(name="a", scopes=frozenset({"read"}), rate_per_second=1, burst=1)
    access.create(terms, now=wall_clock())
    access.close()
    backed_up(folder, folder / "backup")
    return folder, folder / "backup", answers


@pytest.fixture
def copy(whole: tuple[Path, Path, dict[str, bytes]], tmp_path: Path) -> Path:
    """A copy of that backup, to be spoilt."""
    return Path(shutil.copytree(whole[1], tmp_path / "copy"))


def faults_of(backup: Path) -> str:
    with pytest.raises(RiskError) as raised:
        checked(backup)
    return str(raised.value)


def test_a_restored_service_gives_the_same_bytes(whole: Any, tmp_path: Path) -> None:
    _, backup, answers = whole
    found = checked(backup)
    assert found.opened
    assert found.manifest.sequence == 301
    assert not restored(backup, tmp_path).ahead
    assert asked(tmp_path, list(answers)) == answers
    more = filled(tmp_path, first=300, count=5, policy=None)
    assert len(more) == 5


def test_a_backup_is_made_while_the_service_writes(tmp_path: Path) -> None:
    answers: dict[str, bytes] = {}

    async def work(service: Any) -> Any:
        copying: asyncio.Task[Any] | None = None
        number = 0
        while copying is None or not copying.done() or number < 60:
            if number == 40:
                copying = asyncio.create_task(
                    asyncio.to_thread(backed_up, tmp_path, tmp_path / "backup")
                )
            event = payment(number)
            (answer,) = await send(service, event)
            answers[str(event["id"])] = answer.body
            number += 1
        return await copying

    manifest = serve(tmp_path, work)
    held = checked(tmp_path / "backup").manifest
    assert held == manifest
    restored(tmp_path / "backup", tmp_path / "again")
    known = dict(list(answers.items())[: manifest.sequence - 1])
    assert known
    assert asked(tmp_path / "again", list(known)) == known


def test_keys_apart_are_needed_and_enough(tmp_path: Path) -> None:
    answers = filled(tmp_path)
    keys, backup = tmp_path / "keys", tmp_path / "backup"
    manifest = backed_up(tmp_path, backup, keys=KeysApart(keys))
    assert manifest.keys == "apart"
    assert not (backup / "keys").exists()
    with pytest.raises(MissingKeysError, match=r"ledger\.key"):
        checked(backup)
    assert checked(backup, keys=keys).opened
    restored(backup, tmp_path / "again", keys=keys)
    assert asked(tmp_path / "again", list(answers)) == answers
    (keys / "master.json").unlink()
    with pytest.raises(MissingKeysError, match=r"master\.json"):
        checked(backup, keys=keys)


def test_keys_left_out_are_left_out(tmp_path: Path) -> None:
    filled(tmp_path, count=3)
    backed_up(tmp_path, tmp_path / "backup", keys=KeysApart(None))
    secrets = [(tmp_path / "data" / "keys" / name).read_bytes() for name in ("master.json",)]
    for path in files_of(tmp_path / "backup"):
        assert not any(secret in path.read_bytes() for secret in secrets)
    verifier = settings_of(tmp_path)
    from fengkong.service.opening import ledger_signer

    known = BackupKeys(ledger_signer(verifier).verifier, None)
    found = check_backup(tmp_path / "backup", keys=known, progress=silent)
    assert not found.opened
    stranger = VerifierKey.of(name=known.verifier.name, kind=1, public=bytes(32))
    with pytest.raises(RiskError, match="not signed"):
        check_backup(tmp_path / "backup", keys=BackupKeys(stranger, None), progress=silent)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def removed(path: Path) -> None:
    path.unlink()


def linked(path: Path) -> None:
    other = path.with_name("elsewhere")
    path.rename(other.parent.parent / "elsewhere")
    path.symlink_to(other.parent.parent / "elsewhere")


@pytest.mark.parametrize("spoil", [flipped, cut, removed, linked])
@pytest.mark.parametrize("name", ["journal.db", "access.db", "snapshots", "keys/master.json"])
def test_a_spoilt_file_is_named(copy: Path, name: str, spoil: Any) -> None:
    path = next((copy / name).iterdir()) if name == "snapshots" else copy / name
    spoil(path)
    said = faults_of(copy)
    assert path.relative_to(copy).as_posix() in said or name == "keys/master.json"


@pytest.mark.parametrize("flips", [12, pytest.param(250, marks=pytest.mark.nightly)])
def test_every_random_flip_is_found(copy: Path, flips: int) -> None:
    dice = random.Random(11)
    for path in [*files_of(copy), copy / MANIFEST]:
        if "keys" in path.parts:
            continue  # the next test
        content = path.read_bytes()
        for _ in range(flips):
            spoilt = bytearray(content)
            spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
            path.write_bytes(spoilt)
            faults_of(copy)
        path.write_bytes(content)
    assert checked(copy).opened


@pytest.mark.parametrize("extra", ["journal.db-wal", "snapshots/9.snapshot", "service.yaml"])
def test_what_does_not_belong_is_named(copy: Path, extra: str) -> None:
    (copy / extra).write_bytes(b"")
    assert extra in faults_of(copy)


def test_parts_of_two_backups_are_refused(copy: Path, whole: Any, tmp_path: Path) -> None:
    folder, _, _ = whole
    backed_up(folder, tmp_path / "other")
    shutil.copy(tmp_path / "other" / MANIFEST, copy / MANIFEST)
    assert checked(copy).opened  # the very same journal: nothing is mixed
    newer = tmp_path / "newer"
    shutil.copytree(folder / "data", newer / "data")
    filled(newer, first=900, count=3, policy=None)
    backed_up(newer, tmp_path / "third")
    shutil.copy(tmp_path / "third" / "journal.db", copy / "journal.db")
    assert "journal.db" in faults_of(copy)
    shutil.copy(tmp_path / "third" / MANIFEST, copy / MANIFEST)
    assert "snapshot" in faults_of(copy)


def test_a_backup_without_a_manifest_is_unfinished(copy: Path) -> None:
    (copy / MANIFEST).unlink()
    with pytest.raises(UnfinishedBackupError, match=MANIFEST):
        checked(copy)


def test_a_manifest_of_another_key_is_refused(copy: Path, tmp_path: Path) -> None:
    filled(tmp_path / "stranger", count=1)
    keys = tmp_path / "stranger" / "data" / "keys"
    with pytest.raises(RiskError, match="not signed"):
        checked(copy, keys=keys)


def test_a_journal_rewritten_with_its_hash_is_still_refused(copy: Path) -> None:
    """Whoever can write files but cannot sign gains nothing by making the hashes right."""
    with sqlite3.connect(copy / "journal.db") as file:
        file.execute("UPDATE entries SET payload = zeroblob(40) WHERE sequence = 7")
    file.close()
    text = (copy / MANIFEST).read_text()
    from fengkong.service.backups.manifest import measured

    size, digest = measured(copy / "journal.db")
    old = text.partition('"path": "journal.db"')[2].split('"')[5]
    (copy / MANIFEST).write_text(text.replace(old, digest))
    assert size
    assert MANIFEST in faults_of(copy)


def test_nothing_is_written_over(whole: Any, tmp_path: Path) -> None:
    folder, backup, _ = whole
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").write_text("mine")
    with pytest.raises(OccupiedPlaceError):
        restored(backup, tmp_path)
    with pytest.raises(OccupiedPlaceError):
        backed_up(folder, tmp_path / "data")
    with pytest.raises(OccupiedPlaceError, match="inside"):
        backed_up(folder, folder / "data" / "backup")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mine"]


def test_a_failed_backup_or_restore_leaves_nothing(
    whole: Any, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flipped(copy / "journal.db")
    with pytest.raises(FaultsError):
        restored(copy, tmp_path / "again")
    assert not (tmp_path / "again").exists()

    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fengkong.service.backups.creating.signed_manifest", fails)
    with pytest.raises(UnwritableBackupError, match="space"):
        backed_up(whole[0], tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_an_older_backup_is_a_rollback_until_it_is_accepted(tmp_path: Path) -> None:
    answers = filled(tmp_path)
    backed_up(tmp_path, tmp_path / "backup")
    lost = filled(tmp_path, first=40, count=20, policy=None)
    (tmp_path / "data").rename(tmp_path / "broken")
    (ahead,) = restored(tmp_path / "backup", tmp_path).ahead
    assert ahead.size == 61
    with pytest.raises(RolledBackError, match="61"):
        asked(tmp_path, [])
    accepted = accept_rollback(settings_of(tmp_path), environment={}, now=wall_clock())
    assert (accepted.sequence, accepted.promised) == (42, 61)
    assert asked(tmp_path, list(answers)) == answers
    opened = open_for_reading(settings_of(tmp_path), environment={})
    entry = opened.reading.entry(42)
    assert entry is not None
    assert decode_leaf(entry.leaf).kind == "security"
    assert b"rollback_accepted" in entry.payload
    opened.close()
    again = filled(tmp_path, first=40, count=20, policy=None)
    assert again.keys() == lost.keys()
    with pytest.raises(NothingToAcceptError):
        accept_rollback(settings_of(tmp_path), environment={}, now=wall_clock())


def test_a_checkpoint_of_a_stranger_is_not_accepted(tmp_path: Path) -> None:
    filled(tmp_path / "one", count=3)
    filled(tmp_path / "other", count=9)
    place = Path("data.checkpoints") / "checkpoint"
    shutil.copy(tmp_path / "other" / place, tmp_path / "one" / place)
    with pytest.raises(RiskError, match="signed"):
        accept_rollback(settings_of(tmp_path / "one"), environment={}, now=wall_clock())


def test_postgres_and_back(tmp_path: Path, new_address: Any) -> None:
    address = new_address()
    answers = filled(tmp_path, count=80, store=address)
    backup = tmp_path / "backup"
    manifest = backed_up(tmp_path, backup, store=address)
    assert (manifest.store, manifest.sequence) == ("postgresql", 81)
    assert checked(backup).opened
    with pytest.raises(RiskError, match="--store"):
        restored(backup, tmp_path / "none")
    restored(backup, tmp_path / "file", store="sqlite")
    assert asked(tmp_path / "file", list(answers)) == answers
    other = new_address()
    restored(backup, tmp_path / "database", store=other)
    assert asked(tmp_path / "database", list(answers)) == answers  # by its own settings
    restored(backup, tmp_path / "second", store=other)  # the very same journal is there
    filled(tmp_path / "database", first=500, count=1, policy=None)
    with pytest.raises(JournalExistsError):
        restored(backup, tmp_path / "third", store=other)  # it went on since
    assert not (tmp_path / "third" / "data").exists()


def test_postgres_is_copied_as_it_was_at_one_moment(tmp_path: Path, new_address: Any) -> None:
    address = new_address()
    answers: dict[str, bytes] = {}

    async def work(service: Any) -> Any:
        copying: asyncio.Task[Any] | None = None
        number = 0
        while copying is None or not copying.done():
            if number == 40:
                copying = asyncio.create_task(
                    asyncio.to_thread(backed_up, tmp_path, tmp_path / "backup", store=address)
                )
            event = payment(number)
            (answer,) = await send(service, event)
            answers[str(event["id"])] = answer.body
            number += 1
        return await copying

    manifest = serve(tmp_path, work, store=address)
    assert checked(tmp_path / "backup").manifest == manifest
    restored(tmp_path / "backup", tmp_path / "again", store="sqlite")
    known = dict(list(answers.items())[: manifest.sequence - 1])
    assert asked(tmp_path / "again", list(known)) == known
