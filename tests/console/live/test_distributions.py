"""How values spread is told apart from how they spread before; where two documents differ."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.console.live.differences import differences
from fengkong.console.live.distributions import bin_names, spread

VALUES = st.lists(
    st.one_of(st.none(), st.floats(-1e6, 1e6), st.booleans(), st.integers(-9, 9)), max_size=150
)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_every_row_is_in_one_bin(now: list, then: list) -> None:
    found = spread(now, then)
    assert sum(found["counts"]) == found["rows"] == len(now)
    assert sum(found["counts_before"]) == found["rows_before"] == len(then)
    assert found["counts"][-1] == sum(value is None for value in now)
    assert len(bin_names(found)) == len(found["counts"])


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from("abcdefghijklmnopqrstuvwxyz")), min_size=1))
def test_words_are_counted(now: list) -> None:
    found = spread(now, [*now, "z"])
    assert sum(found["counts"]) == len(now)
    assert len(bin_names(found)) == len(found["counts"])


def test_the_same_is_green_and_another_world_is_red() -> None:
    dice = np.random.default_rng(3)
    then = dice.normal(0, 1, 2_000).tolist()
    assert spread(dice.normal(0, 1, 2_000).tolist(), then)["lamp"] == "green"
    moved = spread(dice.normal(2, 1, 2_000).tolist(), then)
    assert moved["lamp"] == "red"
    assert moved["psi"] > 0.25
    lost = spread([None] * 300 + dice.normal(0, 1, 1_700).tolist(), then)
    assert lost["lamp"] == "red"
    assert lost["null"] == pytest.approx(0.15)


def test_of_few_rows_nothing_is_said() -> None:
    found = spread([1.0] * 10, [2.0] * 1_000)
    assert (found["psi"], found["lamp"]) == (None, "none")


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, ["$.a"]),
        ({"a": True}, {"a": 1}, ["$.a"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}, 4]}, ["$.a[1].b", "$.a[2]"]),
        ({"a": None}, {}, ["$.a"]),
        ([1, 2], {"0": 1}, ["$"]),
    ],
)
def test_where_documents_differ(one: object, other: object, paths: list[str]) -> None:
    assert [found.path for found in differences(one, other)] == paths


def test_differences_are_bounded() -> None:
    assert len(differences(list(range(1_000)), [])) == 50
