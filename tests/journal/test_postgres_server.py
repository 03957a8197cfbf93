"""What only a server can do: be set up unsafely, be killed, and come back."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fengkong.journal.appending import Appender
from fengkong.journal.entries import decode_leaf
from fengkong.journal.errors import (
    ConflictingEntryError,
    JournalInUseError,
    StoreUnavailableError,
    UnsafePostgresError,
)
from fengkong.journal.port import Batch
from fengkong.journal.postgres_store import PostgresStore
from fengkong.protection.subject_keys import SubjectKey

Add = Callable[..., list[str]]


@pytest.fixture
def mortal_server() -> Iterator[Any]:
    """A server of this test's own, because it is killed."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("mortal", Path(__file__).with_name("postgres_server.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if module.missing():
        pytest.skip(module.missing())
    server = module.PostgresServer().start()
    yield server
    server.stop()


@pytest.mark.parametrize("value", ["off", "remote_write"])
def test_a_server_that_acknowledges_early_is_refused(postgres_server: Any, value: str) -> None:
    url = postgres_server.new_database(synchronous_commit=value)
    with pytest.raises(UnsafePostgresError, match="synchronous_commit"):
        PostgresStore.open(url)


def test_no_server_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        PostgresStore.open(f"host={tmp_path} user=nobody dbname=none")


def keep_on(store: PostgresStore, batch: Batch, *, patience_s: float = 60.0) -> float:
    """Commit a batch however often it takes, as the service does; seconds since it first failed."""
    failed_at = None
    for _ in range(int(patience_s / 0.02)):
        try:
            store.stage(batch)
            store.commit()
        except StoreUnavailableError:
            failed_at = failed_at or time.monotonic()
            time.sleep(0.02)
        else:
            return time.monotonic() - failed_at if failed_at else 0.0
    raise AssertionError("the store did not come back")


def test_a_killed_server_loses_nothing_and_is_found_again(mortal_server: Any, add: Add) -> None:
    url = mortal_server.new_database()
    store = PostgresStore.open(url)
    appender = Appender(store)
    kills = 3
    made: list[Batch] = []

    def kill_and_start() -> None:
        for _ in range(kills):
            time.sleep(0.3)
            mortal_server.kill()
            mortal_server.start()

    killer = threading.Thread(target=kill_and_start)
    killer.start()
    try:
        for number in itertools.count():
            last = not killer.is_alive()
            add(appender, 300 if number % 10 == 0 else 20)
            made.append(appender.take_batch())
            keep_on(store, made[-1])
            if last:
                break
    finally:
        killer.join()
    entries = [entry for batch in made for entry in batch.entries]
    assert store.read(after=0, limit=len(entries) + 1) == entries
    store.check_structure()
    assert Appender(store).root() == appender.root()
    store.close()


def terminate_others(url: str) -> None:
    """End every other connection to the database, as an administrator would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_reads_survive_a_lost_connection_unnoticed(postgres_server: Any, add: Add) -> None:
    url = postgres_server.new_database()
    store = PostgresStore.open(url)
    add(appender := Appender(store), 2)
    keep_on(store, appender.take_batch())
    terminate_others(url)
    assert store.head().sequence == 2
    assert len(store.read(after=0, limit=9)) == 2
    add(appender, 2)
    batch = appender.take_batch()
    store.stage(batch)
    with pytest.raises(StoreUnavailableError):
        store.commit()
    keep_on(store, batch)
    assert store.head().sequence == 4
    store.close()


def test_a_commit_whose_answer_was_lost_is_not_made_twice(postgres_server: Any, add: Add) -> None:
    url = postgres_server.new_database()
    store = PostgresStore.open(url)
    add(appender := Appender(store), 3)
    batch = appender.take_batch()
    keep_on(store, batch)
    terminate_others(url)
    # For the store this batch may or may not be durable: it was, and stays once.
    add(appender, 1)
    longer = Batch(entries=[*batch.entries, *appender.take_batch().entries])
    keep_on(store, longer)
    found = store.read(after=0, limit=9)
    assert [decode_leaf(entry.leaf).sequence for entry in found] == [1, 2, 3, 4]
    store.close()


def test_a_writer_that_is_just_leaving_is_waited_for(postgres_server: Any) -> None:
    url = postgres_server.new_database()
    first = PostgresStore.open(url)
    leaving = threading.Timer(0.3, first.close)
    leaving.start()
    second = PostgresStore.open(url)
    assert not leaving.is_alive()
    second.close()


def test_a_writer_that_lost_its_place_cannot_write(postgres_server: Any, add: Add) -> None:
    url = postgres_server.new_database()
    first = PostgresStore.open(url)
    add(old := Appender(first), 1)
    keep_on(first, old.take_batch())
    terminate_others(url)
    second = PostgresStore.open(url)
    with pytest.raises(JournalInUseError):
        PostgresStore.open(url)
    new = Appender(second)
    new.add(kind="security", recorded_at=1, payload=b"")
    keep_on(second, new.take_batch())
    add(old, 1)
    stale = old.take_batch()
    for _ in range(2):
        first.stage(stale)
        with pytest.raises(StoreUnavailableError):
            first.commit()
    second.close()
    for _ in range(100):
        first.stage(stale)
        try:
            first.commit()
        except StoreUnavailableError:  # the server has not yet seen the other one leave
            time.sleep(0.02)
        except ConflictingEntryError:
            break
    else:
        raise AssertionError("the stale writer was not told")
    first.close()


def test_nothing_of_a_destroyed_key_remains_in_the_table(mortal_server: Any) -> None:
    url = mortal_server.new_database()
    wrapped = b"<the wrapped key, of which nothing may remain>"
    key = SubjectKey(
        subject=b"s" * 16, key_id=b"k" * 8, master_id="m", wrapped=wrapped, created_at=1
    )
    store = PostgresStore.open(url)
    keep_on(store, Batch(keys=[key]))
    assert store.destroy(key.subject, at=2)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    store.close()
    folder = mortal_server.folder / "data" / "base"
    holding = [
        file for file in folder.rglob("*") if file.is_file() and wrapped in file.read_bytes()
    ]
    assert holding == []
