"""Ids already seen, against a plain set."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fengkong.events.seen_ids import SeenIds


@given(st.lists(st.lists(st.integers(min_value=0, max_value=60), max_size=30), max_size=12))
def test_agrees_with_a_set(batches: list[list[int]]) -> None:
    seen, known = SeenIds(), set()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number in known)
            known.add(number)
        ids = pl.Series([f"id-{number}" for number in batch], dtype=pl.String)
        assert seen.repeated(ids).tolist() == expected
    assert len(seen) == len(known)
