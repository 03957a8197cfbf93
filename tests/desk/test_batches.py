"""A batch cut anyhow gives exactly the entries and the answers that single events give."""

import itertools
import json
import random
from typing import Any

import pytest
from desk_of_tests import OTHER_WINDOWS, POLICY, START, body, payment, prepared
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.core.instants import format_instant
from fengkong.decisions.engine import Engine
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.features.state import Limits
from fengkong.service import deciding
from fengkong.service.answers import Answer
from fengkong.service.clock import wall_clock
from fengkong.service.items import Item
from fengkong.service.serving import Prepared
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import fold
from fengkong.service.states.replaying import replay
from fengkong.service.states.rival import Rival, Share

NOW = wall_clock()
DECODER = Decoder(shipped_catalogue())
Sent = tuple[bytes, bool]


def blocked(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "list.changed",
        "id": f"l-{number}",
        "occurred_at": format_instant(START),
        "list": "blocked_devices",
        "operation": "add",
        "value": f"dev-{number % 3}",
        "reason": "stolen",
        "author": "ana",
    } | fields


def login(number: int) -> dict[str, Any]:
    at = format_instant(START + number * 1_000_000)
    return {"type": "login.attempted", "id": f"i-{number}", "occurred_at": at, "customer": "c",
            "succeeded": True}  # fmt: skip


def sent(kind: str, number: int) -> Sent:
    """One request of a kind; small numbers, so that ids come again."""
    match kind:
        case "payment":
            return body(payment(number)), True
        case "conflict":
            return body(payment(number, amount="1.00")), True
        case "record":
            return body(payment(number)), False
        case "foreign":
            return body(payment(number, currency="JPY", amount="70", city=None)), True
        case "future":
            return body(payment(number, occurred_at="2099-01-01T00:00:00Z")), True
        case "nobody":
            return body(
                payment(number, customer=None, card=None, device=None, id=f"n{number}")
            ), True
        case "list":
            return body(blocked(number)), False
        case "bad list":
            return body(blocked(number, list="unheard_of", id=f"b-{number}")), False
        case "login":
            return body(login(number)), False
        case "undecided":
            return body(login(number)), True
        case "twice":
            return body(payment(number)).replace(b'"city"', b'"card":"x","city"'), True
    return b"{", True


KINDS = (
    *("payment", "payment", "payment", "conflict", "record", "foreign", "future", "nobody"),
    *("list", "bad list", "login", "undecided", "twice", "broken"),
)


def taken(ready: Prepared, groups: list[list[Sent]]) -> list[Answer]:
    """What every event is answered when these groups are decided and made durable in turn."""
    decider, store = ready.decider, ready.written.store
    answers: list[Answer | None] = []
    for group in groups:
        items = []
        for content, decided in group:
            answers.append(None)

            def reply(answer: Answer, at: int = len(answers) - 1) -> None:
                assert answers[at] is None
                answers[at] = answer

            items.append(Item(content, decided=decided, reply=reply))
        recorded = decider.take(items, now=NOW)
        keys = decider.vault.drain_new_keys(at=NOW)
        store.stage(decider.appender.take_batch(keys=keys))
        store.commit()
        for one in recorded:
            one.send()
        decider.settle(recorded)
        decider.vault.settle(keys)
    assert not decider.unsettled
    return [answer for answer in answers if answer is not None]


def held(ready: Prepared) -> list[tuple[Any, ...]]:
    """What the journal holds, but for what is random in it."""
    history = ready.written.opened.history
    rows = []
    for entry in history.reading.read(after=1, limit=10_000):
        leaf, sealed = history.open(entry)
        assert sealed is not None
        subject = ready.decider.vault.subject_of(sealed.understood)
        assert leaf.subject == subject.hex()
        assert leaf.received == ready.decider.vault.received(sealed.event).hex()
        plain = [(name, getattr(leaf, name)) for name in leaf.__struct_fields__]
        random_ones = ("payload", "previous", "received", "subject")
        rows.append((entry.event_hash, [one for one in plain if one[0] not in random_ones], sealed))
    return rows


def probed(lane: Lane) -> list[bytes]:
    """What a lane decides of events that nobody sent before."""
    devices = [payment(500 + n, device=f"dev-{n % 3}", card=f"card-{n % 5}") for n in range(6)]
    events = [DECODER.decode(body(event)) for event in [*devices, payment(510, city=None)]]
    decisions = [lane.judge(event).decision for event in events]
    return [decision.to_json() for decision in decisions if decision is not None]


def both_ways(path: Any, requests: list[Sent], cuts: list[int], *, change: Any = None) -> Any:
    """Journal and answers of requests in groups, and one by one; both verify at a new start."""
    bounds = [0, *sorted(min(cut, len(requests)) for cut in cuts), len(requests)]
    groups = [requests[start:end] for start, end in itertools.pairwise(bounds) if end > start]
    found = []
    for name, cut in (("together", groups), ("singly", [[one] for one in requests])):
        ready = prepared(path / name)
        if change is not None:
            change(ready)
        try:
            found.append((taken(ready, cut), held(ready)))
            expected = probed(ready.decider.live)
        finally:
            ready.written.store.close()
        again = prepared(path / name, policy=None)  # every entry verified, and folded
        again.written.store.close()
        assert probed(again.decider.live) == expected
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    chosen=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=60),
    plain=st.lists(st.integers(20, 400), max_size=4),
    cuts=st.lists(st.integers(0, 200), max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_any_batch_is_its_events_one_by_one(
    tmp_path_factory: Any, monkeypatch: Any, chosen: Any, plain: Any, cuts: Any, order: Any
) -> None:
    monkeypatch.setattr(deciding, "TOGETHER_MIN", 8)
    requests = [sent(kind, number) for kind, number in chosen]
    requests += [sent("payment", start + n) for start in plain for n in range(20)]
    order.shuffle(requests)
    together, singly = both_ways(tmp_path_factory.mktemp("journals"), requests, cuts)
    assert together == singly


def without_room(ready: Prepared) -> None:
    """Give the live policy windows that may hold less than any policy file can say."""
    lane = ready.decider.live
    policy = lane.policy
    object.__setattr__(policy, "limits", Limits(memory_bytes=450_000))
    engine = Engine(policy)
    ready.decider.live = Lane(POLICY, engine, engine.new_state())


def test_degraded_ones_in_a_batch_are_marked_and_never_counted(tmp_path: Any) -> None:
    """Where exactly the room ends depends on how much is asked for at once; it is recorded."""
    payments = [payment(n, card=f"k{n}", device=f"d{n}", customer="C1") for n in range(1_600)]
    requests = [(body(one), True) for one in payments]
    ready = prepared(tmp_path)
    without_room(ready)
    try:
        answers = taken(ready, [requests[:600], requests[600:1_200], requests[1_200:]])
        marked = [json.loads(answer.body)["degraded"] for answer in answers]
        assert marked == [("degraded", True) in plain for _, plain, _ in held(ready)]
        assert 0 < sum(marked) < len(requests)
        history = ready.written.opened.history
        folded = Lane.begin(POLICY)
        fold(folded, history=history, after=0, upto=history.reading.head().sequence)
        assert folded.state.windows.live_keys["card"] == len(requests) - sum(marked)
        assert replay(history, upto=history.reading.head().sequence).decisions == len(requests)
    finally:
        ready.written.store.close()


def test_beside_a_shadow_too(tmp_path: Any) -> None:
    def with_shadow(ready: Prepared) -> None:
        ready.decider.rival = Rival(Lane.begin(OTHER_WINDOWS))

    requests = [sent("payment", number % 150) for number in range(200)]
    random.Random(3).shuffle(requests)
    together, singly = both_ways(tmp_path, requests, [120], change=with_shadow)
    assert any(dict(plain)["shadow"] for _, plain, _ in together[1])
    assert together == singly


def test_beside_a_canary_too(tmp_path: Any, monkeypatch: Any) -> None:
    """Who answers, what is recorded of the other, and the chain are those of one by one.

    Each journal has keys of its own, and so deals out its subjects in its own way: here by device.
    """
    monkeypatch.setattr(
        Share, "has_event", lambda *given, **_: given[1].values.get("device") == "dev-1"
    )

    def with_canary(ready: Prepared) -> None:
        lane = Lane.begin(OTHER_WINDOWS)
        share = Share.asked(0.4, by=None, policy=lane.policy.hash)
        ready.decider.rival = Rival(lane, share)

    requests = [sent("payment", number % 150) for number in range(200)]
    random.Random(4).shuffle(requests)
    together, singly = both_ways(tmp_path, requests, [120], change=with_canary)
    assert len({dict(plain)["policy"] for _, plain, _ in together[1]}) == 2
    assert any(dict(plain)["shadow"] for _, plain, _ in together[1])
    assert together == singly


@pytest.mark.parametrize("size", [1, 95, 96, 300])
def test_the_answers_are_found_again(tmp_path: Any, size: int) -> None:
    ready = prepared(tmp_path)
    requests = [sent("payment", number) for number in range(size)]
    try:
        first = taken(ready, [requests])
        assert {answer.status for answer in first} == {200}
        assert taken(ready, [requests[::-1]]) == first[::-1]
        assert ready.written.store.head().sequence == size + 1
        assert json.loads(first[-1].body)["sequence"] == size + 1
    finally:
        ready.written.store.close()
