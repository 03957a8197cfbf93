"""Backups of real data directories, in both stores; services as the desk's tests make them."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent.parent
for folder in (Path(__file__).parent, TESTS / "desk"):
    sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    place = TESTS / "journal" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("backup_tests_postgres_server", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    reason = module.missing()
    if reason:
        pytest.skip(reason)
    server = module.PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture
def new_address(request: pytest.FixtureRequest) -> Any:
    """Makes the address of an empty PostgreSQL database, as settings give it."""
    server = request.getfixturevalue("postgres_server")

    def address() -> str:
        parts = dict(part.split("=", 1) for part in server.new_database().split())
        return f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}"

    return address
