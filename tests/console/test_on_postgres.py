"""The ledger, approvals, personal data and insider watch on PostgreSQL: their tests once more.

The database of a process's Django is chosen when it starts, so they run in a process of their own.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

TESTS = Path(__file__).resolve().parents[1]
PARTS = (
    "console/audit/test_verification.py",
    "console/audit/test_guard.py",
    "console/audit/test_screens.py",
    "console/audit/test_schedule.py",
    "console/test_approvals.py",
    "console/test_four_eyes.py",
    "console/personal/test_revealing.py",
    "console/personal/test_exporting.py",
    "console/insiders/test_insiders.py",
)
QUICK = ("console/audit/test_verification.py", "console/audit/test_guard.py")
"""What differs by database: the triggers, the savepoints, the lock of those who record."""


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    place = TESTS / "journal" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("console_tests_postgres_server", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if reason := module.missing():
        pytest.skip(reason)
    started = module.PostgresServer().start()
    yield started
    started.stop()


def run(server: Any, folder: Path, parts: tuple[str, ...]) -> None:
    place = conninfo_to_dict(server.new_database())
    address = f"postgresql:///{place['dbname']}?host={place['host']}&user={place['user']}"
    (folder / "console.yaml").write_text(f"database: {address}\n")
    paths = [str(TESTS / part) for part in parts]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--create-db", *paths],
        cwd=TESTS.parent,
        env={**os.environ, "FENGKONG_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout


def test_what_differs_by_database(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, QUICK)


@pytest.mark.nightly
def test_everything(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, PARTS)
