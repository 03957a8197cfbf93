"""Twelve scripted drills, unattended, with real processes: phases, clocks and scores."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fengkong.cli.sources import read_policy
from fengkong.response.drill import shipped_scripts
from fengkong.worker.drilling import WAVES, traffic

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


def decided_of_a_wave(name: str) -> int:
    """How many events of one wave are the attack's and are decided; the others are recorded."""
    attack = shipped_scripts()[name].attack
    assert attack is not None
    _, during = traffic(msgspec.to_builtins(attack))
    types = read_policy(attack.policy).events
    return sum(item.is_fraud and item.event.type in types for item in during)


def gone(folder: Path, *, seconds: float) -> bool:
    """Whether nothing is left in a folder: who attacks sees the end of its drill, then clears."""
    until = time.monotonic() + seconds
    while list(folder.glob("*")):
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.nightly
def test_live_drills_attack_a_sandbox_and_end_as_their_scripts_say(tmp_path: Path) -> None:
    found = played(tmp_path / "data", 10, LIVE, timeout=1200)
    for name in LIVE:
        one = found[name]
        check(name, one)
        attack = one["attack"]
        counts = {
            side: attack.get(f"attack_{side}_met", 0) + attack.get(f"attack_{side}_passed", 0)
            for side in ("open", "switched")
        }
        # Four waves fit into a drill whose events took no time; on a machine that takes twice as
        # long, two do. The switch comes after a third of the drill: more than half a wave before.
        assert sum(counts.values()) >= WAVES // 2 * decided_of_a_wave(name), attack
        assert min(counts.values()) >= decided_of_a_wave(name) // 2 >= 10, attack
        assert attack.get("attack_switched_met", 0) > attack.get("attack_switched_passed", 0), (
            "the switches of the people stop it"
        )
        assert not attack.get("lost"), attack
        assert all(switch["policy_sequence"] for switch in one["switches"]), "in the journal"
    assert gone(tmp_path / "data" / "drills", seconds=60), "nothing of a sandbox stays"
