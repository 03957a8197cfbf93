"""The kernel says what a graph says that is made anew for every event."""

import itertools
from collections.abc import Sequence
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from link_events import (
    FLOW,
    SECOND,
    START,
    TYPES,
    advance,
    declarations,
    happenings,
    naive_of,
    plan_of,
    state_of,
)
from naive_links import Happening

from fengkong.links import state as state_module
from fengkong.links.state import LinkLimits, LinkState

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def same(got: Sequence[Sequence[float]], expected: Sequence[Sequence[float]]) -> bool:
    """Whether two tables hold the same numbers to the bit."""
    return np.array(got).tobytes() == np.array(expected).tobytes()


STREAMS = given(
    texts=declarations(),
    events=happenings(),
    late_after=st.sampled_from([0, 2 * SECOND, 100 * SECOND]),
    hub=st.sampled_from([2, 3, 32]),
    linked=st.sampled_from([2, 4, 100]),
)


def check_stream(
    texts: list[str], events: list[Happening], *, late_after: int, links: LinkLimits
) -> None:
    state = state_of(plan_of(texts), late_after=late_after, links=links)
    naive = naive_of(state)
    for number, event in enumerate(events):
        (got,) = advance(state, [event])
        expected = naive.take(event)
        assert same([got], [expected]), (number, event, got, expected)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@STREAMS
def test_any_stream_has_the_features_of_the_naive_graph(texts, events, late_after, hub, linked):
    links = LinkLimits(hub_links=hub, linked_max=linked)
    check_stream(texts, events, late_after=late_after, links=links)


@pytest.mark.nightly
@settings(max_examples=6000, deadline=None, suppress_health_check=SLOW)
@STREAMS
def test_thousands_of_streams(texts, events, late_after, hub, linked):
    links = LinkLimits(hub_links=hub, linked_max=linked)
    check_stream(texts, events, late_after=late_after, links=links)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(
    texts=declarations(),
    events=happenings(),
    cuts=st.lists(st.integers(0, 60), max_size=5),
    late_after=st.sampled_from([0, 2 * SECOND, 100 * SECOND]),
    hub=st.sampled_from([2, 32]),
)
def test_cuts_and_saved_states_change_nothing(texts, events, cuts, late_after, hub):
    plan, links = plan_of(texts), LinkLimits(hub_links=hub)
    single = state_of(plan, late_after=late_after, links=links)
    expected = [row for event in events for row in advance(single, [event])]
    whole = advance(state_of(plan, late_after=late_after, links=links), events)
    assert same(whole, expected)
    bounds = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    state, got = state_of(plan, late_after=late_after, links=links), []
    for start, stop in itertools.pairwise(bounds):
        got += advance(state, events[start:stop])
        saved = state.save()
        state = state_of(plan, late_after=late_after, links=links)
        state.restore(saved)
    assert same(got, expected)


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(
    texts=declarations(),
    events=happenings(entities=30),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    late_after=st.sampled_from([0, 2 * SECOND, 100 * SECOND]),
    hub=st.sampled_from([2, 32]),
    capacity=st.sampled_from([2, 8, 64]),
)
def test_a_batch_that_grows_sees_what_single_events_see(
    texts, events, sizes, late_after, hub, capacity
):
    plan, links = plan_of(texts), LinkLimits(hub_links=hub)
    single = state_of(plan, late_after=late_after, links=links)
    expected = [row for event in events for row in advance(single, [event])]
    for cuts in (sizes, [len(events)]):
        with mock.patch.object(state_module, "_FIRST_CAPACITY", capacity):
            state = state_of(plan, late_after=late_after, links=links)
        got, turn = [], itertools.cycle(cuts)
        while len(got) < len(events):
            got += advance(state, events[len(got) : len(got) + next(turn)])
        assert same(got, expected), cuts


BROAD = [
    "component_size() over customer by device, card last 60s",
    "degree() over customer by device, card last 60s",
    "hops_to_fraud(device) over customer by device, card last 60s default 9",
    "hops_to_fraud() over customer by device last 20s",
    f"fan_in() over account {FLOW} last 30s",
    f"fan_out() over account {FLOW} last 30s",
    f"cycle_hops() over account {FLOW} last 30s default 0",
    f"pass_through_seconds() over account {FLOW} last 30s",
    f"passed_share(amount) over account {FLOW} last 30s",
]


def crowd(*, count: int, entities: int, seed: int, seconds: float) -> list[Happening]:
    """Events of a larger world, with a few entities that everybody shares."""
    dice = np.random.default_rng(seed)
    names = ("customer", "device", "card", "account", "payee_account")
    gaps = dice.exponential(seconds, count) * SECOND
    times = START + np.cumsum(gaps).astype(np.int64)
    late = dice.random(count) < 0.03
    times[late] -= (dice.random(late.sum()) * 30 * SECOND).astype(np.int64)
    kinds = dice.choice([TYPES[0], TYPES[0], TYPES[1], "label.confirmed"], count)
    skewed = (dice.random((count, 5)) ** 3 * entities).astype(int)
    events = []
    for i in range(count):
        letters = [name.removeprefix("payee_")[0] for name in names]
        values = {
            name: f"{letter}{number}"
            for name, letter, number in zip(names, letters, skewed[i], strict=True)
            if dice.random() < 0.9
        }
        values["amount"] = int(dice.integers(1, 900))
        if kinds[i] == "label.confirmed":
            values["is_fraud"] = bool(dice.random() < 0.3)
        events.append(Happening(int(times[i]), str(kinds[i]), values))
    return events


@pytest.mark.parametrize("entities", [12, 120])
def test_a_crowd_that_comes_and_is_forgotten(entities):
    events = crowd(count=700, entities=entities, seed=entities, seconds=0.5)
    links = LinkLimits(hub_links=6, linked_max=40)
    state = state_of(plan_of(BROAD), late_after=10 * SECOND, links=links)
    naive = naive_of(state)
    got = []
    for start in range(0, len(events), 23):
        got += advance(state, events[start : start + 23])
    expected = [naive.take(event) for event in events]
    assert same(got, expected)
    assert np.nanmax(np.array(got), axis=0).min() > 0, "every feature says something"


def test_old_entities_are_forgotten_and_their_room_is_used_again():
    plan = plan_of(BROAD)
    state = state_of(plan, late_after=SECOND)
    sizes = []
    for lap in range(12):
        events = crowd(count=2000, entities=100_000, seed=lap, seconds=0.05)
        moved = [one._replace(time=one.time + lap * 1000 * SECOND) for one in events]
        for start in range(0, 2000, 100):
            advance(state, moved[start : start + 100])
        sizes.append(state.size_bytes)
    assert sizes[-1] == sizes[3]
    assert state.live_nodes < 30_000


def test_cuts_of_a_crowd():
    events = crowd(count=3000, entities=300, seed=5, seconds=0.02)
    plan = plan_of(BROAD)

    def run(step: int) -> tuple[list[list[float]], LinkState]:
        state, got = state_of(plan, late_after=5 * SECOND), []
        for start in range(0, len(events), step):
            got += advance(state, events[start : start + step])
        return got, state

    expected, _ = run(1)
    for step in (7, 256, 3000):
        assert same(run(step)[0], expected)
