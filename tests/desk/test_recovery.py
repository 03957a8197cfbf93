"""Restarted it knows everything; a damaged snapshot is refused, a damaged journal too."""

import json
import shutil
from typing import Any

import apsw
import pytest
from desk_of_tests import decision, payment, prepared, send, serve

from fengkong.core.errors import RiskError
from fengkong.service.serving import Service


async def twenty(service: Service) -> Any:
    return await send(service, *(payment(n) for n in range(20)))


async def one_more(service: Service) -> Any:
    (answer,) = await send(service, payment(20))
    return decision(answer)


@pytest.mark.parametrize("kill", ["", "yes"])
def test_a_restarted_service_goes_on_as_if_nothing_had_been(tmp_path, kill):
    async def through(service: Service) -> Any:
        await twenty(service)
        return await one_more(service)

    expected = serve(tmp_path / "a", through)
    serve(tmp_path / "b", twenty, kill=kill)
    assert serve(tmp_path / "b", one_more, policy=None) == expected


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap", "foreign"])
def test_a_damaged_snapshot_is_refused_and_the_journal_used(tmp_path, damage, caplog):
    serve(tmp_path, twenty)
    (snapshot,) = (tmp_path / "data" / "snapshots").glob("*.snapshot")
    content = bytearray(snapshot.read_bytes())
    if damage == "cut":
        snapshot.write_bytes(content[:-20])
    elif damage == "flip":
        content[len(content) // 2] ^= 1
        snapshot.write_bytes(content)
    elif damage == "empty":
        snapshot.write_bytes(b"")
    elif damage == "swap":
        snapshot.rename(snapshot.with_name("0000000000000005" + snapshot.name[16:]))
    else:
        serve(tmp_path / "other", twenty)
        (other,) = (tmp_path / "other" / "data" / "snapshots").glob("*.snapshot")
        shutil.copyfile(other, snapshot)
    assert serve(tmp_path, one_more, policy=None)["features"]["card_count_1h"] == 5.0
    assert "is not used" in caplog.text


def tampered(tmp_path: Any, statement: str) -> None:
    connection = apsw.Connection(str(tmp_path / "data" / "journal.db"))
    connection.execute(statement)
    assert connection.changes()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE sequence = 9",
        "DELETE FROM entries WHERE sequence = (SELECT max(sequence) FROM entries)",
        "UPDATE entries SET payload = zeroblob(length(payload)) WHERE sequence = 9",
        "UPDATE entries SET leaf = cast(replace(cast(leaf AS text), 'allow', 'deny') AS blob) "
        "WHERE sequence = 9",
        "UPDATE entries SET event_hash = event_hash + 1 WHERE sequence = 9",
        "UPDATE entries SET leaf = cast(replace(cast(leaf AS text), ':false', ':true') AS blob) "
        "WHERE sequence = (SELECT max(sequence) FROM entries)",
        "DELETE FROM subject_keys",
        "UPDATE subject_keys SET wrapped = zeroblob(length(wrapped))",
        "UPDATE facts SET value = zeroblob(32) WHERE name = 'head'",
    ],
)
@pytest.mark.parametrize("kill", ["", "yes"])
def test_a_tampered_journal_is_refused_at_the_start(tmp_path, statement, kill):
    serve(tmp_path, twenty, kill=kill)
    tampered(tmp_path, statement)
    with pytest.raises(RiskError) as refused:
        prepared(tmp_path, policy=None)
    assert refused.value.code in (
        "journal.damaged",
        "journal.rolled_back",
        "protection.tampered_key",
    )


def test_yesterdays_database_is_refused(tmp_path):
    serve(tmp_path, twenty)
    shutil.copytree(tmp_path / "data", tmp_path / "yesterday")
    serve(tmp_path, one_more, policy=None)
    shutil.rmtree(tmp_path / "data")
    shutil.copytree(tmp_path / "yesterday", tmp_path / "data")
    with pytest.raises(RiskError, match=r"journal\.rolled_back"):
        prepared(tmp_path, policy=None)


def test_another_database_is_refused(tmp_path):
    serve(tmp_path, twenty)
    shutil.rmtree(tmp_path / "data")
    with pytest.raises(RiskError, match=r"journal\.rolled_back"):
        prepared(tmp_path)


def test_a_new_journal_needs_a_policy(tmp_path):
    with pytest.raises(RiskError, match=r"service\.no_policy"):
        prepared(tmp_path, policy=None)


def test_an_explanation_is_derived_again_and_equal(tmp_path):
    async def work(service: Service) -> None:
        await twenty(service)
        answer = await service.desk.explain("p-000013")
        found = json.loads(answer.body)
        assert (found["equal"], found["sequence"]) == (True, 15)
        assert found["explanation"]["outcome"] == found["recorded"]["outcome"]
        assert (await service.desk.explain("nobody")).status == 404

    serve(tmp_path, work)


def test_an_erased_customer_is_gone_and_everything_still_verifies(tmp_path):
    async def work(service: Service) -> None:
        await twenty(service)
        answer = await service.desk.erase("customer:C3")
        assert answer.status == 200
        assert (await service.desk.find("p-000003")).status == 410
        assert (await service.desk.find("p-000004")).status == 200
        (again,) = await send(service, payment(3))
        assert again.status == 410
        (new,) = await send(service, payment(24, customer="C3"))
        assert new.status == 410
        assert (await service.desk.erase("customer:nobody-such")).status == 404
        assert (await service.desk.erase("what")).status == 400

    serve(tmp_path, work)
    # The states still know what they counted, and the start verifies every entry.
    assert serve(tmp_path, one_more, policy=None)["features"]["card_count_1h"] == 5.0
