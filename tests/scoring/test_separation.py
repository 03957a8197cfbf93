"""Figures of a ranking equal scikit-learn's where it has them, and definitions where it has not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from fengkong.scoring.reliability import cost_curve, reliability
from fengkong.scoring.separation import (
    EntityDays,
    Ranking,
    curve,
    entity_precision,
    limit_at,
    recall_at,
    separation,
)

NUMBERS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
ROWS = st.lists(st.tuples(NUMBERS, st.booleans(), st.integers(0, 3)), min_size=2, max_size=60)


def taken_apart(rows: list[tuple[float, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, truths (both classes present) and weights of drawn rows."""
    numbers, fraud, weights = (np.array(column) for column in zip(*rows, strict=True))
    fraud[0], fraud[1], weights[0], weights[1] = True, False, 1, 2
    return numbers, fraud, weights.astype(np.float64)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_figures_equal_those_of_scikit_learn(rows: list[tuple[float, bool, int]]) -> None:
    numbers, fraud, weights = taken_apart(rows)
    ranking = Ranking.of(numbers, fraud=fraud)
    for drawn in (None, weights):
        found = separation(ranking, weights=drawn)
        false, true, _ = metrics.roc_curve(
            fraud, numbers, sample_weight=drawn, drop_intermediate=False
        )
        expected = (
            metrics.roc_auc_score(fraud, numbers, sample_weight=drawn),
            metrics.average_precision_score(fraud, numbers, sample_weight=drawn),
            max(true - false),
        )
        figures = (found.roc_auc, found.average_precision, found.ks)
        assert figures == pytest.approx(expected, abs=1e-12)
        for rate in (0.0, 0.01, 0.3, 1.0):
            best = max(true[false <= rate + 1e-15])
            assert recall_at(ranking, false_positive_rate=rate, weights=drawn) == pytest.approx(
                best, abs=1e-12
            )


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_weights_are_copies_of_rows(rows: list[tuple[float, bool, int]]) -> None:
    numbers, fraud, weights = taken_apart(rows)
    copies = np.repeat(np.arange(len(numbers)), weights.astype(int))
    copied = Ranking.of(numbers[copies], fraud=fraud[copies])
    weighed = Ranking.of(numbers, fraud=fraud)
    first, second = separation(copied), separation(weighed, weights=weights)
    assert first.roc_auc == pytest.approx(second.roc_auc)
    assert first.average_precision == pytest.approx(second.average_precision)
    assert first.ks == pytest.approx(second.ks)


def test_one_class_has_no_figures() -> None:
    only_good = Ranking.of(np.array([0.1, 0.2]), fraud=np.array([False, False]))
    assert separation(only_good).roc_auc is None
    assert recall_at(only_good, false_positive_rate=0.5) is None


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from([0.0, 0.1, 0.5]))
def test_a_limit_keeps_its_promise(rows: list[tuple[float, bool, int]], rate: float) -> None:
    numbers, fraud, _ = taken_apart(rows)
    limit = limit_at(Ranking.of(numbers, fraud=fraud), false_positive_rate=rate)
    flagged = numbers >= limit
    assert np.mean(flagged[~fraud]) <= rate
    lower = numbers[numbers < limit]
    if len(lower):
        assert np.mean(numbers[~fraud] >= lower.max()) > rate


def test_a_curve_reaches_both_ends() -> None:
    dice = np.random.default_rng(1)
    numbers, fraud = dice.random(5000), dice.random(5000) < 0.1
    false, recall, precision = curve(Ranking.of(numbers, fraud=fraud), points=50)
    assert len(false) <= 50
    assert (false[-1], recall[-1]) == (1.0, 1.0)
    assert precision[-1] == pytest.approx(fraud.mean())
    assert (np.diff(recall) >= 0).all()


def by_hand(
    numbers: np.ndarray, fraud: np.ndarray, cards: np.ndarray, days: np.ndarray, *, top: int
) -> float:
    """Card precision as the handbook's text says it, entity by entity."""
    found: set[int] = set()
    shares = []
    for day in sorted(set(days.tolist())):
        highest: dict[int, tuple[float, bool]] = {}
        for number, bad, card, when in zip(numbers, fraud, cards, days, strict=True):
            if when == day and card not in found:
                best, any_bad = highest.get(card, (-1.0, False))
                highest[card] = (max(best, number), any_bad or bool(bad))
        ranked = sorted(highest.items(), key=lambda item: -item[1][0])[:top]
        caught = {card for card, (_, bad) in ranked if bad}
        found |= caught
        shares.append(len(caught) / top)
    return float(np.mean(shares))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_entity_precision_is_the_handbooks(seed: int, top: int) -> None:
    dice = np.random.default_rng(seed)
    count = int(dice.integers(1, 80))
    numbers = dice.permutation(count) / count  # no ties: the text does not say who goes first
    fraud, cards = dice.random(count) < 0.3, dice.integers(0, 12, count)
    days = dice.integers(17_000, 17_004, count)
    table = EntityDays.of(numbers, fraud=fraud, entities=cards, days=days)
    assert entity_precision(table, top=top) == pytest.approx(
        by_hand(numbers, fraud, cards, days, top=top)
    )


def test_an_entity_found_is_taken_out() -> None:
    numbers = np.array([0.9, 0.8, 0.9, 0.7])
    fraud = np.array([True, False, True, True])
    cards, days = np.array([1, 2, 1, 3]), np.array([1, 1, 2, 2])
    table = EntityDays.of(numbers, fraud=fraud, entities=cards, days=days)
    assert entity_precision(table, top=1) == 1.0
    assert entity_precision(table, top=2) == 0.5
    nobody = EntityDays.of(np.empty(0), fraud=np.empty(0, bool), entities=cards[:0], days=days[:0])
    assert entity_precision(nobody, top=2) is None


def test_a_drawn_entity_counts_as_often_as_it_was_drawn() -> None:
    numbers, fraud = np.array([0.9, 0.8, 0.7]), np.array([True, True, False])
    table = EntityDays.of(
        numbers, fraud=fraud, entities=np.array([1, 2, 3]), days=np.zeros(3, np.int64)
    )
    assert entity_precision(table, top=2, weights=np.array([2.0, 1.0, 1.0])) == 1.0
    assert entity_precision(table, top=2, weights=np.array([1.0, 0.0, 1.0])) == 0.5


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_reliability_equals_scikit_learn(rows: list[tuple[float, bool, int]]) -> None:
    numbers, fraud, _ = taken_apart(rows)
    found = reliability(numbers, fraud=fraud)
    assert found.brier == pytest.approx(metrics.brier_score_loss(fraud, numbers))
    inside = np.clip(numbers, 1e-15, 1 - 1e-15)
    assert found.log_loss == pytest.approx(metrics.log_loss(fraud, inside))
    assert found.rows.sum() == len(numbers)


def test_perfect_probabilities_have_no_error() -> None:
    dice = np.random.default_rng(3)
    chance = np.repeat([0.1, 0.5, 0.9], 20_000)
    found = reliability(chance, fraud=dice.random(60_000) < chance, bins=3)
    assert found.error < 0.01
    assert reliability(chance / 2, fraud=dice.random(60_000) < chance, bins=3).error > 0.2


def test_a_cost_curve_adds_up() -> None:
    numbers = np.array([0.9, 0.8, 0.3, 0.1])
    fraud = np.array([True, False, True, False])
    amounts = np.array([100.0, 50.0, 30.0, np.nan])
    found = cost_curve(numbers, fraud=fraud, amounts=amounts, per_alert=10.0)
    assert found.cost.tolist() == [130.0, 40.0, 50.0, 30.0, 40.0]
    assert found.limits[found.best] == 0.3
    assert found.saved.tolist() == [0.0, 100.0, 100.0, 130.0, 130.0]
