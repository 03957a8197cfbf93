"""The worker's tests follow a real journal, made by the desk of the service's own tests."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "desk"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """The PostgreSQL server of the journal's tests."""
    path = TESTS / "journal" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("worker_postgres_server", path)
    assert spec is not None
    assert spec.loader is not None
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    if reason := servers.missing():
        pytest.skip(reason)
    server = servers.PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.nightly)])
def databases(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Where journal and console keep their data: both in files, or both on a server."""
    if request.param == "sqlite":
        return "sqlite", "sqlite"
    server = request.getfixturevalue("postgres_server")
    urls = []
    for _ in range(2):
        said = dict(part.split("=", 1) for part in server.new_database().split())
        urls.append(f"postgresql://{said['user']}@/{said['dbname']}?host={said['host']}")
    return urls[0], urls[1]
