"""The tests of the writer and what stands around it share a prepared journal beside them."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def postgres_address() -> Iterator[Any]:
    """Makes the address of an empty PostgreSQL database, as settings give it."""
    place = Path(__file__).resolve().parents[1] / "journal" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("desk_tests_postgres_server", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    reason = module.missing()
    if reason:
        pytest.skip(reason)
    server = module.PostgresServer().start()

    def address() -> str:
        parts = dict(part.split("=", 1) for part in server.new_database().split())
        return f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}"

    yield address
    server.stop()
