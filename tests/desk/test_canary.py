"""A canary answers for its share of the subjects, and only for them, whatever happens meanwhile."""

import json
import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from desk_of_tests import (
    OTHER_WINDOWS,
    POLICY,
    STRICTER,
    code,
    decision,
    payment,
    prepared,
    send,
    serve,
)
from hypothesis import given as given_by
from hypothesis import settings
from hypothesis import strategies as st

from fengkong.core.errors import RiskError
from fengkong.decisions.engine import Engine
from fengkong.events.event import Event
from fengkong.features.state import Limits, ValueRangeError
from fengkong.journal.history import Activation, decode_activation, encode_activation
from fengkong.service.serving import Service
from fengkong.service.states.contests import recorded_policies
from fengkong.service.states.explaining import explained
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import Activated, in_force
from fengkong.service.states.replaying import DifferentDecisionError, replay
from fengkong.service.states.rival import Rival, Share

NUMBERS = OTHER_WINDOWS.replace(
    "customer_city_last:",
    "fees_24h: sum(fee) of payment.initiated over card last 24h\n  customer_city_last:",
)
"""A policy with a feature that cannot hold every number which the live policy takes."""


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each store."""
    if request.param == "sqlite":
        return {}
    return {"store": request.getfixturevalue("postgres_address")()}


def of_customers(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    return [payment(start + n, customer=f"C{n}") for n in range(count)]


async def status(service: Service) -> Any:
    return json.loads((await service.desk.policies()).body)


def answered_by(answers: list[Any]) -> list[int]:
    """The version of the policy that answered each."""
    return [int(decision(answer)["policy_version"]) for answer in answers]


# -- who is in the share ------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given_by(share=st.floats(0.01, 0.5), policy=st.text("0123456789abcdef", min_size=8, max_size=8))
def test_a_share_is_that_part_of_the_subjects(share: float, policy: str) -> None:
    dealt = Share.asked(share, by=None, policy=policy)
    subjects = [n.to_bytes(16, "big") for n in range(2_000)]
    inside = [subject for subject in subjects if dealt.has(subject)]
    spread = math.sqrt(len(subjects) * share * (1 - share))
    assert abs(len(inside) - len(subjects) * share) < 6 * spread
    greater = Share.asked(min(0.5, share * 1.5), by=None, policy=policy)
    assert all(greater.has(subject) for subject in inside), "whom a smaller share had stays"


def test_another_canary_deals_anew() -> None:
    subjects = [n.to_bytes(16, "big") for n in range(4_000)]
    one, other = (Share.asked(0.5, by=None, policy=policy) for policy in ("a", "b"))
    both = sum(one.has(subject) and other.has(subject) for subject in subjects)
    assert 800 < both < 1_200


@pytest.mark.parametrize(
    ("share", "by"), [(0.0, None), (-0.1, None), (0.500001, None), (0.1, "amount"), (0.1, "")]
)
def test_a_share_that_cannot_be_is_refused(share: float, by: str | None) -> None:
    with pytest.raises(RiskError, match=r"service\.invalid_share"):
        Share.asked(share, by=by, policy="x")


def test_a_customer_is_always_answered_by_the_same_policy(tmp_path: Path) -> None:
    """The leaf says who answered; of many customers the canary has about its share."""

    async def work(service: Service) -> None:
        await service.desk.canary(STRICTER, share=0.3)
        once = answered_by(await send(service, *of_customers(150)))
        again = answered_by(await send(service, *of_customers(150, start=150)))
        assert once == again
        assert abs(once.count(2) - 45) < 6 * math.sqrt(150 * 0.3 * 0.7)
        history = service.prepared.written.opened.history
        policies = [history.leaf(entry).policy for entry in history.reading.read(after=2, limit=9)]
        hashes = {1: service.prepared.decider.live.policy.hash}
        rival = service.prepared.decider.rival
        assert rival is not None
        hashes[2] = rival.lane.policy.hash
        assert policies == [hashes[version] for version in once[:9]]
        assert b"fengkong_canary_decisions_total" in service.prepared.metrics.render()

    serve(tmp_path, work)


def test_devices_may_be_dealt_out_instead(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await service.desk.canary(STRICTER, share=0.5, by="device")
        events = [
            payment(n, customer=f"C{n}", device=None if n % 10 == 0 else f"D{n % 20}")
            for n in range(100)
        ]
        said = answered_by(await send(service, *events))
        for device in range(1, 20):
            assert len(set(said[device::20])) == 1 or device % 10 == 0
        assert {1, 2} == set(said)
        assert set(said[::10]) == {1}, "an event without a device is not in the share"

    serve(tmp_path, work)


# -- the same bytes, whatever happens -----------------------------------------------------------


def mid_canary(directory: Path, given: dict[str, Any]) -> None:
    """A journal in which a canary with other windows has answered for a while."""

    async def work(service: Service) -> None:
        await send(service, *of_customers(20))
        assert (await service.desk.canary(OTHER_WINDOWS, share=0.4)).status == 200
        await send(service, *of_customers(20, start=20))

    serve(directory, work, **given)


async def twenty_more(service: Service) -> list[bytes]:
    answers = await send(service, *of_customers(20, start=40))
    assert {1, 3} == set(answered_by(answers))
    return [answer.body for answer in answers]


async def in_two_parts(service: Service) -> list[bytes]:
    return [a.body for a in await send(service, *of_customers(10, start=40))]


async def second_part(service: Service) -> list[bytes]:
    events = [payment(50 + n, customer=f"C{10 + n}") for n in range(10)]
    return [a.body for a in await send(service, *events)]


def without_times(bodies: list[bytes]) -> list[bytes]:
    return [msgspec.json.encode(json.loads(body)["decision"]) for body in bodies]


@pytest.mark.parametrize("kill", ["", "yes"])
def test_a_restart_in_mid_canary_changes_no_byte(tmp_path: Path, kill: str) -> None:
    mid_canary(tmp_path / "a", {})
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    through = serve(tmp_path / "a", twenty_more, policy=None)
    parts = serve(tmp_path / "b", in_two_parts, policy=None, kill=kill)
    parts += serve(tmp_path / "b", second_part, policy=None)
    assert without_times(parts) == without_times(through)


def test_a_replay_finds_every_answer_again(tmp_path: Path, given: dict[str, Any]) -> None:
    mid_canary(tmp_path, given)
    serve(tmp_path, twenty_more, policy=None, kill="yes", **given)
    ready = prepared(tmp_path, policy=None, **given)
    try:
        opened = ready.written.opened
        head = opened.reading.head().sequence
        assert replay(opened.history, upto=head).decisions == 60
        said = [
            explained(sequence, history=opened.history, snapshots=opened.snapshots)
            for sequence in range(head - 19, head + 1)
        ]
        assert all(one["equal"] for one in said)
        answered = {bytes(one["recorded"]).count(b'"policy_version":3') for one in said}
        assert answered == {0, 1}
    finally:
        ready.written.store.close()


def test_a_replay_refuses_an_answer_that_was_not_the_canarys_to_give(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await service.desk.canary(STRICTER, share=0.1)
        rival = service.prepared.decider.rival
        assert rival is not None
        service.prepared.decider.rival = Rival(
            rival.lane, Share(of=1.0, by=None, policy=rival.lane.policy.hash)
        )
        await send(service, *of_customers(40))

    serve(tmp_path, work)
    ready = prepared(tmp_path, policy=None)
    try:
        history = ready.written.opened.history
        with pytest.raises(DifferentDecisionError):
            replay(history, upto=history.reading.head().sequence)
    finally:
        ready.written.store.close()


@pytest.fixture
def no_fees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary whose features cannot hold a fee: its engine refuses, with nothing counted.

    Numbers that the catalogue lets through overflow only after a million events.
    """
    decide, handful, count = Engine.decide, Engine.decide_handful, Engine.count_columns

    def check(engine: Engine, events: Iterable[Event]) -> None:
        if engine.policy.version == 3 and any("fee" in event.values for event in events):
            raise ValueRangeError("fee", path="$.fee")

    def one(self: Engine, event: Event, state: Any) -> Any:
        check(self, [event])
        return decide(self, event, state)

    def few(self: Engine, events: Any, state: Any) -> Any:
        check(self, events)
        return handful(self, events, state)

    def many(self: Engine, columns: Any, state: Any) -> None:
        check(self, columns.to_events())
        count(self, columns, state)

    monkeypatch.setattr(Engine, "decide", one)
    monkeypatch.setattr(Engine, "decide_handful", few)
    monkeypatch.setattr(Engine, "count_columns", many)


@pytest.mark.usefixtures("no_fees")
def test_what_the_canary_cannot_take_the_live_policy_answers(tmp_path: Path) -> None:
    """And a restart, which sees those events again, comes back to the same."""

    async def work(service: Service) -> Any:
        assert (await service.desk.canary(NUMBERS, share=0.5)).status == 200
        said = answered_by(await send(service, *of_customers(30)))
        customer = f"C{said.index(3)}"
        own = {"customer": customer, "card": "own"}
        singly = [payment(30, **own), payment(31, **own, fee="1.00"), payment(32, **own)]
        assert answered_by(await send(service, *singly)) == [3, 1, 3]
        events = [payment(33 + n, **own, fee="1.00" if n % 2 else None) for n in range(20)]
        bodies = [json.dumps(event).encode() for event in events]
        assert answered_by(await service.desk.submit_many(bodies, decided=True)) == [3, 1] * 10
        return own

    own = serve(tmp_path, work, kill="yes")

    async def again(service: Service) -> None:
        history = service.prepared.written.opened.history
        assert replay(history, upto=history.reading.head().sequence).decisions == 53
        (answer,) = await send(service, payment(53, **own))
        assert answered_by([answer]) == [3]
        assert decision(answer)["features"]["card_count_1h"] == 13.0

    serve(tmp_path, again, policy=None)


def test_a_canary_without_room_ends_and_everyone_is_answered(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await service.desk.canary(STRICTER, share=0.5)
        decider = service.prepared.decider
        rival = decider.rival
        assert rival is not None
        policy = rival.lane.policy
        object.__setattr__(policy, "limits", Limits(memory_bytes=450_000))
        engine = Engine(policy)
        decider.rival = Rival(Lane(STRICTER, engine, engine.new_state()), rival.share)
        events = [
            payment(n, card=f"k{n}", device=f"d{n}", customer=f"C{n % 50}") for n in range(1_000)
        ]
        answers = await service.desk.submit_many(
            [json.dumps(event).encode() for event in events], decided=True
        )
        assert {answer.status for answer in answers} == {200}
        assert not any(json.loads(answer.body)["degraded"] for answer in answers)
        said = answered_by(answers)
        assert 2 in said[:100]
        assert set(said[-200:]) == {1}
        listed = await status(service)
        assert listed["canary"] is None
        assert listed["activations"][-1]["cause"] == "no_room"

    serve(tmp_path, work)

    async def again(service: Service) -> None:
        assert (await status(service))["canary"] is None

    serve(tmp_path, again, policy=None)


# -- begun, promoted, ended ---------------------------------------------------------------------


def test_one_policy_runs_beside_the_live_one(tmp_path: Path, given: dict[str, Any]) -> None:
    async def work(service: Service) -> Any:
        assert code(await service.desk.promote()) == "service.nothing_to_promote"
        assert code(await service.desk.canary(STRICTER, share=0.7)) == "service.invalid_share"
        await service.desk.shadow(STRICTER)
        answer = await service.desk.canary(STRICTER, share=0.2, by="device")
        begun = json.loads(answer.body)
        assert (begun["role"], begun["share"], begun["by"]) == ("canary", 0.2, "device")
        listed = await status(service)
        assert listed["shadow"] is None
        assert (listed["canary"]["version"], listed["canary"]["share"]) == (2, 0.2)
        await service.desk.shadow(None)  # ends a shadow, and there is none
        assert (await status(service))["canary"] is not None
        await service.desk.shadow(OTHER_WINDOWS)
        assert (await status(service))["canary"] is None
        await service.desk.canary(STRICTER, share=0.2)
        await send(service, *of_customers(5))
        return await status(service)

    before = serve(tmp_path, work, kill="yes", **given)
    assert before["shadow"] is None

    async def again(service: Service) -> Any:
        return await status(service)

    assert serve(tmp_path, again, policy=None, **given) == before


def test_a_promoted_canary_answers_everyone_with_what_it_knows(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await send(service, *(payment(n, card="one") for n in range(3)))
        await service.desk.canary(OTHER_WINDOWS, share=0.1)
        await send(service, *(payment(n, card="one") for n in range(3, 5)))
        promoted = json.loads((await service.desk.promote()).body)
        assert (promoted["role"], promoted["cause"], promoted["version"]) == ("live", "promoted", 3)
        listed = await status(service)
        assert (listed["live"]["version"], listed["canary"]) == (3, None)
        (answer,) = await send(service, payment(5, card="one"))
        assert decision(answer)["features"]["card_count_1h"] == 6.0
        await service.desk.rollback()
        assert (await status(service))["live"]["version"] == 1
        history = service.prepared.written.opened.history
        assert replay(history, upto=history.reading.head().sequence).decisions == 6

    serve(tmp_path, work)


def test_a_rollback_ends_the_canary_first(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await service.desk.publish(STRICTER)
        await service.desk.canary(OTHER_WINDOWS, share=0.5)
        undone = json.loads((await service.desk.rollback()).body)
        assert (undone["role"], undone["cause"]) == ("canary", "rolled_back")
        listed = await status(service)
        assert (listed["live"]["version"], listed["canary"]) == (2, None)
        assert set(answered_by(await send(service, *of_customers(40)))) == {2}
        await service.desk.rollback()
        assert (await status(service))["live"]["version"] == 1

    serve(tmp_path, work)


def test_a_change_of_the_live_policy_ends_a_canary_but_no_shadow(tmp_path: Path) -> None:
    """A canary was approved beside the policy that was live then."""

    async def work(service: Service) -> None:
        await service.desk.canary(OTHER_WINDOWS, share=0.5)
        await service.desk.publish(STRICTER)
        assert (await status(service))["canary"] is None
        assert set(answered_by(await send(service, *of_customers(40)))) == {2}
        await service.desk.shadow(OTHER_WINDOWS)
        await service.desk.publish(POLICY)
        assert (await status(service))["shadow"]["version"] == 3
        await service.desk.publish(OTHER_WINDOWS)
        assert (await status(service))["shadow"] is None, "it is live now"

    serve(tmp_path, work)


def test_a_greater_share_goes_on_with_the_same_state(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await service.desk.canary(OTHER_WINDOWS, share=0.1)
        rival = service.prepared.decider.rival
        assert rival is not None
        few = answered_by(await send(service, *of_customers(60)))
        await service.desk.canary(OTHER_WINDOWS, share=0.5)
        more = service.prepared.decider.rival
        assert more is not None
        assert more.lane is rival.lane
        many = answered_by(await send(service, *of_customers(60, start=60)))
        assert 0 < few.count(3) < many.count(3)
        assert all(b == 3 for a, b in zip(few, many, strict=True) if a == 3)

    serve(tmp_path, work)


def test_an_activation_of_before_canaries_is_still_read() -> None:
    old = msgspec.msgpack.encode(
        {
            "role": "shadow",
            "cause": "published",
            "hash": "h",
            "name": "n",
            "version": 2,
            "text": "t",
        }
    )
    activation = decode_activation(old)
    assert (activation.role, activation.share, activation.by) == ("shadow", None, None)
    assert decode_activation(encode_activation(activation)) == activation
    started = Activation(role="live", cause="started", hash="l", text="x")
    ended = Activation(role="shadow", cause="ended")
    history = [Activated(1, started), Activated(2, activation), Activated(9, ended)]
    assert in_force(history, at=9) == (started, activation)
    assert in_force(history, at=10) == (started, None)


# -- how it stands ------------------------------------------------------------------------------


def test_a_comparison_knows_whose_answer_it_was(tmp_path: Path) -> None:
    """What each policy said of each event is the same as beside a shadow."""

    def told(directory: Path, *, share: float | None) -> Any:
        async def work(service: Service) -> None:
            if share is None:
                await service.desk.shadow(STRICTER)
            else:
                await service.desk.canary(STRICTER, share=share)
            await send(service, *(payment(n, customer=f"C{n}", card="one") for n in range(60)))

        serve(directory, work)
        ready = prepared(directory, policy=None)
        try:
            history = ready.written.opened.history
            return recorded_policies(history, upto=history.reading.head().sequence)
        finally:
            ready.written.store.close()

    shadow, canary = told(tmp_path / "a", share=None), told(tmp_path / "b", share=0.4)
    columns = ["event_id", "champion", "challenger"]
    assert canary.decisions.select(columns).equals(shadow.decisions.select(columns))
    assert (canary.champion.version, canary.challenger.version) == ("1", "2")
    assert shadow.decisions["challenged"].sum() == 0
    assert 5 < canary.decisions["challenged"].sum() < 45
