"""A tail killed at any moment makes the alerts of an undisturbed one, each decision once."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.worker.test_kills import (
    cursor_of,
    head_of,
    killed,
    prepared,
    rows,
    started,
)

ALERTS = (
    "SELECT id, subject, typology, outcome, first_sequence, newest_sequence, opened_at, newest_at,"
    " due_at, rank_at, decisions, points, exposure_minor, expected_loss_minor, rules, state"
    " FROM alerts_alert ORDER BY id"
)
JOINED = "SELECT sequence, alert_id, event_id, slept FROM alerts_alertdecision ORDER BY sequence"
WORTH = (
    "SELECT sequence FROM journaled_decision WHERE outcome IN ('review', 'delay', 'deny')"
    " ORDER BY sequence"
)


def made_alerts(data: Path, database: str) -> tuple[list[Any], list[Any]]:
    return rows(database, data, ALERTS), rows(database, data, JOINED)


def kill_until_the_end(data: Path, *, longest: float, least: int) -> int:
    """How often the tail was killed before it had come to the journal's end."""
    dice, head, kills, stuck = random.Random(11), head_of(data), 0, 0
    while (place := cursor_of("sqlite", data)) < head:
        # Who never gets through a batch gets longer to live.
        kills += killed(started("tail", data), after=dice.uniform(0.0, longest * (1 + stuck)))
        stuck = stuck + 1 if cursor_of("sqlite", data) == place else 0
        assert kills < 10 * least + 100
    return kills


def check(directory: Path, *, events: int, longest: float, least: int) -> None:
    data = prepared(directory, ("sqlite", "sqlite"), events=events)
    calm = directory / "calm"
    shutil.copytree(data, calm)
    undisturbed = started("tail", calm)
    assert undisturbed.wait(timeout=600) == 0
    assert undisturbed.stdout is not None
    undisturbed.stdout.close()
    assert kill_until_the_end(data, longest=longest, least=least) >= least
    alerts, joined = made_alerts(data, "sqlite")
    assert alerts
    assert [(row[0],) for row in joined] == rows("sqlite", data, WORTH)
    assert (alerts, joined) == made_alerts(calm, "sqlite")


def test_a_killed_tail_makes_the_same_alerts(tmp_path: Path) -> None:
    check(tmp_path, events=150, longest=0.15, least=1)


@pytest.mark.nightly
def test_two_hundred_kills_lose_and_double_no_alert(tmp_path: Path) -> None:
    check(tmp_path, events=12_000, longest=0.12, least=200)
