"""Killed at random moments under load: nothing acknowledged is lost, nothing is there twice."""

import random
import time
from pathlib import Path

import pytest
from hosting import Host, Hosted, Site
from journal_check import check_state, missing, verified
from load import Acknowledged, Made, a_random_moment, send_all, under_load

KILLS = 100
KILLS_OF_A_JOURNAL = 100


def load_and_kill(hosted: Hosted, dice: random.Random, *, prefix: str) -> Acknowledged:
    """What was acknowledged before the service was killed in the middle of a load."""

    acknowledged = Acknowledged()

    async def soon_kill() -> None:
        await a_random_moment(acknowledged, dice)
        hosted.kill()

    connections = dice.randrange(16, 33)
    under_load(hosted, acknowledged, prefix=prefix, connections=connections, meanwhile=soon_kill)
    assert set(acknowledged.statuses) <= {200, 429, 503}, acknowledged.statuses
    return acknowledged


def killed_again_and_again(
    host: Host, folder: Path, *, kills: int, dice: random.Random
) -> dict[str, float]:
    """One journal, killed so many times, compared with what was acknowledged; figures of it."""
    site = Site.new(folder)
    answers: dict[str, bytes] = {}
    starts: list[float] = []
    hosted = host.start(site)
    for number in range(kills):
        acknowledged = load_and_kill(hosted, dice, prefix=f"{folder.name}-{number}")
        site.given["verify"] = dice.choice(["all", "recent"])
        began = time.perf_counter()
        hosted = host.start(site)
        starts.append(time.perf_counter() - began)
        send_all(hosted, list(acknowledged.sent.values()), acknowledged)  # the same bytes again
        assert acknowledged.statuses.keys() <= {200, 429, 503}
        answers |= acknowledged.answers
        if number % 10 == 9:
            hosted.stop()  # leaves a snapshot
            hosted = host.start(site)
    hosted.kill()
    held = verified(site)
    assert not missing(answers, held)
    made = Made(dice, prefix="probe")
    check_state(site, [made.payment().body for _ in range(100)])
    return {
        "kills": kills,
        "acknowledged": len(answers),
        "entries": held.entries,
        "slowest start, s": round(max(starts), 2),
    }


def test_killed_under_load(host: Host, tmp_path: Path) -> None:
    seen = killed_again_and_again(host, tmp_path / "site", kills=KILLS, dice=random.Random(1))
    assert seen["acknowledged"] > 50 * KILLS


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_killed_two_thousand_times(host: Host, tmp_path: Path, seed: int) -> None:
    dice = random.Random(f"long {seed}")
    seen = killed_again_and_again(host, tmp_path / "site", kills=KILLS_OF_A_JOURNAL, dice=dice)
    print(seen)
    assert seen["acknowledged"] > 50 * KILLS_OF_A_JOURNAL
