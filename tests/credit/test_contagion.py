"""DebtRank by hand and against a loop written from the paper; circles of guarantee."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.credit.contagion import (
    Exposures,
    circles,
    contagion_row,
    debt_rank,
    debt_ranks,
    distress,
    exposures_of,
)
from fengkong.indicators.library_file import shipped_library


def shock(names, *hit):
    return np.array([1.0 if name in hit else 0.0 for name in names])


def test_distress_halves_along_a_chain() -> None:
    names, chain = exposures_of(
        [("b", "a", 50), ("c", "b", 50)],
        buffers={"a": 100, "b": 100, "c": 100},
        values={"a": 100, "b": 100, "c": 200},
    )
    assert distress(chain, shock(names, "a")).tolist() == [1.0, 0.5, 0.25]
    assert debt_rank(chain, shock(names, "a")) == pytest.approx((0.5 * 100 + 0.25 * 200) / 400)
    assert debt_ranks(chain).tolist() == pytest.approx([0.25, 0.25, 0.0])


def test_a_circle_does_not_echo_for_ever() -> None:
    names, ring = exposures_of(
        [("b", "a", 50), ("a", "b", 50)],
        buffers={"a": 100, "b": 100},
        values={"a": 100, "b": 100},
    )
    assert distress(ring, np.array([0.5, 0.0])).tolist() == [0.625, 0.25]
    assert names == ["a", "b"]


def test_who_has_no_buffer_is_lost_by_any_loss() -> None:
    names, pair = exposures_of([("b", "a", 1)], buffers={}, values={"a": 1, "b": 1})
    assert distress(pair, shock(names, "a")).tolist() == [1.0, 1.0]


def by_the_paper(edges, buffers, level):
    """Equations of the paper, node by node: U undistressed, D distressed, I inactive."""
    count = len(buffers)
    state = ["D" if one > 0 else "U" for one in level]
    level = list(level)
    while "D" in state:
        new = []
        for node in range(count):
            extra = sum(
                (min(1.0, amount / buffers[holder]) if buffers[holder] else 1.0) * level[on]
                for holder, on, amount in edges
                if holder == node and state[on] == "D"
            )
            new.append(min(1.0, level[node] + extra))
        state = [
            "I" if state[node] in "DI" else ("D" if new[node] > 0 else "U") for node in range(count)
        ]
        level = new
    return level


EDGE = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 100))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(EDGE, min_size=1, max_size=14),
    st.lists(st.integers(0, 150), min_size=6, max_size=6),
    st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=6, max_size=6),
)
def test_it_is_what_the_paper_says(edges, buffers, shocks) -> None:
    exposures = Exposures(
        holders=np.array([edge[0] for edge in edges]),
        on=np.array([edge[1] for edge in edges]),
        amounts=np.array([float(edge[2]) for edge in edges]),
        buffers=np.array(buffers, dtype=float),
        values=np.ones(6),
    )
    seen = distress(exposures, np.array(shocks))
    assert seen.tolist() == pytest.approx(by_the_paper(edges, buffers, shocks))


def test_circles_are_found() -> None:
    guarantees = [("a", "b", 1), ("b", "c", 1), ("c", "a", 1), ("c", "d", 1), ("e", "f", 1)]
    assert circles(guarantees) == [["a", "b", "c"]]


def test_a_day_of_contagion_has_the_columns_of_its_source() -> None:
    guarantees = [("a", "b", 50), ("b", "a", 50), ("c", "b", 100), ("x", "y", 10)]
    row = contagion_row(
        guarantees,
        buffers=dict.fromkeys("abcxy", 100),
        values=dict.fromkeys("abcxy", 100),
        defaulted=["y"],
    )
    assert set(row) == set(shipped_library().source("contagion").columns)
    # b lost: a loses half, c all; of five equal values 1.5 beyond the shock
    assert row["worst_debt_rank"] == pytest.approx(0.3)
    assert (row["worst_loss"], row["distressed_loss"]) == (150, 10)
    assert (row["guaranteed"], row["guaranteed_in_circles"]) == (210, 100)
    assert (row["exposure"], row["largest_group"]) == (500, 3)
