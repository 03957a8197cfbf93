"""A bit flipped, a file cut short, yesterday's database: found at the start, or without effect."""

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from hosting import Host, Site
from journal_check import files_below
from load import Acknowledged, Made, send_all

from fengkong.core.errors import RiskError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.service.serving import prepare
from fengkong.service.settings import load_settings

TABLES = ("facts", "entries", "tiles", "checkpoints", "subject_keys", "secrets", "lookups")
PROBES = [Made(random.Random(9), prefix="probe").payment().body for _ in range(20)]
Damage = Callable[[Path, random.Random], str]


@dataclass
class Sound:
    """A site as it should be: its folder, and what its journal and its state say."""

    site: Site
    folder: Path
    said: object


@pytest.fixture(scope="module")
def yesterday(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of some days, stopped; the folder beside it is the same a day later."""
    folder = tmp_path_factory.mktemp("damage")
    site = Site.new(folder / "today")
    made = Made(random.Random(8), prefix="kept")
    for number, count in enumerate((1100, 900, 700)):
        if number == 2:
            shutil.copytree(folder / "today", folder / "yesterday")
        hosted = host.start(site)
        send_all(hosted, [made.payment() for _ in range(count)], Acknowledged())
        send_all(hosted, [made.noted() for _ in range(20)], Acknowledged())
        hosted.stop()
    return folder / "yesterday"


@pytest.fixture(scope="module")
def sound(yesterday: Path) -> Sound:
    folder = yesterday.with_name("today")
    site = Site(folder / "data", "", {"port": 0})
    return Sound(site, folder, everything_said(site))


def everything_said(site: Site) -> object:
    """All that is read from a site whose start succeeds; raises what refuses the start."""
    settings = load_settings(site.data, given=site.given)
    ready = prepare(settings, environment=os.environ, first_policy=None)
    try:
        decoder = Decoder(shipped_catalogue())
        judged = [ready.decider.live.judge(decoder.decode(probe)).decision for probe in PROBES]
        connection = apsw.Connection(str(settings.journal_file))
        try:
            tables = [connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES]
            filed = connection.execute(
                "SELECT event_hash, sequence FROM entries INDEXED BY entries_by_event"
                " WHERE event_hash <> 0 ORDER BY event_hash, sequence"
            ).fetchall()
        finally:
            connection.close()
    finally:
        ready.written.store.close()
    return [one and one.to_json() for one in judged], tables, filed


def some_file(folder: Path, dice: random.Random) -> Path:
    """A file of the journal, its keys, snapshots and second place; the journal more often."""
    files = [path for path in files_below(folder) if path.stat().st_size and is_ours(path)]
    return dice.choice([*files, folder / "data" / "journal.db", folder / "data" / "journal.db"])


def is_ours(path: Path) -> bool:
    """API keys are no part of the journal, and locks and logs hold nothing."""
    return not path.name.startswith(("access.db", "service.log")) and path.suffix != ".lock"


def flipped(folder: Path, dice: random.Random) -> str:
    path = some_file(folder, dice)
    at, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))
    return f"{path.name}: bit {bit} of byte {at}"


def cut_short(folder: Path, dice: random.Random) -> str:
    path = some_file(folder, dice)
    size = dice.randrange(path.stat().st_size)
    os.truncate(path, size)
    return f"{path.name}: cut to {size}"


def emptied_page(folder: Path, dice: random.Random) -> str:
    path = some_file(folder, dice)
    at = dice.randrange(path.stat().st_size) // 4096 * 4096
    with path.open("r+b") as file:
        file.seek(at)
        length = min(4096, path.stat().st_size - at)
        file.write(bytes(length))
    return f"{path.name}: zeros from {at}"


def swapped_pages(folder: Path, dice: random.Random) -> str:
    path = folder / "data" / "journal.db"
    pages = path.stat().st_size // 4096
    one, other = (dice.randrange(pages) * 4096 for _ in range(2))
    content = bytearray(path.read_bytes())
    first, second = content[one : one + 4096], content[other : other + 4096]
    content[one : one + 4096], content[other : other + 4096] = second, first
    path.write_bytes(content)
    return f"{path.name}: pages at {one} and {other} swapped"


KINDS: tuple[Damage, ...] = (flipped, flipped, flipped, cut_short, emptied_page, swapped_pages)


def damaged_again_and_again(sound: Sound, tmp_path: Path, *, times: int, seed: int) -> Counter[str]:
    """How each damage ended: the code of the refusal, or that it had no effect."""
    ends: Counter[str] = Counter()
    for number in range(times):
        dice = random.Random(f"{seed} {number}")
        folder = tmp_path / "damaged"
        shutil.copytree(sound.folder, folder)
        what = dice.choice(KINDS)(folder, dice)
        try:
            said = everything_said(sound.site.moved(folder))
        except RiskError as error:
            assert str(error), what
            ends[type(error).code] += 1
        else:
            assert said == sound.said, f"not noticed: {what}"
            ends["without effect"] += 1
        shutil.rmtree(folder)
    print(dict(ends))
    return ends


def test_damage_is_found(sound: Sound, tmp_path: Path) -> None:
    ends = damaged_again_and_again(sound, tmp_path, times=30, seed=1)
    assert sum(ends.values()) - ends["without effect"] > 7


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 7))
def test_a_thousand_damages_are_found(sound: Sound, tmp_path: Path, seed: int) -> None:
    damaged_again_and_again(sound, tmp_path, times=200, seed=seed)


def put_back(yesterday: Path, folder: Path, *names: str) -> None:
    """Replace files of the site at `folder` by yesterday's."""
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
        source = yesterday / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy(source, folder / name)


@pytest.mark.parametrize("names", [["data"], ["data/journal.db"]], ids=["all", "the journal"])
def test_yesterdays_database_is_refused(
    host: Host, sound: Sound, yesterday: Path, tmp_path: Path, names: list[str]
) -> None:
    folder = tmp_path / "today"
    shutil.copytree(sound.folder, folder)
    put_back(yesterday, folder, *names)
    with pytest.raises(RiskError) as refused:
        everything_said(sound.site.moved(folder))
    assert type(refused.value).code == "journal.rolled_back"


def test_another_journal_is_refused(host: Host, sound: Sound, tmp_path: Path) -> None:
    folder = tmp_path / "today"
    shutil.copytree(sound.folder, folder)
    other = Site.new(tmp_path / "other")
    host.start(other).stop()
    put_back(tmp_path / "other", folder, "data")
    with pytest.raises(RiskError) as refused:
        everything_said(sound.site.moved(folder))
    assert type(refused.value).code == "journal.rolled_back"


@pytest.fixture(scope="module")
def killed(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    """A site whose service was killed: much of its journal is still in the WAL."""
    folder = tmp_path_factory.mktemp("killed") / "site"
    site = Site.new(folder)
    made = Made(random.Random(7), prefix="kept")
    hosted = host.start(site)
    for _ in range(40):
        send_all(hosted, [made.payment() for _ in range(30)], Acknowledged())
    hosted.kill()
    copied = folder.with_name("copied")
    shutil.copytree(folder, copied)
    return Sound(site, folder, everything_said(site.moved(copied)))
