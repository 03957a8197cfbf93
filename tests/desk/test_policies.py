"""Policies are published, shadowed and rolled back while events keep coming."""

import asyncio
import json
from typing import Any

from desk_of_tests import (
    OTHER_WINDOWS,
    POLICY,
    STRICTER,
    body,
    code,
    decision,
    payment,
    send,
    serve,
)

from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.service.serving import Service
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import fold


def same_card(*numbers: int) -> list[dict[str, Any]]:
    return [payment(n, card="one", device="dev") for n in numbers]


def test_an_activation_is_an_entry_and_the_next_event_is_decided_by_it(tmp_path):
    async def work(service: Service) -> None:
        before = await send(service, *same_card(1, 2, 3))
        answer = await service.desk.publish(STRICTER)
        assert json.loads(answer.body)["sequence"] == 5
        after = await send(service, *same_card(4))
        assert [decision(a)["outcome"] for a in before] == ["allow"] * 3
        assert decision(after[0])["outcome"] == "review"
        assert decision(after[0])["policy_version"] == 2
        assert decision(after[0])["features"]["card_count_1h"] == 4.0

    serve(tmp_path, work)


def test_a_policy_with_other_windows_knows_the_history(tmp_path):
    async def work(service: Service) -> None:
        await send(service, *same_card(1, 2, 3))
        assert (await service.desk.publish(OTHER_WINDOWS)).status == 200
        (answer,) = await send(service, *same_card(4))
        assert decision(answer)["features"]["card_count_1h"] == 4.0

    serve(tmp_path, work)


def test_publishing_loses_no_request(tmp_path):
    async def work(service: Service) -> None:
        publishing = asyncio.ensure_future(service.desk.publish(OTHER_WINDOWS))
        answers, number = [], 0
        while not publishing.done():
            answers += await send(service, payment(number))
            number += 1
            await asyncio.sleep(0)
        answers += await send(service, payment(number))
        assert {answer.status for answer in answers} == {200}
        versions = [decision(answer)["policy_version"] for answer in answers]
        assert versions == sorted(versions)
        assert set(versions) <= {1, 3}
        assert versions[-1] == 3

    serve(tmp_path, work)


def test_rollback_goes_to_the_policy_before(tmp_path):
    async def work(service: Service) -> None:
        assert code(await service.desk.rollback()) == "service.nothing_to_roll_back"
        await service.desk.publish(STRICTER)
        answer = await service.desk.rollback()
        assert json.loads(answer.body)["cause"] == "rolled_back"
        listed = json.loads((await service.desk.policies()).body)
        assert listed["live"]["version"] == 1
        assert [one["cause"] for one in listed["activations"]] == [
            "started",
            "published",
            "rolled_back",
        ]

    serve(tmp_path, work)


def test_a_policy_with_faults_changes_nothing_and_names_them_all(tmp_path):
    async def work(service: Service) -> None:
        broken = POLICY.replace("amount > 50000", "amuont > 50000").replace(
            "outcome: deny", "outcome: no"
        )
        answer = await service.desk.publish(broken)
        assert answer.status == 400
        assert len(json.loads(answer.body)["errors"]) >= 2
        assert json.loads((await service.desk.policies()).body)["live"]["version"] == 1

    serve(tmp_path, work)


def test_a_policy_whose_example_fails_is_not_published(tmp_path):
    async def work(service: Service) -> None:
        example = """
examples:
  - name: everything is denied
    given:
      - type: payment.initiated
        id: x
        occurred_at: "2026-11-01T00:00:00Z"
        currency: CNY
        amount: "1.00"
    expect: {outcome: deny}
"""
        answer = await service.desk.publish(STRICTER + example)
        assert answer.status == 400
        assert service.prepared.written.store.head().sequence == 1

    serve(tmp_path, work)


def test_the_shadow_decides_beside_and_its_differences_are_recorded(tmp_path):
    async def work(service: Service) -> None:
        assert (await service.desk.shadow(STRICTER)).status == 200
        answers = await send(service, *same_card(1, 2, 3))
        assert [decision(a)["outcome"] for a in answers] == ["allow"] * 3
        leaves = [
            json.loads(leaf) for _, leaf in service.prepared.written.store.leaves(after=2, limit=9)
        ]
        assert [leaf["shadow"] for leaf in leaves] == [None, "review", "review"]
        assert b'fengkong_shadow_differences_total{live="allow",shadow="review"} 2.0' in (
            service.prepared.metrics.render()
        )
        await service.desk.shadow(None)
        await send(service, *same_card(4))
        assert json.loads((await service.desk.policies()).body)["shadow"] is None

    serve(tmp_path, work)


def test_policies_in_force_are_those_of_before_after_a_restart(tmp_path):
    async def first(service: Service) -> Any:
        await service.desk.publish(STRICTER)
        await service.desk.shadow(OTHER_WINDOWS)
        await send(service, *same_card(1, 2))
        return json.loads((await service.desk.policies()).body)

    async def again(service: Service) -> Any:
        return json.loads((await service.desk.policies()).body)

    before = serve(tmp_path, first, kill="yes")
    assert serve(tmp_path, again, policy=None) == before


def test_a_handed_over_state_is_that_of_a_fold(tmp_path):
    async def work(service: Service) -> None:
        await send(service, *same_card(1, 2, 3))
        await service.desk.publish(STRICTER)
        await send(service, *same_card(4))
        history = service.prepared.written.opened.history
        folded = Lane.begin(STRICTER)
        fold(folded, history=history, after=0, upto=history.reading.head().sequence)
        probe = same_card(5)
        (answer,) = await send(service, *probe)
        event = Decoder(shipped_catalogue()).decode(body(probe[0]))
        assert json.loads(folded.judge(event).decision.to_json()) == decision(answer)

    serve(tmp_path, work)
