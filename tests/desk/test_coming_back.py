"""A long journal is verified by a second process beside the fold; whatever becomes of it, the
start says what it says alone."""

import dataclasses
import itertools
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from desk_of_tests import decision, payment, prepared, send, serve, settings_of

from fengkong.core.errors import RiskError
from fengkong.journal.entries import Entry
from fengkong.service import coming_back, verifying
from fengkong.service.serving import Prepared, Service, prepare
from fengkong.service.states.folding import Folding
from fengkong.service.verifying import LeavesDigest, Task, decode_task, encode_task

LENGTH = 150


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal without snapshots, and its second place beside it."""
    folder = tmp_path_factory.mktemp("long")

    async def work(service: Service) -> None:
        await send(service, *(payment(n) for n in range(LENGTH)))

    serve(folder, work)
    shutil.rmtree(folder / "data" / "snapshots")
    return folder


@pytest.fixture
def folder(recorded: Path, tmp_path: Path) -> Path:
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every journal counts as long, and there are processors enough."""
    monkeypatch.setattr(coming_back, "BESIDE_MIN", 1)
    monkeypatch.setattr(coming_back, "_processors", lambda: 2)


@pytest.fixture
def other_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Another program in the place of the one that verifies."""

    def program(text: str) -> None:
        monkeypatch.setattr(verifying, "_COMMAND", (sys.executable, "-c", text))

    return program


def state_of(ready: Prepared) -> Any:
    saved = ready.decider.live.state.save()
    windows = {name: array.tobytes() for name, array in saved["windows"].items()}
    return windows, saved["lists"], saved["words"]


def started(folder: Path) -> Any:
    ready = prepared(folder, policy=None)
    try:
        return state_of(ready)
    finally:
        ready.written.store.close()


def refusal(folder: Path) -> tuple[str, str]:
    with pytest.raises(RiskError) as refused:
        prepared(folder, policy=None)
    return refused.value.code, refused.value.message


@pytest.mark.usefixtures("long")
def test_a_long_journal_comes_back_the_same(folder, caplog, monkeypatch):
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(coming_back, "BESIDE_MIN", LENGTH * 2)
    alone = started(folder)
    monkeypatch.setattr(coming_back, "BESIDE_MIN", LENGTH // 2)
    ready = prepare(
        settings_of(folder),
        environment={},
        first_policy=None,
        progress=lambda *what: told.append(what),
    )
    beside = state_of(ready)
    ready.written.store.close()
    assert beside == alone
    assert "verif" not in caplog.text
    assert ("verify", LENGTH + 1, LENGTH + 1) in told


@pytest.mark.usefixtures("long")
def test_a_postgres_journal_is_verified_beside_its_fold(tmp_path, postgres_address, caplog):
    async def work(service: Service) -> Any:
        (answer,) = await send(service, payment(20))
        return decision(answer)

    async def twenty(service: Service) -> Any:
        await send(service, *(payment(n) for n in range(20)))

    store = postgres_address()
    serve(tmp_path, twenty, store=store)
    shutil.rmtree(tmp_path / "data" / "snapshots")
    assert serve(tmp_path, work, policy=None, store=store)["features"]["card_count_1h"] == 5.0
    assert "verif" not in caplog.text


DAMAGES = [
    "UPDATE entries SET payload = zeroblob(length(payload)) WHERE sequence = 9",
    "UPDATE entries SET leaf = cast(replace(cast(leaf AS text), ':false', ':true') AS blob) "
    "WHERE sequence = 99",
    "UPDATE entries SET leaf = x'00' WHERE sequence = 50",
    "DELETE FROM entries WHERE sequence = 101",
    "DELETE FROM subject_keys",
    "UPDATE facts SET value = zeroblob(32) WHERE name = 'head'",
]


def damage(folder: Path, statement: str) -> None:
    connection = apsw.Connection(str(folder / "data" / "journal.db"))
    connection.execute(statement)
    assert connection.changes()
    connection.close()


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_damaged_journal_is_refused_in_the_same_words(folder, statement, other_process, request):
    damage(folder, statement)
    alone = refusal(folder)
    request.getfixturevalue("long")
    other_process(FAULTY)
    assert refusal(folder) == alone


def test_what_the_second_process_finds_wrong_is_told_here(folder, request, caplog):
    damage(folder, DAMAGES[1])
    alone = refusal(folder)
    request.getfixturevalue("long")
    assert refusal(folder) == alone
    assert "it is looked for here" in caplog.text


@pytest.mark.usefixtures("long")
def test_what_the_fold_stumbles_over_is_verified_first(folder, other_process):
    damage(folder, DAMAGES[0])
    other_process(SILENT)
    assert refusal(folder) == ("journal.damaged", "entry 9: its payload was altered")


@pytest.mark.usefixtures("long")
def test_a_fold_that_breaks_off_is_no_start(folder, other_process, monkeypatch):
    def broken(_self: Any, _entries: Any) -> None:
        raise ZeroDivisionError

    other_process(SILENT)
    monkeypatch.setattr(Folding, "over", broken)
    with pytest.raises(ZeroDivisionError):
        prepared(folder, policy=None)


FAULTY = "raise SystemExit(1)"
SILENT = "import sys; sys.stdin.buffer.read()"
KILLED = "import os, signal; print(7, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
WRONG = """print('{"type":"agreement","size":151,"root":"AAAA","leaves":"AAAA"}')"""
MUMBLING = """print('{"type":')"""
AT_ODDS = {"killed": KILLED, "another tree": WRONG, "half a line": MUMBLING, "none": "no Python"}


@pytest.mark.parametrize("program", AT_ODDS.values(), ids=AT_ODDS)
def test_without_its_agreement_all_is_verified_here(
    folder, program, other_process, request, caplog
):
    alone = started(folder)
    request.getfixturevalue("long")
    other_process(program)
    assert started(folder) == alone
    assert "it is looked for here" in caplog.text
    damage(folder, DAMAGES[1])
    assert refusal(folder)[0] == "journal.damaged"


@pytest.mark.usefixtures("long")
def test_a_snapshot_at_the_head_needs_no_second_process(tmp_path, other_process, caplog):
    async def work(service: Service) -> None:
        await send(service, *(payment(n) for n in range(20)))

    serve(tmp_path, work)
    other_process("no Python")
    started(tmp_path)
    assert "verif" not in caplog.text


def test_leaves_are_told_from_others_however_they_are_cut():
    entries = [Entry(n, 0, b'{"n":%d}' % n, b"") for n in range(1, 40)]

    def digest(*cuts: int, after: int = 0) -> bytes:
        digest = LeavesDigest(after=after)
        bounds = [0, *cuts, len(entries)]
        for start, stop in itertools.pairwise(bounds):
            digest.over(entries[start:stop])
        return digest.digest()

    assert digest() == digest(1, 2, 20) == digest(39)
    assert digest(after=10) == digest(7, 15, after=10) != digest()
    entries[20] = entries[20]._replace(leaf=b'{"n":22}')
    assert digest(after=21) == digest(30, after=21)
    assert digest(after=20) != digest(after=19)


def test_a_task_is_read_as_it_was_written(tmp_path):
    settings = dataclasses.replace(
        settings_of(tmp_path),
        witnesses=("w http://x",),
        verify="recent",
        store="postgresql://u:p@h/d",
    )
    task = Task(settings=settings, verifier="log+00+AA", after=3, folded_after=5)
    assert decode_task(encode_task(task)) == task
    assert b"\n" not in encode_task(task)
