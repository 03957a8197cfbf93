"""A disk that fails at any call, fills up, or loses its power: nothing acknowledged is lost."""

import random
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fengkong.journal import wal_copying
from fengkong.journal.appending import Appender
from fengkong.journal.errors import StoreUnavailableError
from fengkong.journal.port import Batch, Store, StoredCheckpoint
from fengkong.journal.sqlite_store import SqliteStore
from fengkong.protection.subject_keys import SubjectKey

KEY = SubjectKey(
    subject=b"s" * 16, key_id=b"k" * 8, master_id="m", wrapped=b"WRAPPED!" * 8, created_at=1
)
Work = Callable[[], object]
FAULTS = ["BROKEN", "NO_SPACE", "SHORT"]


@pytest.fixture
def files(faulty: Any) -> Iterator[Any]:
    with faulty.FaultyFiles("faulty") as opened:
        yield opened


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    """Three batches that follow each other, one of them with a key, a tile, a checkpoint."""
    made = SqliteStore.open(tmp_path_factory.mktemp("made") / "journal.db")
    appender = Appender(made)
    batches = []
    for count, keys, checkpoint in (
        (3, [KEY], None),
        (260, [], StoredCheckpoint(263, b"note")),
        (2, [], None),
    ):
        for _ in range(count):
            number = appender.next_sequence
            appender.add(
                kind="event", event_id=f"e{number}", recorded_at=number, payload=b"p" * 200
            )
        batches.append(appender.take_batch(keys=keys, checkpoint=checkpoint))
    made.close()
    return batches


def until_done(work: Work, *, tries: int = 2) -> None:
    """Do it, and again where the store was unavailable; anything else is a fault of ours."""
    for left in range(tries - 1, -1, -1):
        try:
            work()
        except StoreUnavailableError:
            if not left:
                raise
        else:
            return


def keep(store: Store, batch: Batch) -> None:
    store.stage(batch)
    store.commit()


def life(store: SqliteStore, batches: list[Batch]) -> list[Work]:
    return [
        *(lambda batch=batch: keep(store, batch) for batch in batches),
        lambda: store.put_secret("s", b"value"),
        lambda: store.destroy(KEY.subject, at=9),
        lambda: store.find([entry.event_hash for entry in batches[1].entries]),
        lambda: store.read(after=0, limit=1000),
    ]


def check_whole(path: Path, batches: list[Batch]) -> None:
    store = SqliteStore.open(path)
    store.check_structure()
    entries = [entry for batch in batches for entry in batch.entries]
    assert store.read(after=0, limit=1000) == entries
    assert store.tile(level=0, index=0) == batches[1].tiles[0].hashes
    assert store.checkpoint() == StoredCheckpoint(263, b"note")
    assert store.secret("s") == b"value"
    key = store.subject_key(KEY.subject)
    assert key is not None
    assert key.wrapped is None
    store.close()


def calls_of_a_life(files: Any, path: Path, batches: list[Batch]) -> int:
    store = SqliteStore.open(path, vfs=files.name)
    files.watch()
    for work in life(store, batches):
        work()
    count = len(files.calls)
    store.close()
    return count


@pytest.mark.parametrize(("number", "fault"), list(enumerate(FAULTS, start=1)), ids=FAULTS)
def test_a_fault_at_any_call_loses_nothing(
    faulty: Any, files: Any, tmp_path: Path, batches: list[Batch], number: int, fault: str
) -> None:
    """The kinds of fault share the calls; the nightly run has each of them at every call."""
    lasting = fault == "NO_SPACE"
    arms = (faulty.Fault[fault], lasting)
    faults_at_calls(files, tmp_path, batches, arms=arms, first=number, step=len(FAULTS))


@pytest.mark.nightly
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_call_loses_nothing(
    faulty: Any, files: Any, tmp_path: Path, batches: list[Batch], fault: str, lasting: bool
) -> None:
    faults_at_calls(files, tmp_path, batches, arms=(faulty.Fault[fault], lasting))


def faults_at_calls(
    files: Any,
    tmp_path: Path,
    batches: list[Batch],
    *,
    arms: tuple[Any, bool],
    first: int = 1,
    step: int = 1,
) -> None:
    """A life whose call of every number from `first` fails once, or from then on."""
    total = calls_of_a_life(files, tmp_path / "clean.db", batches)
    assert total > 50
    fault, lasting = arms
    met = 0
    for at in range(first, total + 1, step):
        path = tmp_path / f"{at}.db"
        store = SqliteStore.open(path, vfs=files.name)
        files.arm(fault, at=at, lasting=lasting)
        for work in life(store, batches):
            try:
                work()
            except StoreUnavailableError:
                files.disarm()
                until_done(work)
        met += bool(files.failed)
        files.disarm()
        store.close()
        check_whole(path, batches)
    assert met > total // step // 4


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_while_opening_leaves_nothing_half_made(
    faulty: Any, files: Any, tmp_path: Path, batches: list[Batch], fault: str
) -> None:
    files.watch()
    SqliteStore.open(tmp_path / "clean.db", vfs=files.name).close()
    refused = 0
    for at in range(1, len(files.calls) + 1):
        path = tmp_path / f"{at}.db"
        files.arm(faulty.Fault[fault], at=at, lasting=True)
        try:
            SqliteStore.open(path, vfs=files.name).close()
        except StoreUnavailableError:
            refused += 1
        files.disarm()
        store = SqliteStore.open(path, vfs=files.name)
        keep(store, batches[0])
        assert store.head().sequence == 3
        store.close()
    assert refused > 5


@pytest.mark.parametrize("seed", range(3))
def test_random_faults_while_the_wal_is_copied_back(
    faulty: Any, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(wal_copying, "BEGIN_PAGES", 8)
    dice = random.Random(seed)
    path = tmp_path / "journal.db"
    store = SqliteStore.open(path, vfs=files.name)
    appender = Appender(store)
    for _ in range(120):
        for _ in range(dice.randrange(1, 20)):
            number = appender.next_sequence
            appender.add(kind="event", event_id=f"e{number}", recorded_at=1, payload=b"p" * 300)
        batch = appender.take_batch()
        if dice.random() < 0.4:
            fault = dice.choice(list(faulty.Fault))
            files.arm(fault, at=dice.randrange(1, 30), lasting=dice.random() < 0.5)
        try:
            keep(store, batch)
        except StoreUnavailableError:
            files.disarm()
            until_done(lambda batch=batch: keep(store, batch))
        files.disarm()
        assert store.head().sequence == appender.size
    files.disarm()
    store.close()
    again = SqliteStore.open(path)
    again.check_structure()
    assert Appender(again).root() == appender.root()
    again.close()


def live_until_the_cut(files: Any, path: Path, dice: random.Random) -> tuple[int, int]:
    """The last entry acknowledged, and the last one staged, when the power went."""
    store = SqliteStore.open(path, vfs=files.name)
    appender = Appender(store)
    acknowledged = store.head().sequence
    for _ in range(dice.randrange(1, 12)):
        for _ in range(dice.randrange(1, 40)):
            number = appender.next_sequence
            appender.add(kind="event", event_id=f"e{number}", recorded_at=1, payload=b"p" * 500)
        keep(store, appender.take_batch())
        acknowledged = appender.size
    appender.add(kind="event", event_id="last", recorded_at=1, payload=b"p")
    store.stage(appender.take_batch())
    files.cut()
    try:
        store.commit()
    except StoreUnavailableError:
        pass
    else:
        raise AssertionError("a commit without power was acknowledged")
    store.close()
    return acknowledged, appender.size


def test_a_power_cut_loses_nothing_acknowledged(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal_copying, "BEGIN_PAGES", 20)
    path = tmp_path / "journal.db"
    SqliteStore.open(path).close()
    for seed in range(20):
        dice = random.Random(seed)
        acknowledged, staged = live_until_the_cut(files, path, dice)
        share = dice.choice([0.0, 0.5, 1.0])
        files.after_cut(keep=lambda dice=dice, share=share: dice.random() < share)
        store = SqliteStore.open(path)
        store.check_structure()
        assert acknowledged <= store.head().sequence <= staged
        Appender(store)
        store.close()


def test_a_disk_that_lies_about_its_syncs_loses(faulty: Any, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteStore.open(path).close()
    with faulty.FaultyFiles("lying", lying=True) as files:
        acknowledged, _ = live_until_the_cut(files, path, random.Random(1))
        files.after_cut()
    store = SqliteStore.open(path)
    assert store.head().sequence < acknowledged
    store.close()


FILL = """
import resource, signal, sys
from pathlib import Path
from fengkong.journal.appending import Appender
from fengkong.journal.errors import StoreUnavailableError
from fengkong.journal.sqlite_store import SqliteStore

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStore.open(Path(sys.argv[1]))
appender = Appender(store)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most))
refused = 0
for _ in range(60):
    for _ in range(10):
        appender.add(kind="event", event_id=None, recorded_at=1, payload=bytes(2000))
    batch = appender.take_batch()
    try:
        store.stage(batch)
        store.commit()
        assert not refused
    except StoreUnavailableError:
        refused += 1
        assert store.head().sequence == appender.size - 10
        if refused < 5:
            appender = Appender(store)
            continue
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        store.stage(batch)
        store.commit()
        refused = 0
print(store.head().sequence == appender.size, appender.size, flush=True)
store.close()
"""


def test_a_file_that_may_not_grow_is_waited_for(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    path = tmp_path / "journal.db"
    command = [sys.executable, "-c", textwrap.dedent(FILL), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split()[:1] == ["True"], done.stderr
    store = SqliteStore.open(path)
    store.check_structure()
    assert store.head().sequence == int(done.stdout.split()[1])
    store.close()
