"""Which entries hold a value: over a journal that grows, is archived, and forgets people."""

import json
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import code, payment, send, serve, settings_of

from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.archiving import archive
from fengkong.journal.errors import UpkeepInUseError
from fengkong.protection.normal_forms import normal_form
from fengkong.service import lookups
from fengkong.service.lookups import checked_value, fill_index, look_up
from fengkong.service.opening import upkeep, upkeep_turn

PHONES = ("138 0013 8000", "+8613800138000", "13900139000")


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each store."""
    if request.param == "sqlite":
        return {}
    return {"store": request.getfixturevalue("new_address")()}


def found(answer: Any) -> list[str]:
    assert answer.status == 200, answer
    return [entry["event_id"] for entry in json.loads(answer.body)["found"]]


def test_values_are_found_in_every_spelling_until_they_are_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PAUSE_S", 0)
    events = [
        payment(n, type="login.attempted", succeeded=True, phone=PHONES[n % 3], amount=None)
        | {"customer": f"C{n % 5}"}
        for n in range(60)
    ]
    for event in events:
        for name in ("currency", "card", "city"):
            event.pop(name, None)

    def holding(entity: str, value: str, *, erased: str = "") -> list[str]:
        wanted = normal_form(value, entity=entity)
        return [
            str(e["id"])
            for e in reversed(events)
            if normal_form(str(e[entity]), entity=entity) == wanted and e["customer"] != erased
        ]

    async def work(service: Any) -> None:
        desk = service.desk
        for event in events[:40]:
            await desk.submit(json.dumps(event).encode(), decided=False)
        first = await desk.look_up("phone:13800138000")
        assert found(first) == [i for i in holding("phone", PHONES[0]) if i < "p-000040"]
        assert json.loads(first.body)["complete"] is True
        for event in events[40:]:
            await desk.submit(json.dumps(event).encode(), decided=False)
        assert found(await desk.look_up("phone:13700137000")) == []
        for spelling in (*PHONES, "１３９００１３９０００"):
            assert found(await desk.look_up(f"phone:{spelling}")) == holding("phone", spelling)
        with upkeep_turn(settings_of(tmp_path)):  # a backup goes on: as far as it is indexed
            assert found(await desk.look_up("device:dev-1")) == holding("device", "dev-1")
        assert found(await desk.look_up("customer:C2")) == holding("customer", "C2")
        assert found(await desk.look_up("customer:nobody")) == []
        for wrong in ("city:Beijing", "13800138000", "phone:", "password:x", ""):
            assert code(await desk.look_up(wrong)) == "service.invalid_subject"
        with upkeep_turn(settings_of(tmp_path)):  # the backup would keep the key
            refused = await desk.erase("customer:C2")
            assert (refused.status, code(refused)) == (503, "journal.upkeep_in_use")
        assert (await desk.erase("customer:C2")).status == 200
        left = holding("phone", PHONES[2], erased="C2")
        assert found(await desk.look_up(f"phone:{PHONES[2]}")) == left
        assert found(await desk.look_up("customer:C2")) == []

    serve(tmp_path, work)
    settings = settings_of(tmp_path)
    with upkeep(settings, environment={}) as kept:
        token = kept.opened.vault.token(entity="phone", value=PHONES[2])
        assert len(kept.store.find_token(token, limit=100)) == len(
            holding("phone", PHONES[2], erased="C2")
        )  # no trace of the erased where it was met
        archive(kept.store, ArchiveFolder(settings.archive), before=10**17)
        result = look_up(kept, checked_value("device:dev-2"), index_at_most=0)
        assert [e.event_id for e in result.found] == holding("device", "dev-2", erased="C2")


def test_an_index_that_is_behind_says_so_and_catches_up(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PAUSE_S", 0)

    async def work(service: Any) -> None:
        await send(service, *(payment(number) for number in range(200)))

    serve(tmp_path, work, **given)
    settings = settings_of(tmp_path, **given)
    value = checked_value("card:card-1")
    with upkeep(settings, environment={}) as kept:
        first = look_up(kept, value, index_at_most=70)
        assert (first.indexed, first.entries, first.complete) == (70, 201, False)
        assert len(first.found) == 14
        again = look_up(kept, value, index_at_most=1000)
        assert again.complete
        assert len(again.found) == 40
        fill_index(kept.store, kept.opened.history, upto=201)
        assert look_up(kept, value, index_at_most=0) == again
        monkeypatch.setattr(lookups, "FOUND_MAX", 5)
        few = look_up(kept, value, index_at_most=0)
        assert ([e.sequence for e in few.found], few.complete) == (
            [e.sequence for e in again.found[:5]],
            False,
        )
        with pytest.raises(UpkeepInUseError), upkeep(settings, environment={}):
            raise AssertionError("two at once")
        card = kept.opened.vault.token(entity="card", value="card-1")
        kept.store.forget_lookups(card, [again.found[0].sequence])
        assert len(kept.store.find_token(card, limit=100)) == 39
