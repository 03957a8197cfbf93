"""A worker killed at any moment loses nothing and counts nothing twice, in either database."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from desk_of_tests import body, payment, serve

from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings

PROCESS = Path(__file__).with_name("worker_process.py")


def started(*arguments: object) -> subprocess.Popen[str]:
    """A worker that has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(PROCESS), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def killed(process: subprocess.Popen[str], *, after: float) -> bool:
    """Kill -9 after some seconds; False where it had ended by itself."""
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    code = process.wait(timeout=10)
    assert process.stdout is not None
    process.stdout.close()
    return code == -signal.SIGKILL


def rows(database: str, data: Path, statement: str) -> list[tuple[Any, ...]]:
    """What the console's database holds, asked without Django."""
    if database == "sqlite":
        connection = sqlite3.connect(data / "console.db")
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()
    with psycopg.connect(database) as server:
        return server.execute(statement).fetchall()


def prepared(directory: Path, databases: tuple[str, str], *, events: int) -> Path:
    """A data directory with a journal of so many decisions."""
    journal, console = databases
    data = directory / "data"
    data.mkdir()
    (data / "service.yaml").write_text(f"store: {json.dumps(journal)}\n")
    (data / "console.yaml").write_text(f"database: {json.dumps(console)}\n")

    async def decide(service: Any) -> None:
        bodies = [body(payment(number)) for number in range(events)]
        await service.desk.submit_many(bodies, decided=True)

    if events:
        serve(directory, decide)
    made = [sys.executable, "-W", "ignore", str(PROCESS), "schema", str(data)]
    subprocess.run(made, check=True, timeout=120)
    return data


def kill_again_and_again(
    directory: Path, databases: tuple[str, str], *, events: int, longest: float
) -> int:
    """How often the tail was killed before it came to the end; what it left is compared."""
    dice = random.Random(7)
    data = prepared(directory, databases, events=events)
    head, kills = head_of(data), 0
    while cursor_of(databases[1], data) < head:
        # Longer and longer, or a busy machine would never get through a batch.
        kills += killed(started("tail", data), after=dice.uniform(0.02, longest * (1 + kills)))
    compare(data, databases[1])
    return kills


def head_of(data: Path) -> int:
    opened = open_for_reading(load_settings(data), environment={})
    try:
        return opened.reading.head().sequence
    finally:
        opened.close()


def cursor_of(database: str, data: Path) -> int:
    found = rows(database, data, "SELECT sequence FROM journaled_cursor")
    return found[0][0] if found else 0


def compare(data: Path, database: str) -> None:
    """The read model with the journal, entry by entry, and its tallies with its decisions."""
    opened = open_for_reading(load_settings(data), environment={})
    expected, hours = [], Counter()
    try:
        head = opened.reading.head().sequence
        for entries in opened.history.chunks(after=0, upto=head):
            for entry in entries:
                leaf, sealed = opened.history.open(entry)
                if leaf.kind != "decision":
                    continue
                decision = msgspec.json.decode(sealed.decision)
                rules = [hit["rule"] for hit in decision["hits"]]
                amount = sealed.understood.values["amount"]
                expected.append((leaf.sequence, leaf.event, leaf.outcome, rules, amount))
                hours[leaf.outcome, "CNY"] += 1
    finally:
        opened.close()
    found = rows(
        database,
        data,
        "SELECT sequence, event_id, outcome, rules, amount_minor FROM journaled_decision"
        " ORDER BY sequence",
    )
    made = [(*row[:3], json.loads(row[3]) if isinstance(row[3], str) else row[3], row[4])
            for row in found]  # fmt: skip
    assert made == expected
    for grain in ("minute", "hour", "day"):
        tallied = rows(
            database,
            data,
            "SELECT outcome, currency, sum(count) FROM journaled_outcometally"
            f" WHERE grain = '{grain}' GROUP BY outcome, currency",
        )
        assert {row[:2]: row[2] for row in tallied} == hours
    hits = sum(len(one[3]) for one in expected)
    assert rows(database, data, "SELECT count(*) FROM journaled_rulehit") == [(hits,)]
    assert rows(database, data, "SELECT sequence FROM journaled_cursor") == [(head,)]


def test_a_killed_tail_goes_on_where_it_was(tmp_path: Path, databases: tuple[str, str]) -> None:
    assert kill_again_and_again(tmp_path, databases, events=300, longest=0.3) >= 2


@pytest.mark.nightly
def test_a_tail_killed_many_times_loses_nothing(tmp_path: Path, databases: tuple[str, str]) -> None:
    assert kill_again_and_again(tmp_path, databases, events=12_000, longest=0.6) >= 10


def test_the_job_of_a_killed_worker_is_done_by_another(
    tmp_path: Path, databases: tuple[str, str]
) -> None:
    data, file = prepared(tmp_path, databases, events=0), tmp_path / "done"
    first = started("jobs", data, file, "yes")
    until = time.monotonic() + 20
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert killed(first, after=0.0)
    assert [line.split()[1] for line in file.read_text().splitlines()] == ["0"]
    second = started("jobs", data, file, "no")
    assert second.wait(timeout=60) == 0
    assert second.stdout is not None
    second.stdout.close()
    # The job that was lost is done again, and none is left out.
    done = [line.split() for line in file.read_text().splitlines()]
    assert [number for pid, number in done if pid == str(second.pid)] == ["1", "2", "0"]
    found = rows(databases[1], data, "SELECT state, attempts FROM outbox_job ORDER BY id")
    assert found == [("done", 2), ("done", 1), ("done", 1)]
