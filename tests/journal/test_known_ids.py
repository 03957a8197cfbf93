"""What is said to be new is new, however many layers it took."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.journal.known_ids import KnownIds

HASHES = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(HASHES, max_size=40), max_size=6), st.lists(HASHES, max_size=40))
def test_nothing_that_was_added_is_new(added: list[list[int]], others: list[int]) -> None:
    known = KnownIds(first_layer=4, entries_max=64)
    for hashes in added:
        known.add(hashes)
        assert known.among(hashes) == hashes
    everything = [one for hashes in added for one in hashes]
    assert known.among(everything) == everything
    assert all(known.may_hold(one) for one in everything)
    assert known.among(others) == [one for one in others if known.may_hold(one)]


@pytest.mark.parametrize(("entries", "most_wrong"), [(1_000, 0.01), (5_000, 0.02)])
def test_few_new_ones_are_taken_for_known(entries: int, most_wrong: float) -> None:
    dice = np.random.default_rng(1)
    known = KnownIds(first_layer=1_000)
    known.add(dice.integers(-(2**63), 2**63, size=entries).tolist())
    new = dice.integers(-(2**63), 2**63, size=20_000).tolist()
    assert len(known.among(new)) <= most_wrong * len(new)


def test_memory_is_bounded_and_beyond_it_nothing_is_lost() -> None:
    dice = np.random.default_rng(2)
    known = KnownIds(first_layer=100, entries_max=1_000)
    hashes = dice.integers(-(2**63), 2**63, size=5_000).tolist()
    for start in range(0, len(hashes), 77):
        known.add(hashes[start : start + 77])
    assert known.size_bytes <= 2_000
    assert known.among(hashes) == hashes
