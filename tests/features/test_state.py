"""The state of windows: saved, restored, bounded, and the same bytes however it is driven."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from happenings import (
    SECOND,
    START,
    TYPES,
    advance_in,
    arrays_of,
    cut,
    declarations,
    happenings,
    naive_of,
    plan_of,
    same_bytes,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive import Happening

from fengkong.features.state import (
    Batch,
    EventCells,
    FeatureLimitError,
    IncompatibleStateError,
    Limits,
    ValueRangeError,
    WindowState,
)

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
EVERYTHING = (
    "count() over card last 10s",
    "sum(amount) over card last 30s",
    "mean(rate) over card last 5s delayed 2s",
    "std(amount) over customer last 30s",
    "min(rate) over customer last 10s excluding current",
    "max(amount) over card",
    "distinct(card) over customer last 30s",
    "distinct(channel) over customer last 10s delayed 5s",
    "first(channel) over card last 10s",
    "last(amount) over card excluding current",
    "since_first() over card",
    "since_previous() over customer",
    "seen_before(channel) over customer last 30s",
    "share(channel) over customer last 30s",
    "distance(place) over customer last 30s",
    "speed(place) over card last 30s",
)
"""Every aggregate once or more, mortal and endless keyspaces."""


def payment(time, **values):
    return Happening(time=START + time * SECOND, type=TYPES[0], values=values)


def random_payments(*, count, cards, seed, seconds=3, late=0.0):
    """Payments of many cards; some of them come late."""
    dice = np.random.default_rng(seed)
    times = np.cumsum(dice.integers(0, seconds + 1, count))
    times = times - dice.integers(0, 60, count) * (dice.random(count) < late)
    return [
        payment(
            int(time),
            customer=f"u{dice.integers(cards // 2 + 1)}",
            card=f"c{dice.integers(cards)}",
            channel=["app", "web"][dice.integers(2)],
            amount=float(dice.integers(1, 100_000)),
            rate=float(dice.normal()),
            place=(float(dice.integers(-80, 80)), float(dice.integers(-170, 170))),
        )
        for time in times.tolist()
    ]


def crowd(count, *, seed=1, keyspaces, members, cells, late=0.0):
    """Arrays of many events without the detour of making each."""
    dice = np.random.default_rng(seed)
    times = START + np.cumsum(dice.integers(0, 2, count)) * SECOND
    times -= dice.integers(0, 100, count) * (dice.random(count) < late) * SECOND
    keys = dice.integers(1, 500, (count, keyspaces, 1)).astype(np.uint64)
    return {
        "times": times,
        "keys": np.concatenate([keys * np.uint64(0x9E3779B97F4A7C15), keys], axis=2),
        "members": np.ones((count, members), dtype=np.uint8),
        "cells": dice.integers(0, 1000, (count, cells)).astype(np.float64),
    }


# -- the same bytes --------------------------------------------------------------------------------


@FEW
@given(
    texts=st.lists(declarations(), min_size=1, max_size=6),
    events=happenings(),
    where=st.integers(0, 40),
    late_after=st.sampled_from([0, 10 * SECOND, 10_000 * SECOND]),
)
def test_saving_and_restoring_changes_nothing(texts, events, where, late_after):
    plan, limits = plan_of(texts), Limits(late_after=late_after)
    arrays = arrays_of(plan, events)
    whole, _ = advance_in(WindowState(plan, limits=limits), arrays, [7])
    where = min(where, len(events))
    first = WindowState(plan, limits=limits)
    begun = first.advance(**cut(arrays, 0, where)).values.copy()
    saved = first.save()
    second = WindowState(plan_of(texts), limits=limits)
    second.restore(saved)
    for state in (second, first):
        ended = state.advance(**cut(arrays, where, len(events))).values
        assert same_bytes(np.concatenate([begun, ended]), whole)
    third = WindowState(plan, limits=limits)
    third.restore(saved)
    assert same_bytes(third.advance(**cut(arrays, where, len(events))).values, ended)


CONTINUE = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from happenings import plan_of
from test_state import EVERYTHING
from fengkong.features.state import WindowState
folder = sys.argv[1]
state = WindowState(plan_of(EVERYTHING))
state.restore(np.load(folder + "/state.npz"))
values = state.advance(**np.load(folder + "/events.npz")).values
np.save(folder + "/values.npy", values)
"""


def test_another_process_continues_with_the_same_bytes(tmp_path):
    plan = plan_of(EVERYTHING)
    arrays = arrays_of(plan, random_payments(count=600, cards=20, seed=3, late=0.1))
    state = WindowState(plan)
    state.advance(**cut(arrays, 0, 300))
    np.savez(tmp_path / "state.npz", **state.save())
    np.savez(tmp_path / "events.npz", **cut(arrays, 300, 600))
    here = state.advance(**cut(arrays, 300, 600)).values
    command = [sys.executable, "-c", CONTINUE, str(tmp_path), str(Path(__file__).parent)]
    subprocess.run(command, check=True, timeout=120)
    assert same_bytes(np.load(tmp_path / "values.npy"), np.ascontiguousarray(here))


def test_many_events_in_batches_of_any_size_and_twice():
    plan = plan_of(EVERYTHING)
    arrays = arrays_of(plan, random_payments(count=3000, cards=150, seed=5, late=0.02))
    values, late = advance_in(WindowState(plan), arrays, [3000])
    for sizes in ([3000], [1], [64, 65, 3], [1000, 7]):
        again, again_late = advance_in(WindowState(plan), arrays, sizes)
        assert same_bytes(values, again), sizes
        assert np.array_equal(late, again_late)


@pytest.mark.parametrize("late", [0.0, 0.001])
def test_two_threads_give_the_same_bytes(late):
    plan = plan_of(EVERYTHING)
    arrays = crowd(
        70_000,
        keyspaces=len(plan.keyspaces),
        members=len(plan.streams),
        cells=len(plan.cells),
        late=late,
    )
    limits = Limits(late_after=50 * SECOND)
    alone = WindowState(plan, limits=limits).advance(**arrays)
    with ThreadPoolExecutor(max_workers=2) as executor:
        state = WindowState(plan, limits=limits, executor=executor)
        values, was_late = advance_in(state, arrays, [30_000])
    assert same_bytes(np.ascontiguousarray(alone.values), values)
    assert np.array_equal(alone.late, was_late)


def test_a_standing_batch_gives_what_advance_gives():
    plan = plan_of(EVERYTHING)
    arrays = arrays_of(plan, random_payments(count=200, cards=9, seed=7, late=0.1))
    expected, late = advance_in(WindowState(plan), arrays, [1])
    state, one, ten = WindowState(plan), EventCells(plan), Batch(plan, capacity=10)
    position = 0
    while position < 200:
        batch, count = (one, 1) if position % 3 else (ten, min(10, 200 - position))
        batch.times[:count] = arrays["times"][position : position + count]
        batch.keys[:count] = arrays["keys"][position : position + count].reshape(count, -1)
        batch.members[:count] = arrays["members"][position : position + count]
        batch.cells[:count] = arrays["cells"][position : position + count]
        if batch is one:
            state.advance_one(one)
        else:
            state.advance_batch(ten, count=count)
        assert same_bytes(batch.values[:count].copy(), expected[position : position + count])
        assert np.array_equal(batch.late[:count], late[position : position + count])
        position += count


def test_no_events_and_no_features():
    plan = plan_of(["count() over card"])
    assert WindowState(plan).advance(**arrays_of(plan, [])).values.shape == (0, 1)
    nothing = plan_of([])
    events = [payment(1, card="a"), payment(2)]
    assert WindowState(nothing).advance(**arrays_of(nothing, events)).values.shape == (2, 0)


def test_a_state_of_other_declarations_is_refused():
    saved = WindowState(plan_of(["count() over card last 1s"])).save()
    with pytest.raises(IncompatibleStateError):
        WindowState(plan_of(["count() over card last 2s"])).restore(saved)


# -- time ------------------------------------------------------------------------------------------


def column(text, events, *, late_after=86_400 * SECOND):
    plan = plan_of([text])
    advanced = WindowState(plan, limits=Limits(late_after=late_after)).advance(
        **arrays_of(plan, events)
    )
    return advanced.values[:, 0].tolist(), advanced.late.tolist()


def test_a_window_leaves_out_what_is_exactly_as_old_as_it_is_long():
    events = [payment(time, card="a") for time in (0, 9, 10, 19, 20)]
    assert column("count() over card last 10s", events)[0] == [1, 2, 2, 2, 2]


def test_events_at_one_instant_see_those_before_them():
    events = [payment(5, card="a")] * 3
    assert column("count() over card last 1s", events)[0] == [1, 2, 3]
    assert column("count() over card last 1s excluding current", events)[0] == [0, 1, 2]


def test_a_delayed_window_counts_from_the_delay_on():
    events = [payment(time, card="a") for time in (0, 4, 5, 14, 15)]
    assert column("count() over card last 10s delayed 5s", events)[0] == [0, 0, 1, 3, 2]


def test_a_late_event_counts_at_the_time_its_entity_has_reached():
    events = [payment(10, card="a"), payment(3, card="a"), payment(3, card="b")]
    assert column("since_previous() over card default -1", events)[0] == [-1, 0, -1]
    assert column("count() over card last 5s", events)[0] == [1, 2, 1]


def test_an_event_beyond_late_after_reads_but_is_not_counted():
    events = [payment(time, card="a") for time in (100, 89, 90, 101)]
    values, late = column("count() over card", events, late_after=10 * SECOND)
    assert late == [False, True, False, False]
    assert values == [1, 1, 2, 3]


def test_forgetting_is_not_seen():
    """An entity is forgotten after the longest window and late_after; its slot serves another."""
    plan = plan_of(["count() over card last 5s", "distinct(channel) over card last 5s"])
    events = [payment(time, card=f"c{time}", channel="app") for time in range(2000)]
    state = WindowState(plan, limits=Limits(late_after=3 * SECOND))
    values, _ = advance_in(state, arrays_of(plan, events), [1])
    assert (values == 1).all()
    assert state.live_keys["card"] < 30
    assert state.size_bytes < 200_000


def test_an_endless_feature_forgets_nobody():
    plan = plan_of(["count() over card"])
    state = WindowState(plan, limits=Limits(late_after=0))
    state.advance(**arrays_of(plan, [payment(100 * i, card=f"c{i}") for i in range(500)]))
    assert state.live_keys == {"card": 500}


def test_a_hot_key_keeps_what_its_window_needs():
    plan = plan_of(["count() over card last 100s", "max(amount) over card last 100s"])
    events = [payment(i // 4, card="hot", amount=float(-i)) for i in range(5000)]
    state = WindowState(plan)
    values, _ = advance_in(state, arrays_of(plan, events), [50])
    assert values[-1].tolist() == [400, -4600]
    assert state.size_bytes < 500_000


# -- limits ----------------------------------------------------------------------------------------


def test_memory_has_a_limit_and_the_state_stays_as_it_was():
    texts = ["count() over card last 10s", "sum(amount) over customer last 30s"]
    plan = plan_of(texts)
    events = random_payments(count=4000, cards=4000, seed=11, seconds=0)
    arrays = arrays_of(plan, events)
    state = WindowState(plan, limits=Limits(memory_bytes=300_000))
    expected, _ = advance_in(WindowState(plan), arrays, [100])
    for position in range(0, 4000, 100):
        try:
            got = state.advance(**cut(arrays, position, position + 100)).values
        except FeatureLimitError as error:
            assert "f1 (30s)" in error.message
            break
        assert same_bytes(got.copy(), expected[position : position + 100])
    assert 0 < position < 3900
    assert state.size_bytes <= 300_000
    roomy = WindowState(plan)
    roomy.restore(state.save())
    rest, _ = advance_in(roomy, cut(arrays, position, 4000), [100])
    assert same_bytes(rest, expected[position:])
    known = state.advance(**cut(arrays, position - 100, position - 99)).values
    assert known[0, 0] == expected[position - 100, 0] + 1


def test_the_limit_names_what_is_kept_for_ever():
    plan = plan_of(["count() over card last 10s", "count() over customer"])
    arrays = arrays_of(plan, random_payments(count=3000, cards=3000, seed=2, seconds=0))
    with pytest.raises(FeatureLimitError, match="f1 keeps its entities for ever"):
        WindowState(plan, limits=Limits(memory_bytes=200_000)).advance(**arrays)


@pytest.mark.parametrize("value", [2.0**53, -(2.0**53), np.inf, -np.inf, 1e300])
def test_a_value_out_of_range_is_refused_before_anything_is_counted(value):
    plan = plan_of(["sum(items) over card last 10s", "count() over customer last 10s"])
    events = [payment(1, customer="u", card="a", items=1.0)]
    events += [payment(2, customer="u", card="a", items=value)]
    state = WindowState(plan)
    with pytest.raises(ValueRangeError, match="items"):
        state.advance(**arrays_of(plan, events))
    with pytest.raises(ValueRangeError, match="items"):
        state.check_range(np.array([[value]]))
    after = state.advance(**arrays_of(plan, events[:1])).values
    assert after.tolist() == [[1, 1]]


def test_a_number_is_bounded_in_millionths():
    plan = plan_of(["sum(rate) over card last 10s"])
    state = WindowState(plan)
    assert state.advance(**arrays_of(plan, [payment(1, card="a", rate=9.0e9)])).values[0, 0] == 9e9
    with pytest.raises(ValueRangeError, match="rate"):
        state.advance(**arrays_of(plan, [payment(1, card="a", rate=9.1e9)]))


def test_sums_are_refused_before_they_could_be_wrong():
    plan = plan_of(["sum(items) over card last 1000s", "std(items) over card last 1000s"])
    largest = 2.0**53 - 1
    state = WindowState(plan)
    naive = naive_of(plan, late_after=86_400 * SECOND)
    refused = 0
    for i in range(600):
        event = payment(i if i < 500 else i + 5000, card="a", items=largest if i % 3 else -largest)
        try:
            values = state.advance(**arrays_of(plan, [event])).values[0]
        except FeatureLimitError as error:
            assert "items" in error.message
            refused += 1
            continue
        (total, deviation), _ = naive.take(event)
        assert values[0] == total
        assert values[1] == pytest.approx(deviation, rel=1e-12, nan_ok=True)
    assert refused == 500 - 256


def test_a_refused_sum_leaves_other_entities_alone():
    plan = plan_of(["sum(items) over card"])
    state = WindowState(plan)
    many = [payment(1, card="a", items=2.0**53 - 1)] * 300
    with pytest.raises(FeatureLimitError):
        state.advance(**arrays_of(plan, [*many, payment(1, card="b", items=5.0)]))
    assert state.advance(**arrays_of(plan, [payment(1, card="b", items=5.0)])).values[0, 0] == 5
    assert state.advance(**arrays_of(plan, many[:2])).values[1, 0] == 2 * (2.0**53 - 1)


# -- exact -----------------------------------------------------------------------------------------


def test_money_is_summed_exactly():
    plan = plan_of(["sum(amount) over card last 50s", "mean(amount) over card last 50s"])
    dice = np.random.default_rng(1)
    amounts = dice.integers(0, 10**13, 2000)
    events = [payment(i, card="a", amount=float(amount)) for i, amount in enumerate(amounts)]
    values, _ = advance_in(WindowState(plan), arrays_of(plan, events), [333])
    for i in range(2000):
        window = amounts[max(0, i - 49) : i + 1].tolist()
        assert values[i, 0] == sum(window)
        assert values[i, 1] == sum(window) / len(window)


def test_the_deviation_of_equal_values_is_nothing():
    plan = plan_of(["std(amount) over card last 50s"])
    events = [payment(i, card="a", amount=9_999_999_999_999.0) for i in range(500)]
    values, _ = advance_in(WindowState(plan), arrays_of(plan, events), [77])
    assert np.isnan(values[0, 0])
    assert (values[1:] == 0).all()
