"""Upkeep beside a loaded service, killed at random moments: the service notices nothing of it."""

import asyncio
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hosting import Host, Site, site_on
from journal_check import check_state, missing, verified
from load import Acknowledged, Made, send_all, under_load

from fengkong.core.instants import HOUR_US
from fengkong.protection.masters import FileMasters
from fengkong.protection.rotation import is_finished, retire, rotate
from fengkong.service.backups.checking import check_backup, keys_of_backup
from fengkong.service.opening import upkeep
from fengkong.service.settings import load_settings

PROCESS = Path(__file__).with_name("upkeep_process.py")


def killed(work: str, site: Site, place: Path, *, after_s: float) -> None:
    """Let a piece of upkeep run so long, then kill it; with inf, let it end once."""
    command = [sys.executable, str(PROCESS), work, str(site.data), str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if after_s == math.inf:
            assert process.stdout.readline() == "done\n"
        else:
            time.sleep(after_s)
        assert process.poll() is None, "the upkeep ended by itself"
        process.send_signal(signal.SIGKILL)


def beside_a_load(
    host: Host,
    folder: Path,
    work: str,
    *,
    kills: int,
    longest_s: float,
    seed: int,
    site: Site | None = None,
) -> Site:
    """A site whose service was loaded while upkeep was killed so often; all of it is there."""
    dice = random.Random(seed)
    site = site or Site.new(folder)
    acknowledged = Acknowledged()
    hosted = host.start(site)
    (folder / "place").mkdir()

    async def meanwhile() -> None:
        for _ in range(kills):
            after_s = dice.uniform(0.0, longest_s)
            await asyncio.to_thread(killed, work, site, folder / "place", after_s=after_s)
        await asyncio.to_thread(killed, work, site, folder / "place", after_s=math.inf)

    under_load(hosted, acknowledged, prefix=f"{work}-{seed}", connections=2, meanwhile=meanwhile)
    assert set(acknowledged.statuses) == {200}, acknowledged.statuses
    hosted.stop()
    assert not missing(acknowledged.answers, verified(site))
    return site


def backups_killed(host: Host, folder: Path, *, kills: int, seed: int) -> int:
    """How many backups were whole in the end; what is there is whole."""
    beside_a_load(host, folder, "backup", kills=kills, longest_s=1.5, seed=seed)
    whole = sorted((folder / "place").glob("backup-*"))
    for backup in whole:
        keys = keys_of_backup(backup, keys=None, environment={})
        check_backup(backup, keys=keys, progress=lambda _part: None)
    return len(whole)


def test_backups_killed_at_any_moment_are_whole_or_not_there(host: Host, tmp_path: Path) -> None:
    assert backups_killed(host, tmp_path / "site", kills=2, seed=2)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_backups_killed_again_and_again(host: Host, tmp_path: Path, seed: int) -> None:
    assert backups_killed(host, tmp_path / "site", kills=40, seed=100 + seed)


def restores_killed(host: Host, folder: Path, *, kills: int, seed: int) -> int:
    """How many restored directories stand in the end; each is whole and is served."""
    dice = random.Random(seed)
    site, acknowledged = Site.new(folder), Acknowledged()
    hosted = host.start(site)
    made = Made(dice, prefix="r")
    send_all(hosted, [made.payment() for _ in range(2000)], acknowledged)
    place = folder / "place"
    place.mkdir()
    killed("backup", site, place, after_s=math.inf)
    hosted.stop()
    for _ in range(kills):
        killed("restore", site, place, after_s=dice.uniform(0.0, 1.0))
    killed("restore", site, place, after_s=math.inf)
    whole = sorted(place.glob("restored-*"))
    for data in whole:
        there = Site(data, site.key, site.given)
        assert not missing(acknowledged.answers, verified(there))
    hosted = host.start(Site(whole[0], site.key, site.given))
    hosted.stop()
    return len(whole)


def test_restores_killed_at_any_moment_are_whole_or_not_there(host: Host, tmp_path: Path) -> None:
    assert restores_killed(host, tmp_path / "site", kills=2, seed=4)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5))
def test_restores_killed_again_and_again(host: Host, tmp_path: Path, seed: int) -> None:
    assert restores_killed(host, tmp_path / "site", kills=40, seed=400 + seed)


def archives_killed(host: Host, folder: Path, *, kills: int, seed: int) -> Site:
    """Payloads on their way to the archive and back: every one of them is somewhere, once."""
    site = beside_a_load(host, folder, "archive", kills=kills, longest_s=1.0, seed=seed)
    check_state(site, [])
    return site


def test_archiving_killed_at_any_moment_loses_nothing(host: Host, tmp_path: Path) -> None:
    archives_killed(host, tmp_path / "site", kills=2, seed=5)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_archiving_killed_again_and_again(host: Host, tmp_path: Path, seed: int) -> None:
    archives_killed(host, tmp_path / "site", kills=40, seed=200 + seed)


def rotations_killed(host: Host, folder: Path, *, kills: int, seed: int) -> int:
    """Master keys after so many rotations, cut off under load; all that was sealed opens."""
    site = beside_a_load(host, folder, "rotation", kills=kills, longest_s=0.5, seed=seed)
    check_state(site, [])
    settings = load_settings(site.data)
    with upkeep(settings, environment={}) as kept:
        masters = FileMasters(settings.keys / "master.json")
        rotate(kept.store, masters=masters, journal_id=kept.store.identity)
        assert is_finished(kept.store, masters=masters)
        later = 2 * HOUR_US + time.time_ns() // 1000
        retire(kept.store, masters=masters, now=later)
        count = len(masters.ages())
    verified(site)
    hosted = host.start(site)  # the masters that are left are enough
    hosted.stop()
    return count


def test_rotation_killed_under_load_loses_nothing(host: Host, tmp_path: Path) -> None:
    assert rotations_killed(host, tmp_path / "site", kills=3, seed=7) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_rotation_killed_again_and_again(host: Host, tmp_path: Path, seed: int) -> None:
    assert rotations_killed(host, tmp_path / "site", kills=60, seed=300 + seed) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("work", ["backup", "archive", "rotation"])
def test_upkeep_of_postgres_killed_again_and_again(
    host: Host, server: Any, tmp_path: Path, work: str
) -> None:
    site = site_on(server, tmp_path / "site")
    (site.data / "service.yaml").write_text(f"store: {site.given['store']}\n")
    beside_a_load(host, tmp_path / "site", work, kills=12, longest_s=1.0, seed=len(work), site=site)
    check_state(site, [])
