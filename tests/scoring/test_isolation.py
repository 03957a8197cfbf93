"""Isolation forests score as scikit-learn's, and their quantiles are quantiles."""

import numpy as np
import pytest
from boosters import random_rows, some_inputs
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from fengkong.scoring.errors import InvalidModelError
from fengkong.scoring.isolation import quantiles, read_isolation_forest
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import model_bytes, parse_model


def some_forest(
    seed: int, *, columns: int, columns_asked: float
) -> tuple[IsolationForest, NDArray[np.float64]]:
    dice = np.random.default_rng(seed)
    rows = random_rows(dice, rows=400, columns=columns)
    forest = IsolationForest(n_estimators=20, max_features=columns_asked, random_state=seed)
    return forest.fit(rows), rows


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("columns_asked", [1.0, 0.6])
def test_similarity_is_that_of_scikit_learn(seed: int, columns_asked: float, about: About) -> None:
    forest, rows = some_forest(seed, columns=2 + seed, columns_asked=columns_asked)
    theirs = -forest.score_samples(rows)
    curve = quantiles(theirs)
    model = Model.of_isolation_forest(
        forest, about=about, inputs=some_inputs(2 + seed), calibration=curve
    )
    # The sums are the same to the bit; NumPy's vector power may differ in its last bit from C's.
    read = read_isolation_forest(forest)
    np.testing.assert_array_max_ulp(2.0 ** (model.raw_scores(rows) / read.divisor), theirs, 1)
    depths = np.zeros(len(rows))
    for tree, columns in zip(forest.estimators_, forest.estimators_features_, strict=True):
        at = tree.apply(rows[:, columns])
        ways = (
            tree.tree_.compute_node_depths()[at]
            if hasattr(tree.tree_, "compute_node_depths")
            else None
        )
        assert ways is not None
        rest = _mean_way(tree.tree_.n_node_samples)[at]
        depths += ways + rest - 1.0
    assert np.array_equal(model.raw_scores(rows), -depths)


def _mean_way(count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scikit-learn's own formula for the mean way in a tree of so many rows."""
    from sklearn.ensemble._iforest import _average_path_length

    return _average_path_length(count)


def test_values_are_shares_of_normal_business(about: About) -> None:
    forest, rows = some_forest(3, columns=4, columns_asked=1.0)
    similarities = -forest.score_samples(rows)
    model = Model.of_isolation_forest(
        forest, about=about, inputs=some_inputs(4), calibration=quantiles(similarities)
    )
    values = model.probabilities(rows)
    assert values.min() == 0.0
    assert values.max() == 1.0
    shares = (similarities[None] <= similarities[:, None]).mean(axis=1)
    np.testing.assert_allclose(values, shares, atol=0.005)
    assert (np.diff(values[np.argsort(similarities)]) >= 0).all()
    assert parse_model(model_bytes(model)).hash == model.hash


def test_contributions_sum_to_the_raw_score(about: About) -> None:
    forest, rows = some_forest(2, columns=4, columns_asked=1.0)
    model = Model.of_isolation_forest(
        forest,
        about=about,
        inputs=some_inputs(4),
        calibration=quantiles(-forest.score_samples(rows)),
    )
    for row in rows[:10]:
        assert model.contributions(row).sum() == pytest.approx(model.raw_scores(row[None])[0])


def test_rows_that_are_all_alike_have_no_quantiles() -> None:
    with pytest.raises(InvalidModelError):
        quantiles(np.full(10, 0.4))
