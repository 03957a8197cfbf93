"""Twelve scripted drills, unattended, with real processes: phases, clocks and scores."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fengkong.response.drill import shipped_scripts

HOST = Path(__file__).parent / "drill_host.py"
SLACK = 6
"""Marks that a busy machine may cost: a second of it is some minutes of the script."""
TABLETOP = sorted(name for name, one in shipped_scripts().items() if one.mode == "tabletop")
LIVE = sorted(name for name, one in shipped_scripts().items() if one.mode == "live")


def played(data: Path, pace: float, names: list[str], *, timeout: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HOST), "play", str(data), str(pace), ",".join(names)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {one["name"]: one for one in json.loads(done.stdout.splitlines()[-1])}


def check(name: str, one: dict[str, Any]) -> None:
    script = shipped_scripts()[name]
    assert one["state"] == "ended", name
    phases = ["identify", "assess", "decide", "contain", "recover", "review", "closed"]
    assert one["times"]["phases"] == phases, name
    assert set(one["times"]["clocks"]) == set(script.expects.clocks), name
    assert set(script.expects.missed) <= set(one["score"]["missed"]), name
    assert abs(one["score"]["points"] - script.expects.points) <= SLACK, (name, one)
    assert one["altered"] == [], "the ledger vouches for every entry"
    assert {switch["state"] for switch in one["switches"]} <= {"ended"}


def test_there_are_twelve() -> None:
    assert len(TABLETOP) + len(LIVE) == 12
    assert len(LIVE) == 2


@pytest.mark.nightly
def test_tabletop_drills_end_as_their_scripts_say(tmp_path: Path) -> None:
    found = played(tmp_path / "data", 30, TABLETOP, timeout=1500)
    for name in TABLETOP:
        check(name, found[name])


@pytest.mark.nightly
def test_live_drills_attack_a_sandbox_and_end_as_their_scripts_say(tmp_path: Path) -> None:
    found = played(tmp_path / "data", 10, LIVE, timeout=1200)
    for name in LIVE:
        one = found[name]
        check(name, one)
        attack = one["attack"]
        assert sum(n for kind, n in attack.items() if kind.startswith("attack_")) > 0, attack
        assert attack.get("attack_switched_met", 0) > 0, "the switches of the people stop it"
        assert not attack.get("lost"), attack
        assert all(switch["policy_sequence"] for switch in one["switches"]), "in the journal"
    assert not list((tmp_path / "data" / "drills").glob("*")), "nothing of a sandbox stays"
