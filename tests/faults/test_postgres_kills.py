"""PostgreSQL killed under load: nothing acknowledged is lost, and the service is soon back."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hosting import Host, site_on
from journal_check import check_state, missing, verified
from load import Acknowledged, Made, send_all, under_load

BACK_S = 5.0


def killed_again_and_again(
    host: Host, server: Any, folder: Path, *, kills: int, dice: random.Random
) -> list[float]:
    """One journal under load, its server killed so many times; seconds until each was over."""
    site = site_on(server, folder)
    hosted = host.start(site)
    acknowledged = Acknowledged()
    back: list[float] = []

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.05, 0.6))
            server.kill()
            await asyncio.sleep(dice.uniform(0.0, 0.3))
            await asyncio.to_thread(server.start)
            began = time.monotonic()
            await asyncio.to_thread(hosted.wait_until_ready)
            back.append(time.monotonic() - began)

    under_load(hosted, acknowledged, prefix=folder.name, connections=16, meanwhile=kill)
    assert acknowledged.statuses.keys() <= {200, 429, 503}, acknowledged.statuses
    assert acknowledged.statuses[503] > 0
    send_all(hosted, list(acknowledged.sent.values()), acknowledged)
    hosted.stop()
    held = verified(site)
    assert not missing(acknowledged.answers, held)
    made = Made(dice, prefix="probe")
    check_state(site, [made.payment().body for _ in range(50)])
    print({"kills": kills, "acknowledged": len(acknowledged.answers), "entries": held.entries})
    print({"back, s": [round(seconds, 2) for seconds in sorted(back)[-3:]]})
    return back


def test_postgres_killed_under_load(host: Host, server: Any, tmp_path: Path) -> None:
    assert killed_again_and_again(host, server, tmp_path / "s", kills=50, dice=random.Random(1))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_postgres_killed_five_hundred_times(
    host: Host, server: Any, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(f"long {seed}")
    back = killed_again_and_again(host, server, tmp_path / f"s{seed}", kills=50, dice=dice)
    assert max(back) < BACK_S
