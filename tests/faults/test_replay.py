"""Recorded decisions derived again in another process: the same bytes."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hosting import Host, Site
from load import Acknowledged, Made, send_all

VERIFY = (sys.executable, "-c", "from fengkong.cli.main import main; main()", "journal", "verify")


def recorded_and_replayed(host: Host, folder: Path, *, decisions: int, kills: int) -> None:
    site = Site.new(folder)
    made = Made(random.Random(decisions), prefix="replayed")
    acknowledged = Acknowledged()
    for _ in range(kills + 1):
        hosted = host.start(site)
        events = [made.payment() for _ in range(decisions // (kills + 1))]
        events += [made.noted() for _ in range(len(events) // 10)]
        made.dice.shuffle(events)
        send_all(hosted, events, acknowledged)
        hosted.kill()
    assert set(acknowledged.statuses) == {200}
    replayed = subprocess.run(
        [*VERIFY, "--replay", "--data", str(site.data)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert replayed.returncode == 0, replayed.stderr
    decided = sum("decision" in json.loads(answer) for answer in acknowledged.answers.values())
    assert f"{decided:,}" in replayed.stdout + replayed.stderr
    assert decided >= decisions - kills


def test_ten_thousand_decisions_replayed(host: Host, tmp_path: Path) -> None:
    recorded_and_replayed(host, tmp_path / "site", decisions=10_000, kills=2)


@pytest.mark.nightly
def test_a_hundred_thousand_decisions_replayed(host: Host, tmp_path: Path) -> None:
    recorded_and_replayed(host, tmp_path / "site", decisions=100_000, kills=9)
