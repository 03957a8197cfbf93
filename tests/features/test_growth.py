"""A batch that must grow an array is prepared again: entities it opened are not yet known."""

from unittest import mock

import numpy as np
import pytest
from happenings import CONDITIONS, SECOND, TYPES, advance_in, arrays_of, plan_of, same_bytes
from naive import Happening

from fengkong.features import state as state_module
from fengkong.features.state import Limits, WindowState

DECLARED = [
    "count() over customer last 10s where large",
    "sum(amount) over customer last 30s delayed 2s where large",
    "mean(amount) over card last 10s",
    "max(amount) over card last 30s where night",
    "distinct(card) over customer last 30s excluding current where night",
    "since_previous() of login.attempted over card, customer last 30s",
    "first(amount) over customer, card where large",
    "seen_before() over card, customer where night",
]


def newcomers(dice: np.random.Generator, *, start: int, people: int) -> list[Happening]:
    """Events of which many bring someone new, often uncounted at first, many of them late."""
    time, events = start, []
    for _ in range(150):
        time = max(1, time + int(dice.choice([0, 1, 1, 2, 5, 9, -1, -3, -7])) * SECOND)
        values = {"customer": f"p{dice.integers(people)}", "card": f"c{dice.integers(people)}"}
        holds = frozenset(condition for condition in CONDITIONS if dice.random() < 0.3)
        kind = TYPES[int(dice.random() < 0.3)]
        given = values | {"amount": float(dice.integers(99))}
        events.append(Happening(time=time, type=kind, values=given, holds=holds))
    return events


@pytest.mark.parametrize("start", [100 * SECOND, 1_500_000_000 * SECOND], ids=["first", "now"])
@pytest.mark.parametrize("late_after", [0, 10 * SECOND, 10_000 * SECOND])
def test_a_batch_that_grows_sees_what_single_events_see(start, late_after):
    plan, limits = plan_of(DECLARED), Limits(late_after=late_after)
    for seed in range(30):
        dice = np.random.default_rng(seed)
        arrays = arrays_of(plan, newcomers(dice, start=start, people=[10, 40, 150][seed % 3]))
        values, late = advance_in(WindowState(plan, limits=limits), arrays, [1])
        for cuts in ([150], dice.integers(1, 100, 4).tolist()):
            with mock.patch.object(state_module, "_FIRST_CAPACITY", [2, 4, 16][seed % 3]):
                state = WindowState(plan, limits=limits)
            again, again_late = advance_in(state, arrays, cuts)
            assert same_bytes(values, again), (seed, cuts)
            assert np.array_equal(late, again_late)
