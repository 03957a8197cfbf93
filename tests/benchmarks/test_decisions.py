"""The policy of the benchmark is of the size that its title says, and both ways decide alike."""

import numpy as np
import polars as pl
import pytest
from benchmarks.platform_events import batches, payment_columns
from benchmarks.workers import decisions_fengkong
from benchmarks.workers.first_decision import PAYMENT

EVENTS = 600


@pytest.fixture(scope="module")
def engine():
    return decisions_fengkong.new_engine()


def test_size(engine):
    policy = engine.policy
    assert len(policy.rules) == 50
    assert len(policy.windows) == 20
    assert {entity for window in policy.windows for entity in window.over} == {
        "customer", "card", "device", "ip", "merchant",
    }  # fmt: skip
    assert all(rule.reason is not None for rule in policy.rules)


def test_one_at_a_time_is_replay(engine):
    columns = payment_columns(events=EVENTS)
    tables = decisions_fengkong.replay(engine, list(batches(columns)))
    replayed = decisions_fengkong.row_of_table(pl.concat(tables), engine)
    state = engine.new_state()
    decisions = [engine.decide(event, state) for event in columns.to_events()]
    single = np.array([decisions_fengkong.row_of_decision(d, engine) for d in decisions])
    assert replayed.shape == (EVENTS, 2 + 50 + 20)
    assert np.array_equal(replayed, single, equal_nan=True)


def test_the_first_payment_is_decided(engine):
    decision = engine.decide(PAYMENT, engine.new_state())
    assert {hit.rule for hit in decision.hits} >= {"amount.large", "ip.foreign"}
