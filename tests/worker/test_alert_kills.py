"""A tail killed at any moment makes the alerts of an undisturbed one, each decision once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.worker.test_kills import (
    cursor_of,
    head_of,
    prepared,
    rows,
    started,
)

FORKING = Path(__file__).with_name("forking_tail.py")

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


class Nursery:
    """A parent whose children follow the journal and are killed."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(FORKING), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def killed(self, *, after: float) -> bool:
        """Have a child begin and kill it after some seconds; False where it ended before."""
        child = self.begun()
        time.sleep(after)
        with suppress(ProcessLookupError):  # it had come to the journal's end
            os.kill(child, signal.SIGKILL)
        return os.WTERMSIG(int(self.line())) == signal.SIGKILL

    def begun(self) -> int:
        """The process id of a child that has begun."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.line())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def kill_and_go_on(data: Path, *, longest: float, wanted: int) -> int:
    """How often a tail was killed, somewhere in its work, before one came to the end in peace."""
    dice, head, kills, stuck = random.Random(11), head_of(data), 0, 0
    nursery = Nursery(data)
    try:
        while kills < wanted and (place := cursor_of("sqlite", data)) < head:
            # Who never gets through a batch gets longer to live.
            kills += nursery.killed(after=dice.uniform(0.0, longest * (1 + stuck)))
            stuck = stuck + 1 if cursor_of("sqlite", data) == place else 0
        nursery.begun()
        assert nursery.line() == "0"
    finally:
        nursery.close()
    return kills


def check(directory: Path, *, events: int, longest: float, kills: int) -> None:
    data = prepared(directory, ("sqlite", "sqlite"), events=events)
    calm = directory / "calm"
    shutil.copytree(data, calm)
    undisturbed = started("tail", calm)
    assert undisturbed.wait(timeout=600) == 0
    assert undisturbed.stdout is not None
    undisturbed.stdout.close()
    assert kill_and_go_on(data, longest=longest, wanted=kills) == kills
    assert cursor_of("sqlite", data) == head_of(data)
    alerts, joined = made_alerts(data, "sqlite")
    assert alerts
    assert [(row[0],) for row in joined] == rows("sqlite", data, WORTH)
    assert (alerts, joined) == made_alerts(calm, "sqlite")


def test_a_killed_tail_makes_the_same_alerts(tmp_path: Path) -> None:
    check(tmp_path, events=300, longest=0.1, kills=3)


@pytest.mark.nightly
def test_two_hundred_kills_lose_and_double_no_alert(tmp_path: Path) -> None:
    check(tmp_path, events=4_000, longest=0.03, kills=200)
