"""The state: limits that speak, ranges that are refused, saving, restoring and forgetting."""

import subprocess
import sys

import numpy as np
import pytest

from fengkong.core.hashing import hash_texts
from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.events.catalogue import shipped_catalogue
from fengkong.features.declarations import parse_feature
from fengkong.features.plan import compile_plan
from fengkong.features.state import (
    FeatureLimitError,
    IncompatibleStateError,
    Limits,
    ValueRangeError,
    WindowState,
)

START = 1_600_000_000_000_000
DECLARED = {
    "card_count_1h": "count() over card last 1h",
    "card_amount_mean_7d": "mean(amount) over card last 7d",
    "card_device_distinct_1d": "distinct(device) over card last 1d",
    "card_amount_max_1d": "max(amount) over card last 1d",
    "device_fraud_rate_7d": "mean(is_fraud) over device last 7d delayed 1d default 0",
}


def plan_of(declared=None):
    features = [parse_feature(text, name=name) for name, text in (declared or DECLARED).items()]
    fields = shipped_catalogue().fields
    return compile_plan(features, fields=fields, default_types=["payment.initiated"])


def arrays_of(plan, *, count, keys=50, seed=1, step=HOUR_US // 10):
    dice = np.random.default_rng(seed)
    times = START + np.cumsum(dice.integers(0, 2 * step, count))
    hashes = [
        hash_texts([f"{'-'.join(names)}{n}" for n in dice.integers(0, keys, count)])
        for names in plan.keyspaces
    ]
    cells = np.round(dice.uniform(1, 1e6, (count, len(plan.cells))))
    for column, name in enumerate(plan.cells):
        if name == "is_fraud":
            cells[:, column] = dice.integers(0, 2, count)
        if name == "device":
            cells[:, column] = dice.integers(0, 5, count)
    return {
        "times": times.astype(np.int64),
        "keys": np.hstack(hashes),
        "members": np.ones((count, len(plan.streams)), dtype=np.uint8),
        "cells": cells,
    }


def part(arrays, start, stop):
    return {name: array[start:stop] for name, array in arrays.items()}


def test_saving_and_restoring_in_mid_stream_changes_nothing():
    plan = plan_of()
    arrays = arrays_of(plan, count=3000)
    whole = WindowState(plan)
    expected = whole.advance(**arrays).values
    first = WindowState(plan)
    before = first.advance(**part(arrays, 0, 1234)).values
    second = WindowState(plan)
    second.restore(first.save())
    after = second.advance(**part(arrays, 1234, 3000)).values
    assert np.vstack([before, after]).tobytes() == expected.tobytes()


def test_a_state_of_other_declarations_is_refused():
    saved = WindowState(plan_of()).save()
    other = WindowState(plan_of({"n": "count() over card last 2h"}))
    with pytest.raises(IncompatibleStateError):
        other.restore(saved)


def test_two_processes_give_the_same_bytes(tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_state import *\n"
        "plan = plan_of(); arrays = arrays_of(plan, count=500)\n"
        "values = WindowState(plan).advance(**arrays).values\n"
        "print(__import__('hashlib').sha256(values.tobytes()).hexdigest())\n"
    )
    from pathlib import Path

    command = [sys.executable, "-c", program, str(Path(__file__).parent)]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert runs[0] == runs[1] != ""


def test_entities_that_no_window_needs_are_forgotten():
    plan = plan_of()
    state = WindowState(plan)
    state.advance(**arrays_of(plan, count=2000, keys=500))
    assert max(state.live_keys.values()) > 300
    size = state.size_bytes
    for week in range(1, 6):
        later = arrays_of(plan, count=2000, keys=500, seed=week + 1)
        later["times"] += week * 30 * DAY_US
        state.advance(**later)
    assert max(state.live_keys.values()) <= 500
    quiet = arrays_of(plan, count=2000, keys=1, seed=99)
    quiet["times"] += 400 * DAY_US
    # what is no longer needed is looked for before a batch is counted
    state.advance(**part(quiet, 0, 1000))
    state.advance(**part(quiet, 1000, 2000))
    assert max(state.live_keys.values()) <= 2
    assert state.size_bytes <= 4 * size


def fill(state, arrays, counted):
    for start in range(0, 20_000, 100):
        state.advance(**part(arrays, start, start + 100))
        counted.append(start + 100)


def test_the_limit_names_the_longest_window_and_counts_nothing():
    plan = plan_of({"card_count_ever": "count() over card", "short": "count() over card last 1h"})
    small = Limits(memory_bytes=400_000)
    state = WindowState(plan, limits=small)
    arrays = arrays_of(plan, count=20_000, keys=20_000)
    counted = []
    with pytest.raises(FeatureLimitError) as caught:
        fill(state, arrays, counted)
    assert "card_count_ever" in caught.value.message
    assert "memory_mb" in caught.value.path
    reference = WindowState(plan)
    reference.advance(**part(arrays, 0, counted[-1]))
    known = part(arrays, 0, 100)
    known["times"] = known["times"] + 40 * DAY_US
    assert state.advance(**known).values.tobytes() == reference.advance(**known).values.tobytes()


@pytest.mark.parametrize("value", [2.0**53, 1e300, -(2.0**53)])
def test_numbers_that_cannot_be_summed_exactly_are_refused(value):
    plan = plan_of({"total": "sum(amount) over card last 1d"})
    with pytest.raises(ValueRangeError) as caught:
        WindowState(plan).check_range(np.array([[1.0], [value]]))
    assert caught.value.path == "$.amount"


def test_large_and_small_amounts_leave_no_dust():
    plan = plan_of(
        {"mean": "mean(amount) over card last 1h", "std": "std(amount) over card last 1h"}
    )
    state = WindowState(plan)
    amounts = [1e13, 1.0, 2.0, 4.0]
    times = START + np.array([0, 2, 3, 4]) * (HOUR_US // 3 + HOUR_US // 6)
    values = state.advance(
        times=times.astype(np.int64),
        keys=np.repeat(hash_texts(["c"]), 4, axis=0),
        members=np.ones((4, 1), dtype=np.uint8),
        cells=np.array(amounts)[:, None],
    ).values
    assert values[3, 0] == 3.0
    assert values[3, 1] == pytest.approx(2**0.5, abs=0)
