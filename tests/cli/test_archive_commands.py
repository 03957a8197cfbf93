"""`fengkong journal archive` and `restore`, and a replay over what was archived."""

import json
import signal
from pathlib import Path

import pytest
from serving import Serving, payment
from serving import run as command

from fengkong.cli import archives
from fengkong.client.client import Client
from fengkong.core.instants import DAY_US
from fengkong.service.clock import wall_clock


def test_history_is_moved_replayed_and_brought_back(
    tmp_path: Path,
    run,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    data = tmp_path / "data"
    made = command("key", "create", "shop", "--scope", "decide", "--data", str(data))
    serving = Serving(data, "--policy", "payments")
    with Client(serving.url, made.stdout.strip()) as client:
        for number in range(9):
            client.decide(payment(number))
    assert serving.end(signal.SIGTERM) == 0
    there = ("--data", str(data))
    status, out, _ = run("journal", "archive", "--keep-days", "0", *there)
    assert (status, "Moved 0 entries" in out) == (0, True)  # today is never moved
    tomorrow = wall_clock() + DAY_US
    monkeypatch.setattr(archives, "wall_clock", lambda: tomorrow)
    status, out, _ = run("journal", "archive", *there)
    assert "Moved 0 entries" in out  # ninety days are kept
    status, out, _ = run("journal", "archive", "--keep-days", "0", *there)
    assert (status, "Moved 10 entries in 1 files" in out) == (0, True)
    (file,) = (data / "archive").iterdir()
    assert run("journal", "verify", "--replay", *there)[0] == 0
    status, out, err = run("replay", "payments", "--events", str(file), "--format", "json")
    assert status == 0, err
    assert json.loads(out)["decided"] == 9
    elsewhere = tmp_path / "cold" / file.name
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(file.read_bytes())
    status, out, err = run(
        "replay", "payments", "--events", str(elsewhere), "--format", "json", *there
    )
    assert json.loads(out)["decided"] == 9
    day = file.name[:10]
    refusals = {
        ("journal", "archive", "--before", "soon", *there): "cli.invalid_day",
        ("journal", "archive", "--keep-days", "-1", *there): "cli.invalid_day",
        ("journal", "restore", *there): "cli.invalid_day",
        ("journal", "restore", day, "--all", *there): "cli.invalid_day",
        ("journal", "restore", "2020-01-01", *there): "journal.nothing_archived",
        ("journal", "archive", "--data", str(tmp_path / "no")): "journal.missing",
    }
    for arguments, code in refusals.items():
        status, _, said = run(*arguments)
        assert status in (1, 2), arguments
        assert f"[{code}]" in said
        assert "→" in said
    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 3] ^= 255
    whole = file.read_bytes()
    file.write_bytes(spoilt)
    assert run("journal", "verify", *there)[0] == 1
    file.write_bytes(whole)
    status, out, _ = run("journal", "restore", day, *there)
    assert (status, day in out) == (0, True)
    assert list((data / "archive").iterdir()) == []
    assert run("journal", "verify", "--replay", *there)[0] == 0
