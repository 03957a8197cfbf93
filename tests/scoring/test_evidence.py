"""Scorecards by weight of evidence, against arithmetic by hand and against their points."""

import math

import numpy as np
import pytest
from boosters import some_inputs
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.core.bilingual import Bilingual
from fengkong.scoring.errors import InvalidModelError
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import model_bytes, parse_model

AMOUNT = Characteristic(
    input=0,
    edges=(10.0, 100.0),
    bins=(Bin(log_odds=-1.0, count=50), Bin(log_odds=0.25, count=30), Bin(log_odds=2.0, count=10)),
    missing=Bin(log_odds=0.5, count=10),
)
CHANNEL = Characteristic(
    input=1,
    groups=((0, 3), (7,)),
    bins=(Bin(log_odds=-0.5, count=60), Bin(log_odds=1.5, count=20), Bin(log_odds=0.1, count=0)),
    missing=Bin(log_odds=0.0, count=20),
)
ABOUT = About(name="card", version="1", title=Bilingual(zh="卡", en="Card"))
CARD = EvidenceCard(intercept=-3.0, characteristics=(AMOUNT, CHANNEL))


@pytest.fixture
def model(about: About) -> Model:
    return Model.of_card(CARD, about=about, inputs=some_inputs(2, categorical=[1]))


@pytest.mark.parametrize(
    ("amount", "channel", "log_odds"),
    [
        (9.99, 0.0, -3.0 - 1.0 - 0.5),
        (10.0, 3.0, -3.0 - 1.0 - 0.5),
        (10.01, 7.0, -3.0 + 0.25 + 1.5),
        (100.0, 1.0, -3.0 + 0.25 + 0.1),
        (100.01, 69.0, -3.0 + 2.0 + 0.1),
        (math.inf, math.nan, -3.0 + 2.0 + 0.0),
        (-math.inf, -1.0, -3.0 - 1.0 + 0.1),
        (math.nan, math.nan, -3.0 + 0.5 + 0.0),
    ],
)
def test_each_value_falls_into_its_bin(
    model: Model, amount: float, channel: float, log_odds: float
) -> None:
    row = np.array([[amount, channel]])
    assert model.raw_scores(row)[0] == pytest.approx(log_odds, abs=1e-15)
    assert model.probabilities(row)[0] == pytest.approx(1 / (1 + math.exp(-log_odds)), rel=1e-15)


@settings(deadline=None)
@given(
    st.one_of(st.just(math.nan), st.floats(-1e6, 1e6)),
    st.sampled_from([math.nan, 0.0, 3.0, 7.0, 9.0]),
)
def test_contributions_are_the_bins_against_the_average(amount: float, channel: float) -> None:
    model = Model.of_card(CARD, about=ABOUT, inputs=some_inputs(2, categorical=[1]))
    row = np.array([amount, channel])
    mean = [(-50 + 0.25 * 30 + 20 + 5) / 100, (-0.5 * 60 + 1.5 * 20) / 100]
    found = model.contributions(row)
    raw = model.raw_scores(row[None])[0]
    assert found[2] == pytest.approx(-3.0 + sum(mean), abs=1e-12)
    assert found.sum() == pytest.approx(raw, abs=1e-12)
    alone = Model.of_card(
        EvidenceCard(intercept=0.0, characteristics=(AMOUNT,)),
        about=ABOUT,
        inputs=some_inputs(2, categorical=[1]),
    )
    assert found[0] == pytest.approx(alone.raw_scores(row[None])[0] - mean[0], abs=1e-12)


def test_points_double_the_odds() -> None:
    def points(log_odds: float) -> float:
        return CARD.base() + CARD.points(log_odds - CARD.intercept)

    assert points(-math.log(50)) == pytest.approx(600)
    assert points(-math.log(100)) == pytest.approx(620)
    assert points(-math.log(25)) == pytest.approx(580)


def test_a_card_comes_back_as_it_was(model: Model) -> None:
    again = parse_model(model_bytes(model))
    assert again.card == CARD
    assert again.hash == model.hash


BAD = {
    "edges that fall": {"edges": (100.0, 10.0)},
    "a bin too few": {"bins": AMOUNT.bins[:2]},
    "an empty bin": {"bins": (*AMOUNT.bins[:2], Bin(log_odds=0.0, count=0))},
    "not a number": {"bins": (*AMOUNT.bins[:2], Bin(log_odds=math.nan, count=5))},
    "both edges and groups": {"groups": ((1,), (2,))},
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_characteristic_is_refused(name: str, about: About) -> None:
    facts = {"input": 0, "edges": AMOUNT.edges, "bins": AMOUNT.bins, "missing": AMOUNT.missing}
    one = Characteristic(**{**facts, **BAD[name]})
    with pytest.raises(InvalidModelError):
        Model.of_card(
            EvidenceCard(intercept=0.0, characteristics=(one,)),
            about=about,
            inputs=some_inputs(1),
        )
