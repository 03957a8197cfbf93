"""Rotation of master keys: killed anywhere, nothing is lost, and it ends by finishing."""

import random
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fengkong.core.instants import HOUR_US
from fengkong.protection.errors import ErasedSubjectError, UnknownMasterError
from fengkong.protection.masters import FileMasters
from fengkong.protection.rotation import is_finished, retire, rotate
from fengkong.protection.vault import Vault

PROCESS = Path(__file__).with_name("rotating_process.py")
JOURNAL = bytes(range(16))
AT = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def store_class() -> Any:
    return runpy.run_path(str(PROCESS))["DiskKeyStore"]


@pytest.fixture
def disk(tmp_path: Path, store_class: Any) -> Iterator[Any]:
    store = store_class(tmp_path / "keys.db")
    yield store
    store.close()


@pytest.fixture
def masters(tmp_path: Path) -> FileMasters:
    return FileMasters.create(tmp_path / "keys" / "master.json", now=AT)


def opened_vault(store: Any, masters: FileMasters) -> Vault:
    return Vault(store=store, masters=masters, journal_id=JOURNAL)


def sealed(vault: Vault, store: Any, *, count: int) -> list[tuple[bytes, bytes]]:
    """(subject, envelope) of some entries whose keys are committed."""
    subjects = [vault.subject(f"customer:C{number}") for number in range(count)]
    envelopes = [
        (subject, vault.seal(subject, subject=subject, sequence=number))
        for number, subject in enumerate(subjects, start=1)
    ]
    keys = vault.drain_new_keys(at=AT)
    store.add(keys)
    vault.settle(keys)
    return envelopes


def assert_all_open(vault: Vault, entries: list[tuple[bytes, bytes]]) -> None:
    for number, (subject, envelope) in enumerate(entries, start=1):
        assert vault.open(envelope, subject=subject, sequence=number) == subject


def test_everything_opens_after_a_rotation(disk: Any, masters: FileMasters) -> None:
    vault = opened_vault(disk, masters)
    entries = sealed(vault, disk, count=1200)
    told: list[int] = []
    assert is_finished(disk, masters=masters)
    new = masters.add(now=AT)
    assert not is_finished(disk, masters=masters)
    done = rotate(disk, masters=masters, journal_id=JOURNAL, progress=told.append)
    assert (done.master_id, done.rewrapped, told) == (new.id, 1200, [500, 1000, 1200])
    assert is_finished(disk, masters=masters)
    assert_all_open(opened_vault(disk, masters), entries)
    assert opened_vault(disk, masters).subject("customer:C0") == entries[0][0]


def test_a_running_service_goes_on(disk: Any, masters: FileMasters) -> None:
    """The service's own master keys see the one that another process added."""
    vault = opened_vault(disk, FileMasters(masters._path))
    entries = sealed(vault, disk, count=10)
    masters.add(now=AT)
    subject = vault.subject("customer:late")
    late = vault.seal(subject, subject=subject, sequence=11)
    rotate(disk, masters=masters, journal_id=JOURNAL)
    (key,) = vault.drain_new_keys(at=AT)
    assert key.master_id == masters.current().id
    disk.add([key])
    assert_all_open(vault, [*entries, (subject, late)])


def test_rotation_between_algorithms(disk: Any, masters: FileMasters) -> None:
    entries = sealed(opened_vault(disk, masters), disk, count=10)
    masters.add(now=AT, algorithm="sm4-gcm")
    rotate(disk, masters=masters, journal_id=JOURNAL)
    assert_all_open(opened_vault(disk, masters), entries)


def test_rotation_leaves_the_erased_erased(disk: Any, masters: FileMasters) -> None:
    vault = opened_vault(disk, masters)
    entries = sealed(vault, disk, count=10)
    stale = disk.subject_keys(not_under="", limit=100)
    vault.erase(entries[3][0], at=AT)
    masters.add(now=AT)
    rotate(disk, masters=masters, journal_id=JOURNAL)
    disk.rewrap(stale)
    reader = opened_vault(disk, masters)
    with pytest.raises(ErasedSubjectError):
        reader.open(entries[3][1], subject=entries[3][0], sequence=4)
    assert is_finished(disk, masters=masters) is False  # the stale nine went back to the old one
    rotate(disk, masters=masters, journal_id=JOURNAL)
    assert_all_open(reader, entries[:3])


def test_a_master_is_retired_when_nothing_needs_it(disk: Any, masters: FileMasters) -> None:
    vault = opened_vault(disk, masters)
    entries = sealed(vault, disk, count=10)
    old = masters.current().id
    later = AT + 2 * HOUR_US
    new = masters.add(now=later).id
    assert retire(disk, masters=masters, now=later + 3 * HOUR_US) == []  # not rotated yet
    rotate(disk, masters=masters, journal_id=JOURNAL)
    assert retire(disk, masters=masters, now=later + HOUR_US - 1) == []  # a service may lag
    assert retire(disk, masters=masters, now=later + HOUR_US) == [old]
    assert list(masters.ages()) == [new]
    with pytest.raises(UnknownMasterError):
        FileMasters(masters._path).by_id(old)
    assert_all_open(opened_vault(disk, FileMasters(masters._path)), entries)


def test_rotation_survives_being_killed(tmp_path: Path, disk: Any, masters: FileMasters) -> None:
    entries = sealed(opened_vault(disk, masters), disk, count=3000)
    moments = random.Random(3)
    unfinished = 0
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, str(PROCESS), str(tmp_path), JOURNAL.hex()], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
        masters.reload()
        unfinished += not is_finished(disk, masters=masters)
        assert_all_open(opened_vault(disk, masters), entries)
    assert unfinished, "no kill hit a rotation: the test shows nothing"
    rotate(disk, masters=masters, journal_id=JOURNAL)
    assert is_finished(disk, masters=masters)
    retire(disk, masters=masters, now=AT)
    assert_all_open(opened_vault(disk, FileMasters(masters._path)), entries)
    assert len(masters.ages()) >= 1
