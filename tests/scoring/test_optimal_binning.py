"""Bins by optbinning: what the extra finds, and what happens where it is not installed."""

import sys
from importlib.util import find_spec
from itertools import combinations

import numpy as np
import pytest

from fengkong.scoring.binning import BinningPlan, Bins, bins_at, bins_of, fit_card
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.optimal_binning import MissingOptbinningError, optimal_bins

AMOUNT = Input(name="amount", kind=InputKind.NUMBER, declaration="field")
CITY = Input(
    name="city", kind=InputKind.CATEGORY, declaration="field", categories=("a", "b", "c", "d")
)
needs_the_extra = pytest.mark.skipif(
    find_spec("optbinning") is None, reason="the extra fengkong[training] is not installed"
)


def payments(rows: int = 4_000, *, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Whole amounts of 0 to 9, some missing, and a truth that is likelier for large ones."""
    dice = np.random.default_rng(seed)
    amounts = dice.integers(0, 10, rows).astype(float)
    fraud = dice.random(rows) < 0.02 + 0.03 * amounts
    amounts[dice.random(rows) < 0.05] = np.nan
    return amounts, fraud


def risks(bins: Bins) -> np.ndarray:
    return bins.frauds[:-1] / (bins.frauds + bins.goods)[:-1]


@needs_the_extra
@pytest.mark.parametrize("direction", [1, 0])
def test_no_other_cuts_have_more_information(direction: int) -> None:
    """Of all ways to cut ten amounts into at most three bins, the best that rises."""
    amounts, fraud = payments()
    plan = BinningPlan(most=3, least=0.05)
    found = optimal_bins(amounts, fraud=fraud, one=AMOUNT, direction=direction, plan=plan)
    assert found is not None
    known = np.isfinite(amounts)
    best = max(
        known_information(bins)
        for count in (1, 2)
        for edges in combinations(np.arange(9.0).tolist(), count)
        if (
            np.diff(risks(bins := bins_at(amounts, known=known, fraud=fraud, edges=edges))) > 0
        ).all()
    )
    assert known_information(found) == pytest.approx(best, rel=1e-9)
    assert (np.diff(risks(found)) > 0).all()
    own = bins_of(amounts, fraud=fraud, one=AMOUNT, direction=direction, plan=plan)
    assert own is not None
    assert known_information(found) >= known_information(own)


def known_information(bins: Bins) -> float:
    """The information of the bins without the missing ones, by its definition."""
    bad, good = bins.frauds[:-1], bins.goods[:-1]
    p, q = bad / bad.sum(), good / good.sum()
    return float(((p - q) * np.log(p / q)).sum())


@needs_the_extra
def test_every_row_is_in_the_bin_that_the_card_gives_it() -> None:
    """A value that lies on a split of optbinning belongs to the bin above it, here as there."""
    amounts, fraud = payments()
    plan = BinningPlan(most=4, least=0.05)
    found = optimal_bins(amounts, fraud=fraud, one=AMOUNT, direction=1, plan=plan)
    assert found is not None
    again = optimal_bins(amounts, fraud=fraud, one=AMOUNT, direction=1, plan=plan)
    assert again is not None
    assert again.edges == found.edges
    card = fit_card(
        np.column_stack([amounts]),
        fraud=fraud,
        inputs=[AMOUNT],
        monotone={"amount": 1},
        plan=plan,
        binner=optimal_bins,
    )
    assert card is not None
    (one,) = card.characteristics
    assert one.edges == found.edges
    assert [part.count for part in one.bins] == (found.frauds + found.goods)[:-1].tolist()
    assert np.isnan(amounts).sum() == one.missing.count
    odds = [part.log_odds for part in one.bins]
    assert odds == sorted(odds)


@needs_the_extra
def test_words_are_grouped_and_rare_ones_are_not() -> None:
    dice = np.random.default_rng(2)
    words = dice.choice([0.0, 1.0, 2.0], size=3_000)
    words[:3] = 3.0
    fraud = dice.random(3_000) < np.where(words == 2.0, 0.4, 0.05)
    found = optimal_bins(words, fraud=fraud, one=CITY, direction=0, plan=BinningPlan())
    assert found is not None
    assert (2,) in found.groups
    assert 3 not in {word for group in found.groups for word in group}


@needs_the_extra
def test_what_tells_nothing_apart_has_no_bins() -> None:
    amounts, fraud = payments()
    for truth in (np.zeros(len(fraud), dtype=bool), np.ones(len(fraud), dtype=bool)):
        plan = BinningPlan()
        assert optimal_bins(amounts, fraud=truth, one=AMOUNT, direction=0, plan=plan) is None
    missing = np.full(len(fraud), np.nan)
    for one in (AMOUNT, CITY):
        assert optimal_bins(missing, fraud=fraud, one=one, direction=0, plan=plan) is None


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "optbinning", raising=False)
    monkeypatch.setattr(sys, "path_importer_cache", {})
    amounts, fraud = payments(50)
    with pytest.raises(MissingOptbinningError, match="not installed"):
        optimal_bins(amounts, fraud=fraud, one=AMOUNT, direction=0, plan=BinningPlan())
