"""The kernel against the plainest reading of what features mean, over every aggregate."""

from unittest import mock

import numpy as np
import pytest
from happenings import (
    ARGUMENTS,
    SECOND,
    advance_in,
    arrays_of,
    crowded_key,
    declarations,
    expect_same_meaning,
    happenings,
    naive_of,
    plan_of,
    random_declaration,
    random_happenings,
    same_bytes,
    spread_key,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.features import state as state_module
from fengkong.features.state import Limits, WindowState

FEW = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def small_state(plan, *, late_after):
    """A state that begins with next to no room, so that everything must grow."""
    with mock.patch.object(state_module, "_FIRST_CAPACITY", 4):
        return WindowState(plan, limits=Limits(late_after=late_after))


def check_against_reference(texts, events, *, late_after, sizes, key_of):
    plan = plan_of(texts)
    arrays = arrays_of(plan, events, key_of=key_of)
    naive = naive_of(plan, late_after=late_after)
    expected = [naive.take(event) for event in events]
    values, late = advance_in(small_state(plan, late_after=late_after), arrays, [1])
    assert late.tolist() == [was_late for _, was_late in expected]
    expect_same_meaning(plan, values, [row for row, _ in expected])
    for batching in ([len(events)], sizes):
        state = small_state(plan, late_after=late_after)
        again, again_late = advance_in(state, arrays, batching)
        assert same_bytes(values, again), f"batches of {batching}"
        assert np.array_equal(late, again_late)


late_afters = st.sampled_from([0, 2 * SECOND, 10 * SECOND, 10_000 * SECOND])
batch_sizes = st.lists(st.integers(1, 12), min_size=1, max_size=4)


@FEW
@given(
    texts=st.lists(declarations(), min_size=1, max_size=8),
    events=happenings(),
    late_after=late_afters,
    sizes=batch_sizes,
    key_of=st.sampled_from([spread_key, crowded_key]),
)
def test_kernel_equals_the_reference(texts, events, late_after, sizes, key_of):
    check_against_reference(texts, events, late_after=late_after, sizes=sizes, key_of=key_of)


def test_every_aggregate_meets_the_reference_in_every_clause():
    """One plan with every aggregate and clause: what the random ones might not meet together."""
    events = random_happenings(np.random.default_rng(1), size=200)
    for clause in ("", " last 5s", " last 5s delayed 2s", " last 10s excluding current"):
        texts = [
            f"{aggregate}({argument}) over {over}{clause or ' last 30s'}"
            if aggregate == "distinct"
            else f"{aggregate}({argument}) over {over}{clause}"
            for aggregate, arguments in ARGUMENTS.items()
            for argument in arguments[:2]
            for over in ("customer", "customer, card")
            if not (argument in over and aggregate in ("share", "seen_before"))
        ]
        check_against_reference(
            texts, events, late_after=20 * SECOND, sizes=[9, 1, 40], key_of=spread_key
        )


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(40))
def test_many_random_plans_and_streams(seed):
    dice = np.random.default_rng(seed)
    for _ in range(100):
        check_against_reference(
            [random_declaration(dice) for _ in range(dice.integers(1, 10))],
            random_happenings(dice, size=int(dice.choice([10, 40, 120]))),
            late_after=int(dice.choice([0, 2, 10, 10_000])) * SECOND,
            sizes=dice.integers(1, 15, 4).tolist(),
            key_of=[spread_key, crowded_key][dice.integers(2)],
        )
