"""What the fault tests share: services forked from one process that has imported everything."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parent))

from hosting import Host


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    if not hasattr(os, "fork"):
        pytest.skip("services are forked here, and this system cannot")
    with Host() as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    name = "journal_postgres_server"
    place = Path(__file__).resolve().parents[1] / "journal" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    reason = module.missing()
    if reason:
        pytest.skip(reason)
    started = module.PostgresServer().start()
    yield started
    started.stop()
