"""The power goes under load: what had reached the disk is all there is, and it is enough.

A copy of the disk's image, taken while the service is frozen, holds what was synced and whatever
else the kernel happened to have written. The service then goes on from that copy.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import loop_disk
import pytest
from hosting import Host, Hosted, RefusedStartError, Site
from journal_check import missing, verified
from load import Acknowledged, a_random_moment, send_all, under_load
from loop_disk import LoopDisk

SHM = Path("/dev/shm")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LoopDisk]:
    reason = loop_disk.missing()
    if reason:
        pytest.skip(reason)
    room = SHM if SHM.is_dir() else tmp_path
    with LoopDisk(tmp_path, mebibytes=192, room=room) as made:
        yield made


def load_until_the_cut(
    hosted: Hosted, disk: LoopDisk, dice: random.Random, *, prefix: str
) -> Acknowledged:
    """What was acknowledged when the power went; the disk then goes on from its image."""
    acknowledged = Acknowledged()
    copies: list[Path] = []

    async def cut() -> None:
        await a_random_moment(acknowledged, dice)
        hosted.freeze()
        await asyncio.sleep(0.05)  # what was answered already arrives
        copies.append(await asyncio.to_thread(disk.copy))
        hosted.kill()

    connections = dice.randrange(16, 33)
    under_load(hosted, acknowledged, prefix=prefix, connections=connections, meanwhile=cut)
    disk.become(copies[0])
    return acknowledged


def cut_again_and_again(host: Host, disk: LoopDisk, *, cuts: int, dice: random.Random) -> None:
    site = Site.new(disk.mount / "site")
    answers: dict[str, bytes] = {}
    hosted = host.start(site)
    for number in range(cuts):
        acknowledged = load_until_the_cut(hosted, disk, dice, prefix=f"cut-{number}")
        answers |= acknowledged.answers
        assert not missing(answers, verified(site))
        hosted = host.start(site)
        send_all(hosted, list(acknowledged.sent.values()), acknowledged)
    hosted.kill()
    held = verified(site)
    assert not missing(answers, held)
    print({"cuts": cuts, "acknowledged": len(answers), "entries": held.entries})
    assert len(answers) > 50 * cuts


def test_power_cuts_lose_nothing(host: Host, disk: LoopDisk) -> None:
    cut_again_and_again(host, disk, cuts=20, dice=random.Random(1))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_power_cuts_lose_nothing(host: Host, disk: LoopDisk, seed: int) -> None:
    cut_again_and_again(host, disk, cuts=20, dice=random.Random(f"long {seed}"))


def test_without_syncs_a_power_cut_loses(host: Host, disk: LoopDisk) -> None:
    """The control run: if this lost nothing, the cuts above would prove nothing."""
    dice = random.Random(2)
    for number in range(5):
        site = Site.new(disk.mount / f"site-{number}")
        site.hooks["synchronous"] = "OFF"
        hosted = host.start(site)
        acknowledged = load_until_the_cut(hosted, disk, dice, prefix="unsynced")
        if not site.data.exists():
            return
        try:
            hosted = host.start(site)
        except RefusedStartError:
            return
        hosted.kill()
        if missing(acknowledged.answers, verified(site)):
            return
    raise AssertionError("nothing was lost without syncs")
