"""The ledger, approvals, personal data, insider watch and the desk on PostgreSQL: tests once more.

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
DESK = (
    *("console/alerts", "console/entities", "console/gangs", "console/feedback"),
    *("console/reports", "console/actions", "console/cases", "console/customers"),
    *("console/outbox", "console/journaled", "console/api/test_desk.py"),
)
"""How alerts, the index, gangs and cases are made, and every screen of them."""
ROOM = (
    *("console/incidents", "console/playbooks", "console/drills", "console/notices"),
    *("console/warnings", "console/api/test_incidents.py"),
)
"""Incidents, switches, playbooks, drills (asked by what is in their scripts), early warning."""
AT_SCALE = ("console/alerts/test_speed.py", "console/cases/test_speed.py")
QUICK = (
    *("console/audit/test_verification.py", "console/audit/test_guard.py"),
    "console/alerts/test_making.py::test_what_was_done_outlives_a_new_reading",
    "console/alerts/test_screens.py::test_next_claims_and_closing_goes_on",
    "console/alerts/test_screens.py::test_an_inbox_is_of_team_and_skill",
    "console/entities/test_index.py::test_links_say_who_shares_what_and_since_when",
    "console/entities/test_screens.py::test_money_goes_to_whom_it_went",
    "console/gangs/test_finding.py::test_a_gang_keeps_its_number_while_it_grows_and_is_merged",
    "console/gangs/test_judging.py::test_a_dry_run_says_whom_it_would_hit",
    "console/feedback/test_desk.py::test_a_later_label_overturns_and_costs_recall",
    "console/feedback/test_screens.py::test_a_file_holds_what_the_screen_shows",
    "console/reports/test_figures.py::test_a_quarter_counts_what_went_through",
    "console/cases/test_changing.py::test_merging_moves_everything",
    "console/actions/test_actions.py::test_without_a_core_system_it_waits_on_screen",
)
"""What differs by database: the triggers, the savepoints, the lock of those who record; how rows
are put in place of others, claimed beside others, summed by day, and found by an index."""


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


def run(server: Any, folder: Path, parts: tuple[str, ...], *, marked: str = "not nightly") -> None:
    place = conninfo_to_dict(server.new_database())
    address = f"postgresql:///{place['dbname']}?host={place['host']}&user={place['user']}"
    (folder / "console.yaml").write_text(f"database: {address}\n")
    paths = [str(TESTS / part) for part in parts]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "--create-db", "-m", marked, *paths],
        cwd=TESTS.parent,
        env={**os.environ, "FENGKONG_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
    print(done.stdout)


def test_what_differs_by_database(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, QUICK)


@pytest.mark.nightly
def test_everything(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, PARTS)


@pytest.mark.nightly
def test_the_desk(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, DESK)


@pytest.mark.nightly
def test_the_incident_room(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, ROOM)


@pytest.mark.nightly
def test_the_desk_with_a_million_decisions(server: Any, tmp_path: Path) -> None:
    run(server, tmp_path, AT_SCALE, marked="nightly")
