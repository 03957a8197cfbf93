"""Events that come a few at a time: the same bytes as one by one, whatever comes together."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policies import HOUR, MONDAY, SECOND, broad, engine
from streams import in_handfuls, one_by_one, streams

from fengkong.cli.sources import read_policy, shipped
from fengkong.decisions import handful
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import LIST_CHANGED
from fengkong.events.event import Event
from fengkong.features.state import FeatureLimitError, ValueRangeError
from fengkong.simulation.platform import Simulation

ENGINE = Engine(broad())
OTHER = Engine(broad())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=streams(), sizes=st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_a_handful_is_one_by_one(events: list[Event], sizes: list[int]) -> None:
    singly, together = ENGINE.new_state(), OTHER.new_state()
    expected = one_by_one(ENGINE, events, singly)
    assert in_handfuls(OTHER, events, together, sizes=sizes) == expected
    assert together.words == singly.words
    more = [e for e in events if e.type != LIST_CHANGED]
    assert one_by_one(OTHER, more, together) == one_by_one(ENGINE, more, singly)


@pytest.fixture(scope="module")
def day() -> list[Event]:
    """A day on which something happens to every shipped policy."""
    simulated = Simulation(scenarios=["all"], seed=5, days=1, customers=150).events()
    return [one.event for one in simulated][:5000]


@pytest.mark.parametrize("name", sorted(shipped("policy")))
def test_every_shipped_policy(name: str, day: list[Event]) -> None:
    one = Engine(read_policy(name))
    expected = one_by_one(one, day, one.new_state())
    sizes = [1, 7, 64, handful.HANDFUL_MAX]
    assert in_handfuls(one, day, one.new_state(), sizes=sizes) == expected


def test_what_is_said_beside_the_text(day: list[Event]) -> None:
    state, other = ENGINE.new_state(), ENGINE.new_state()
    late = [e for e in day if e.type != LIST_CHANGED][:100]
    late.insert(60, late[0])
    decisions = [ENGINE.decide(event, state) for event in late]
    decided = ENGINE.decide_handful(late, other)
    assert [one and one[1:] for one in decided] == [
        one and (one.outcome, one.late) for one in decisions
    ]


def test_what_is_remembered_may_be_forgotten(
    day: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handful, "PATTERNS_MAX", 2)
    one = Engine(broad())
    expected = one_by_one(ENGINE, day[:800], ENGINE.new_state())
    assert in_handfuls(one, day[:800], one.new_state(), sizes=[30]) == expected


def payment(number: int, **values: object) -> Event:
    return Event(
        type="payment.initiated",
        id=f"p{number}",
        occurred_at=MONDAY + number * SECOND,
        currency="CNY",
        values={"amount": 100, "customer": f"c{number}"} | values,
    )


def test_a_date_in_the_middle_of_a_handful() -> None:
    policy = """
parameters:
  limits.amount:
    kind: money
    2026-01-01: {value: 1, reference: A}
    2026-11-02: {value: 5, reference: B}
rules:
  - {id: a, when: amount > limits.amount, points: 1, reason: {zh: "{limits.amount}", en: a}}
"""
    one, other = engine(policy), engine(policy)
    before = MONDAY - 3 * HOUR
    events = [
        Event(
            type="payment.initiated",
            id=str(number),
            occurred_at=before + number * HOUR,
            currency="CNY",
            values={"amount": 300},
        )
        for number in range(-40, 8, 2)
    ]
    expected = one_by_one(one, events, one.new_state())
    assert len({b'"hits":[]' in text for text in expected}) == 2
    for sizes in ([24], [5], [11, 13]):
        assert in_handfuls(other, events, other.new_state(), sizes=sizes) == expected


def test_nothing_is_counted_where_one_cannot_be() -> None:
    large = engine("features:\n  s: sum(amount) over customer last 1d\n")
    state, fresh = large.new_state(), large.new_state()
    events = [payment(number, customer="c") for number in range(5)]
    with pytest.raises(ValueRangeError):
        large.decide_handful([*events, payment(9, amount=2**62)], state)
    assert one_by_one(large, events, state) == one_by_one(large, events, fresh)


def test_what_has_no_room_is_refused_again_and_the_rest_goes_on() -> None:
    kept = engine("features:\n  n: count() over customer\nlimits: {memory_mb: 16}\n")
    state = kept.new_state()
    start = 0
    with pytest.raises(FeatureLimitError):  # noqa: PT012 - which of them it is, is not known
        for start in range(0, 1_000_000, 128):
            kept.decide_handful(payments(start), state)
    with pytest.raises(FeatureLimitError):
        kept.decide_handful(payments(start), state)
    again = kept.decide_handful(payments(start - 128), state)
    assert [one is not None and b'"n":2.0' in one[0] for one in again] == [True] * 128


def payments(start: int) -> list[Event]:
    return [payment(start + i) for i in range(128)]
