"""Trees, scorecards and curves that are fitted: the same again, in the right direction, exact."""

import numpy as np
import pytest
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from fengkong.core.bilingual import Bilingual
from fengkong.scoring.binning import BinningPlan, Bins, bins_of, fit_card
from fengkong.scoring.boosting import BoostingPlan, averaged, draw_rows, grow
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.model import About, Model
from fengkong.scoring.probability_curves import fit_isotonic, fit_platt
from fengkong.scoring.separation import Ranking, separation

NUMBER = Input(name="amount_ratio", kind=InputKind.NUMBER, declaration="field")
WORD = Input(
    name="channel", kind=InputKind.CATEGORY, declaration="field", categories=("app", "pos", "web")
)
ABOUT = About(name="trial", version="1", title=Bilingual(zh="试验", en="Trial"))


def history(seed: int = 2, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose risk rises with the number and is high for the third word; some are missing."""
    dice = np.random.default_rng(seed)
    number, word = dice.normal(0, 1, count), dice.integers(0, 3, count).astype(float)
    chance = 1 / (1 + np.exp(3.0 - 1.5 * number - 1.5 * (word == 2)))
    fraud = dice.random(count) < chance
    number[dice.random(count) < 0.1] = np.nan
    word[dice.random(count) < 0.05] = np.nan
    return np.column_stack([number, word]), fraud


def trees(seed: int, *, bags: int = 2, monotone: dict[str, int] | None = None) -> Model:
    rows, fraud = history()
    plan = BoostingPlan(
        parameters={"num_leaves": 6, "bagging_fraction": 0.7, "bagging_freq": 1},
        rounds=12,
        bags=bags,
        good_share=0.5,
        seed=seed,
    )
    inputs = (NUMBER, WORD)
    found = list(grow(rows, fraud=fraud, inputs=inputs, monotone=monotone or {}, plan=plan))
    assert len(found) == bags
    return averaged(found, about=ABOUT, inputs=inputs)


def test_the_same_rows_and_seed_give_the_same_model() -> None:
    assert trees(1).hash == trees(1).hash
    assert trees(1).hash != trees(2).hash


def test_bags_are_averaged_before_they_become_probabilities() -> None:
    rows, _ = history(9, 200)
    both, first, second = trees(1, bags=2), trees(1, bags=1), trees(2, bags=1)
    mean = (first.raw_scores(rows) + second.raw_scores(rows)) / 2
    assert both.probabilities(rows) == pytest.approx(1 / (1 + np.exp(-mean)), abs=1e-12)


def test_a_direction_is_kept() -> None:
    grid = np.column_stack([np.linspace(-4, 4, 200), np.full(200, 1.0)])
    rising = trees(1, monotone={"amount_ratio": 1}).raw_scores(grid)
    falling = trees(1, monotone={"amount_ratio": -1}).raw_scores(grid)
    assert (np.diff(rising) >= -1e-12).all()
    assert (np.diff(falling) <= 1e-12).all()
    assert rising[-1] > rising[0]


def test_weights_undo_the_draw() -> None:
    rows, fraud = history()
    chosen = draw_rows(fraud, good_share=0.5, seed=1)
    assert set(np.flatnonzero(fraud)) <= set(chosen.tolist())
    assert len(chosen) < len(fraud)
    mean = trees(1, bags=4).probabilities(rows).mean()
    assert mean == pytest.approx(fraud.mean(), rel=0.05)


def card_of(rows: np.ndarray, fraud: np.ndarray, **monotone: int) -> Model:
    card = fit_card(rows, fraud=fraud, inputs=(NUMBER, WORD), monotone=monotone, plan=BinningPlan())
    assert card is not None
    return Model.of_card(card, about=ABOUT, inputs=(NUMBER, WORD))


def test_a_scorecard_tells_apart_and_is_right_on_average() -> None:
    rows, fraud = history()
    model = card_of(rows, fraud)
    later, truth = history(3)
    chances = model.probabilities(later)
    found = separation(Ranking.of(chances, fraud=truth))
    assert found.roc_auc is not None
    assert found.roc_auc > 0.8
    assert chances.mean() == pytest.approx(truth.mean(), rel=0.1)


def test_risk_of_bins_goes_one_way() -> None:
    rows, fraud = history()
    for direction in (0, 1, -1):
        bins = bins_of(rows[:, 0], fraud=fraud, one=NUMBER, direction=direction, plan=BinningPlan())
        if direction == -1:  # against the data everything is pooled into one bin
            assert bins is None
            continue
        assert bins is not None
        risk = (bins.frauds / (bins.frauds + bins.goods))[:-1]
        assert (np.diff(risk) > 0).all()
        assert len(risk) <= BinningPlan().most
        assert (bins.frauds + bins.goods)[:-1].min() >= BinningPlan().least * 0.9 * len(fraud) / 2


def test_weight_of_evidence_by_hand() -> None:
    bins = Bins(
        edges=(1.0,),
        groups=(),
        codes=np.array([0, 1]),
        frauds=np.array([9.5, 29.5, 0.0]),
        goods=np.array([89.5, 9.5, 0.0]),
    )
    bad, good = 9.5 + 29.5 + 1.5, 89.5 + 9.5 + 1.5
    expected = np.log(10 / bad) - np.log(90 / good)
    assert bins.evidence[0] == pytest.approx(expected)
    assert bins.evidence[2] == 0.0


def test_nothing_to_tell_apart_gives_no_card() -> None:
    dice = np.random.default_rng(4)
    rows = np.column_stack([np.ones(500), np.zeros(500)])
    fraud = dice.random(500) < 0.1
    found = fit_card(rows, fraud=fraud, inputs=(NUMBER, WORD), monotone={}, plan=BinningPlan())
    assert found is None
    missing = bins_of(
        np.full(500, np.nan), fraud=fraud, one=NUMBER, direction=0, plan=BinningPlan()
    )
    assert missing is None


@pytest.mark.parametrize(("count", "share"), [(2000, 0.02), (300, 0.2)])
def test_platt_is_scikit_learns(count: int, share: float) -> None:
    dice = np.random.default_rng(count)
    fraud = dice.random(count) < share
    raw = dice.normal(fraud * 4.0 - 5.0, 2.0)
    expected = _SigmoidCalibration().fit(raw, fraud.astype(float))
    found = fit_platt(raw, fraud=fraud)
    assert found.slope == pytest.approx(-expected.a_, rel=1e-4)
    assert found.offset == pytest.approx(-expected.b_, rel=1e-4)


def test_scores_that_part_the_classes_do_not_run_away() -> None:
    fraud = np.arange(40) >= 30
    found = fit_platt(np.where(fraud, 5.0, -5.0) + np.arange(40) / 100, fraud=fraud)
    assert 0 < found.slope < 5


def test_isotonic_is_scikit_learns() -> None:
    dice = np.random.default_rng(8)
    chances = dice.random(500)
    fraud = dice.random(500) < chances**2
    curve = fit_isotonic(chances, fraud=fraud)
    expected = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(chances, fraud)
    asked = np.linspace(0, 1, 50)
    found = np.interp(asked, curve.knots, curve.heights)
    assert found == pytest.approx(expected.predict(asked))
