"""The journal's disk fails at any call, or is full: 503 and an alarm, and back by itself."""

import asyncio
import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosting import Host, Hosted, Site
from journal_check import missing, verified
from load import Acknowledged, Made, Sent, send_all, under_load

ALARM = "fengkong_store_unavailable"
FAULTS = ("BROKEN", "NO_SPACE", "SHORT")


@pytest.fixture
def failing(host: Host, tmp_path: Path) -> Hosted:
    site = Site.new(tmp_path / "site")
    site.hooks = {"disk": True, "control": str(tmp_path / "control")}
    return host.start(site)


def ask(hosted: Hosted, sent: Sent, acknowledged: Acknowledged) -> int:
    status, body, headers = hosted.call("POST", sent.path, sent.body)
    assert status in (200, 503), (status, body)
    assert status == 200 or int(headers["retry-after"]) >= 1
    acknowledged.note(sent, status=status, body=body)
    return status


def calls_of_an_event(hosted: Hosted, made: Made, acknowledged: Acknowledged) -> int:
    """How many calls of the disk an event's way takes."""
    hosted.turn(watch=True)
    assert ask(hosted, made.payment(), acknowledged) == 200
    return int(hosted.turn()["calls"])


def fail_once(
    hosted: Hosted, made: Made, acknowledged: Acknowledged, *, fault: str, at: int, lasting: bool
) -> bool:
    """One fault at one call: whether anything noticed it."""
    hosted.turn(arm=fault, at=at, lasting=lasting)
    sent = made.payment()
    status = ask(hosted, sent, acknowledged)
    if status == 503 and lasting:
        assert hosted.metric(ALARM) == 1
        assert hosted.call("GET", "/readyz")[0] == 503
        assert ask(hosted, made.payment(), acknowledged) == 503
    met = hosted.turn(disarm=True)["failed"] > 0
    hosted.wait_until_ready()
    assert hosted.metric(ALARM) == 0
    assert ask(hosted, sent, acknowledged) == 200
    return met


def fail_at_every_call(hosted: Hosted, *, step: int) -> dict[str, int]:
    made = Made(random.Random(3), prefix="faulty")
    acknowledged = Acknowledged()
    total = calls_of_an_event(hosted, made, acknowledged) + 2
    points = met = 0
    for fault in FAULTS:
        for lasting in (False, True):
            for at in range(1 + points % step, total + 1, step):
                points += 1
                met += fail_once(hosted, made, acknowledged, fault=fault, at=at, lasting=lasting)
    hosted.kill()
    held = verified(hosted.site)
    assert not missing(acknowledged.answers, held)
    assert len(held.answers) >= len(acknowledged.answers)
    return {"calls": total, "points": points, "met": met, "refused": acknowledged.statuses[503]}


def test_a_fault_at_some_calls(failing: Hosted) -> None:
    seen = fail_at_every_call(failing, step=3)
    print(seen)
    assert seen["refused"] > 5


@pytest.mark.nightly
def test_a_fault_at_every_call(failing: Hosted) -> None:
    seen = fail_at_every_call(failing, step=1)
    print(seen)
    assert seen["refused"] > 15


def fail_under_load(hosted: Hosted, *, faults: int, dice: random.Random) -> None:
    acknowledged = Acknowledged()

    async def fail() -> None:
        for _ in range(faults):
            fault, lasting = dice.choice(FAULTS), dice.random() < 0.5
            hosted.turn(arm=fault, at=dice.randrange(1, 200), lasting=lasting)
            await asyncio.sleep(dice.uniform(0.05, 0.3))
            hosted.turn(disarm=True)
            await asyncio.to_thread(hosted.wait_until_ready)

    under_load(hosted, acknowledged, prefix="faults", connections=16, meanwhile=fail)
    assert acknowledged.statuses[503] > 0
    assert acknowledged.statuses.keys() <= {200, 429, 503}, acknowledged.statuses
    send_all(hosted, list(acknowledged.sent.values()), acknowledged)
    hosted.kill()
    assert not missing(acknowledged.answers, verified(hosted.site))
    print({"faults": faults, "acknowledged": len(acknowledged.answers)})


def test_random_faults_under_load(failing: Hosted) -> None:
    fail_under_load(failing, faults=10, dice=random.Random(4))


@pytest.mark.nightly
def test_two_hundred_random_faults_under_load(failing: Hosted) -> None:
    fail_under_load(failing, faults=200, dice=random.Random(5))


@contextlib.contextmanager
def small_disk(place: Path, *, mebibytes: int) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={mebibytes}m", "none", str(place)]
    if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_waited_for(host: Host, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", mebibytes=24) as disk:
        site = Site.new(disk / "site")
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(18 << 20))
        hosted = host.start(site)
        acknowledged = Acknowledged()

        async def until_full() -> None:
            for _ in range(600):
                if acknowledged.statuses[503] > 20:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the disk did not fill up")

        under_load(hosted, acknowledged, prefix="full", connections=16, meanwhile=until_full)
        assert hosted.metric(ALARM) == 1
        before = len(acknowledged.answers)
        made = Made(random.Random(6), prefix="while-full")
        waiting = [made.payment() for _ in range(20)]
        assert {ask(hosted, sent, acknowledged) for sent in waiting} == {503}
        ballast.unlink()
        hosted.wait_until_ready()
        assert hosted.metric(ALARM) == 0
        assert {ask(hosted, sent, acknowledged) for sent in waiting} == {200}
        send_all(hosted, list(acknowledged.sent.values()), acknowledged)
        assert len(acknowledged.answers) == before + len(waiting)
        hosted.stop()
        assert not missing(acknowledged.answers, verified(site))
