"""Trees are scored bit for bit as LightGBM scores them, and explained as it explains them."""

import itertools
import math
from collections.abc import Callable

import lightgbm
import numpy as np
import pytest
from boosters import Trained, random_rows, some_inputs, train
from numpy.typing import NDArray

from fengkong.scoring.errors import InvalidModelError, UnsupportedModelError
from fengkong.scoring.lightgbm_text import read_lightgbm
from fengkong.scoring.model import About, Model
from fengkong.scoring.shapley import gauss
from fengkong.scoring.trees import CATEGORICAL, Tree, goes_left_when_missing

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_raw_scores_and_probabilities_are_those_of_lightgbm_to_the_bit(
    seed: int, trained: Callable[[int], Trained], about: About
) -> None:
    one = trained(seed)
    model = Model.of_lightgbm(one.booster, about=about, inputs=one.inputs)
    raw = one.booster.predict(one.rows, raw_score=True)
    assert np.array_equal(model.raw_scores(one.rows), raw), one.told
    assert np.array_equal(model.probabilities(one.rows), one.booster.predict(one.rows)), one.told


def test_the_boosters_of_the_tests_have_every_kind_of_split(
    trained: Callable[[int], Trained],
) -> None:
    trees = [t for s in SEEDS for t in read_lightgbm(trained(s).booster.model_to_string()).trees]
    found = {int(decision) for tree in trees for decision in tree.decisions}
    numeric = {missing | left for missing in (0, 4, 8) for left in (0, 2)} - {0}
    assert numeric <= found, "missing none, zero and nan; default left and right"
    assert {decision & ~2 for decision in found if decision & CATEGORICAL} >= {1, 9}
    assert {trained(s).told["boosting"] for s in SEEDS} == {"gbdt", "rf", "dart", "goss"}
    assert any(len(tree.values) == 1 for tree in trees), "a tree of one leaf"


@pytest.mark.nightly
def test_hundreds_of_boosters_are_scored_and_explained_alike(about: About) -> None:
    for seed in range(1000, 1600):
        one = train(seed)
        model = Model.of_lightgbm(one.booster, about=about, inputs=one.inputs)
        assert np.array_equal(model.probabilities(one.rows), one.booster.predict(one.rows)), seed
        theirs = one.booster.predict(one.rows[-20:], pred_contrib=True)
        ours = np.array([model.contributions(row) for row in one.rows[-20:]])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def test_rows_one_by_one_score_as_rows_together(
    trained: Callable[[int], Trained], about: About
) -> None:
    one = trained(3)
    model = Model.of_lightgbm(one.booster, about=about, inputs=one.inputs)
    alone = np.concatenate([model.scores(one.rows[i : i + 1]) for i in range(len(one.rows))])
    assert alone.tobytes() == model.scores(one.rows).tobytes()


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_contributions_are_those_of_lightgbm_and_sum_to_the_raw_score(
    seed: int, trained: Callable[[int], Trained], about: About
) -> None:
    one = trained(seed)
    model = Model.of_lightgbm(one.booster, about=about, inputs=one.inputs)
    rows = one.rows[:: len(one.rows) // 40]
    ours = np.array([model.contributions(row) for row in rows])
    theirs = one.booster.predict(rows, pred_contrib=True)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.sum(axis=1), model.raw_scores(rows), rtol=0, atol=1e-9)


def expected_value(tree: Tree, row: NDArray[np.float64], known: frozenset[int]) -> float:
    """What a tree says on average if only some inputs are known: the definition, by recursion."""

    def below(node: int) -> float:
        if node < 0:
            return float(tree.values[~node])
        children = (int(tree.left[node]), int(tree.right[node]))
        if tree.inputs[node] in known:
            return below(children[0] if goes_left(node) else children[1])
        covers = [tree.covers[c] if c >= 0 else tree.leaf_covers[~c] for c in children]
        weighed = [c * below(child) for c, child in zip(covers, children, strict=True)]
        return float(sum(weighed) / tree.covers[node])

    def goes_left(node: int) -> bool:
        value, threshold = float(row[tree.inputs[node]]), float(tree.thresholds[node])
        decision = int(tree.decisions[node])
        if decision & CATEGORICAL:
            return not math.isnan(value) and int(value) in tree.categories[int(threshold)]
        if math.isnan(value):
            return goes_left_when_missing(decision, threshold)
        return value <= threshold

    return below(0 if len(tree.inputs) else ~0)


def test_contributions_are_shapley_values_by_their_definition(about: About) -> None:
    dice = np.random.default_rng(11)
    rows = random_rows(dice, rows=300, columns=4)
    rows[:, 3] = dice.integers(0, 12, 300)
    truth = (np.nan_to_num(rows[:, :3]).sum(axis=1) + rows[:, 3] % 3 > 1).astype(float)
    told = {"objective": "binary", "num_leaves": 12, "verbose": -1, "num_threads": 1}
    data = lightgbm.Dataset(rows, truth, categorical_feature=[3])
    booster = lightgbm.train({**told, "min_data_in_leaf": 5}, data, 4)
    model = Model.of_lightgbm(booster, about=about, inputs=some_inputs(4, categorical=[3]))
    everyone = frozenset(range(4))
    for row in rows[:12]:
        values = {
            known: sum(expected_value(tree, row, known) for tree in model.trees)
            for size in range(5)
            for known in map(frozenset, itertools.combinations(everyone, size))
        }
        for one in everyone:
            others = [known for known in values if one not in known]
            shapley = sum(
                math.factorial(len(s)) * math.factorial(3 - len(s)) / math.factorial(4)
                * (values[s | {one}] - values[s])
                for s in others
            )  # fmt: skip
            assert model.contributions(row)[one] == pytest.approx(shapley, abs=1e-12)


@pytest.mark.parametrize("m", [1, 2, 5, 20, 64])
def test_quadrature_is_exact_to_its_degree(m: int) -> None:
    places, weights = gauss(m)
    for k in (0, 1, m, 2 * m - 1):
        integral = sum(w * x**k for x, w in zip(places, weights, strict=True))
        assert integral == pytest.approx(1 / (k + 1), rel=1e-13)


@pytest.mark.parametrize(
    "told",
    [
        {"objective": "regression"},
        {"objective": "multiclass", "num_class": 3},
        {"objective": "binary", "linear_tree": True},
    ],
    ids=lambda told: "-".join(map(str, told.values())),
)
def test_what_cannot_be_scored_exactly_is_refused(told: dict[str, object], about: About) -> None:
    dice = np.random.default_rng(5)
    rows = dice.normal(size=(200, 2))
    truth = dice.integers(0, 3 if "num_class" in told else 2, 200)
    booster = lightgbm.train({**told, "verbose": -1}, lightgbm.Dataset(rows, truth), 2)
    with pytest.raises(UnsupportedModelError):
        Model.of_lightgbm(booster, about=about, inputs=some_inputs(2))


def test_a_booster_with_other_columns_is_refused(
    trained: Callable[[int], Trained], about: About
) -> None:
    one = trained(1)
    with pytest.raises(InvalidModelError, match="columns were trained on"):
        Model.of_lightgbm(one.booster, about=about, inputs=[*one.inputs, some_inputs(20)[-1]])


def test_a_text_that_is_not_lightgbm_is_refused() -> None:
    with pytest.raises(InvalidModelError):
        read_lightgbm("nothing of the kind")
