"""Both stores, real: an SQLite file, and a database of a PostgreSQL server of our own."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

from fengkong.journal.appending import Appender
from fengkong.journal.port import Reading, Store
from fengkong.journal.postgres_reading import PostgresReading
from fengkong.journal.postgres_store import PostgresStore
from fengkong.journal.sqlite_reading import SqliteReading
from fengkong.journal.sqlite_store import SqliteStore


def _beside(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    full = f"journal_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


class Place(Protocol):
    """Where one journal is kept, and how it is opened there."""

    def open(self, **options: Any) -> Store: ...

    def read(self) -> Reading: ...


class SqlitePlace:
    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, **options: Any) -> Store:
        return SqliteStore.open(self.path, **options)

    def read(self) -> Reading:
        return SqliteReading(self.path)


class PostgresPlace:
    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, **options: Any) -> Store:
        return PostgresStore.open(self.url, **options)

    def read(self) -> Reading:
        return PostgresReading(self.url)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    servers = _beside("postgres_server")
    reason = servers.missing()
    if reason:
        pytest.skip(reason)
    server = servers.PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def faulty() -> ModuleType:
    return _beside("faulty_files")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "journal.db")
    return PostgresPlace(request.getfixturevalue("postgres_server").new_database())


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


Grow = Callable[..., list[str]]


@pytest.fixture
def add() -> Grow:
    """Makes entries on an appender: `add(appender, 3)` gives the ids of three events."""

    def grow(appender: Appender, count: int, *, size: int = 300) -> list[str]:
        ids = []
        for _ in range(count):
            number = appender.next_sequence
            ids.append(f"payment-{number:06d}")
            appender.add(
                kind="decision",
                event_id=ids[-1],
                recorded_at=1_790_000_000_000_000 + number,
                payload=(sha256(str(number).encode()).digest() * (size // 32 + 1))[:size],
                outcome="allow",
                policy="ab" * 32,
                subject=bytes([number % 251]) * 16,
                received=bytes([number % 249]) * 16,
            )
        return ids

    return grow


@pytest.fixture
def unprivileged() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
