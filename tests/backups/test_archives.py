"""A service whose history was archived behaves as one whose history was not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import POLICY, code, payment, send, serve, settings_of
from sites import asked, backed_up, checked, filled, restored

from fengkong.decisions.engine import Engine
from fengkong.journal.archive import ArchiveFolder, entries_in
from fengkong.journal.archiving import archive, bring_back
from fengkong.journal.verification import verify_journal
from fengkong.service.opening import ledger_signer, open_for_reading, upkeep
from fengkong.service.states.archived import ArchivedEvents, is_archive
from fengkong.service.states.lanes import read_policy_text
from fengkong.service.states.replaying import replay

FOREVER = 10**17


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each store."""
    if request.param == "sqlite":
        return {}
    return {"store": request.getfixturevalue("new_address")()}


def archived(folder: Path, **given: Any) -> int:
    settings = settings_of(folder, **given)
    with upkeep(settings, environment={}) as kept:
        return archive(kept.store, ArchiveFolder(settings.archive), before=FOREVER).entries


def test_everything_holds_over_an_archive(tmp_path: Path, given: dict[str, Any]) -> None:
    answers = filled(tmp_path, count=120, **given)
    settings = settings_of(tmp_path, **given)
    assert archived(tmp_path, **given) == 121
    assert asked(tmp_path, list(answers), **given) == answers

    async def work(service: Any) -> None:
        first = payment(3)
        (again,) = await send(service, first)
        assert again.body == answers["p-000003"]  # idempotent: the same bytes for ever
        (other,) = await send(service, first | {"amount": "1.00"})
        assert other.status == 409
        explained = await service.desk.explain("p-000100")
        assert json.loads(explained.body)["equal"] is True
        assert (await service.desk.erase("customer:C3")).status == 200
        assert code(await service.desk.find("p-000003")) == "service.erased"
        assert (await service.desk.find("p-000004")).body == answers["p-000004"]

    serve(tmp_path, work, policy=None, **given)
    opened = open_for_reading(settings, environment={})
    verified = verify_journal(
        opened.reading,
        verifier=ledger_signer(settings).verifier,
        each_subject=opened.vault.check_key,
    )
    assert verified.size == 122
    events = ArchivedEvents(
        opened.history, [f.path for f in ArchiveFolder(settings.archive).files()]
    )
    read = [event for columns in events.columns() for event in columns.to_events()]
    assert events.erased == sum(number % 7 == 3 for number in range(120))
    assert len(read) == 120 - events.erased
    held = b"".join(e.leaf + e.payload for path in events.paths for e in entries_in(path))
    assert b"Shanghai" not in held
    opened.close()


def test_a_replay_over_the_archive_equals_the_journal(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    filled(tmp_path, count=150, **given)
    archived(tmp_path, **given)
    opened = open_for_reading(settings_of(tmp_path, **given), environment={})
    files = [file.path for file in ArchiveFolder(tmp_path / "data" / "archive").files()]
    assert is_archive(files)
    recorded = [
        sealed.decision
        for file in files
        for entry in entries_in(file)
        if (sealed := opened.history.open(entry).sealed) is not None
    ]
    engine = Engine(read_policy_text(POLICY, source="policy"))
    state = engine.new_state()
    derived = [
        block.decision(row).to_json()
        for columns in ArchivedEvents(opened.history, files).columns()
        for block in engine.decide_columns(columns, state)
        for row in range(len(block.ids))
    ]
    assert derived == recorded
    assert replay(opened.history, upto=151).decisions == 150
    opened.close()


def test_a_backup_takes_the_archive_with_it(tmp_path: Path) -> None:
    answers = filled(tmp_path, count=60)
    archived(tmp_path)
    manifest = backed_up(tmp_path, tmp_path / "backup")
    assert [file.path for file in manifest.files if file.path.startswith("archive/")]
    assert checked(tmp_path / "backup").opened
    restored(tmp_path / "backup", tmp_path / "again")
    assert asked(tmp_path / "again", list(answers)) == answers


def test_archiving_beside_a_service(tmp_path: Path, given: dict[str, Any]) -> None:
    first = filled(tmp_path, count=80, **given)
    settings = settings_of(tmp_path, **given)

    def back_and_forth() -> None:
        for _ in range(3):
            archived(tmp_path, **given)
            with upkeep(settings, environment={}) as kept:
                bring_back(kept.store, ArchiveFolder(settings.archive), days=None)
        archived(tmp_path, **given)

    async def work(service: Any) -> dict[str, bytes]:
        moving = asyncio.create_task(asyncio.to_thread(back_and_forth))
        answers, number = dict(first), 80
        while not moving.done():
            event = payment(number)
            (answer,) = await send(service, event)
            assert answer.status == 200
            answers[str(event["id"])] = answer.body
            old = f"p-{number % 80:06d}"
            assert (await service.desk.find(old)).body == first[old]
            number += 1
        await moving
        return answers

    answers = serve(tmp_path, work, policy=None, **given)
    assert asked(tmp_path, list(answers), **given) == answers
