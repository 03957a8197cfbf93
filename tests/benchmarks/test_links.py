"""The benchmark of links measures link features that say something, the same both ways."""

import numpy as np
from benchmarks.platform_events import batches
from benchmarks.transfers import transfer_columns
from benchmarks.workers import links_fengkong

EVENTS = 3_000


def test_one_at_a_time_is_in_columns():
    engine = links_fengkong.new_engine(linked=True)
    assert len(engine.policy.links) == 8
    columns = transfer_columns(events=EVENTS, shared=0.3)
    found = links_fengkong.in_columns(engine, list(batches(columns)))
    single = links_fengkong.one_by_one(engine, columns)
    assert np.array_equal(found, single, equal_nan=True)
    assert np.nanmax(found[:, 0]) > 2
    assert (np.nanmax(found, axis=0) > np.nanmin(found, axis=0))[[0, 1, 3, 4]].all()


def test_without_links_one_window_stands_in_their_place():
    policy = links_fengkong.new_engine(linked=False).policy
    assert (len(policy.windows), len(policy.links)) == (1, 0)
