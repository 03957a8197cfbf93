"""Agreement beyond chance, against what is known and against statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from fengkong.evaluation.agreement import agreement


def test_a_known_answer() -> None:
    """Fleiss, Cohen and Everitt (1969), table 1: kappa 0.429, 200 patients, three diagnoses."""
    found = agreement([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    assert found.kappa == pytest.approx(0.429, abs=0.001)
    assert found.same.count == 140


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=3, max_size=3))
def test_it_is_what_statsmodels_says(table: list[list[int]]) -> None:
    found = agreement(table)
    shares = np.asarray(table, dtype=float)
    total = shares.sum()
    chance = 0 if total == 0 else (shares.sum(0) / total) @ (shares.sum(1) / total)
    if total == 0 or chance > 0.999:
        return
    with np.errstate(invalid="ignore", divide="ignore"):  # its z value, of no spread
        other = cohens_kappa(shares)
    assert found.kappa == pytest.approx(other.kappa, abs=1e-9)
    if (
        other.std_kappa == other.std_kappa
    ):  # not a number where its variance is negative by rounding
        assert found.low == pytest.approx(max(-1.0, other.kappa_low), abs=1e-6)
        assert found.high == pytest.approx(min(1.0, other.kappa_upp), abs=1e-6)


@pytest.mark.parametrize(
    ("table", "kappa"),
    [([[5, 0], [0, 5]], 1.0), ([[5, 5], [5, 5]], 0.0), ([[9, 0], [0, 0]], None), ([[0]], None)],
)
def test_ends(table: list[list[int]], kappa: float | None) -> None:
    assert agreement(table).kappa == kappa
