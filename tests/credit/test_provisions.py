"""Classes and stages at their limits; expected loss against a plain computation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.credit.provisions import (
    LossRates,
    RiskClass,
    class_provision,
    expected_loss,
    ifrs_stage,
    risk_class,
)

RATES = LossRates(default_12m=0.12, default_12m_stage_2=0.4, loss_given_default=0.5)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        *[(0, "normal"), (1, "special_mention"), (90, "special_mention"), (91, "substandard")],
        *[(270, "substandard"), (271, "doubtful"), (360, "doubtful"), (361, "loss")],
    ],
)
def test_a_class_begins_at_its_day(days, expected) -> None:
    assert risk_class(days) == expected


def test_impaired_is_at_least_substandard() -> None:
    assert risk_class(0, impaired=True) is RiskClass.SUBSTANDARD
    assert risk_class(300, impaired=True) is RiskClass.DOUBTFUL


@pytest.mark.parametrize(
    ("days", "marks", "stage"),
    [
        *[(30, {}, 1), (31, {}, 2), (90, {}, 2), (91, {}, 3)],
        *[(0, {"risk_rose": True}, 2), (0, {"impaired": True}, 3), (0, {"forborne": True}, 2)],
    ],
)
def test_stages_follow_the_presumptions(days, marks, stage) -> None:
    assert ifrs_stage(days, **marks) == stage


def test_the_provision_of_classes_is_that_of_the_guideline() -> None:
    amounts = {
        RiskClass.NORMAL: 90_000,
        RiskClass.SPECIAL_MENTION: 5_000,
        RiskClass.SUBSTANDARD: 3_000,
        RiskClass.DOUBTFUL: 1_500,
        RiskClass.LOSS: 500,
    }
    assert class_provision(amounts) == 900 + 100 + 750 + 750 + 500


def test_expected_loss_of_a_year_is_the_plain_sum() -> None:
    hazard = 1 - 0.88 ** (1 / 12)
    plain, alive = 0.0, 1.0
    for month in range(12):
        plain += alive * hazard * 1_000_000 * (24 - month) / 24 * 0.5
        alive -= alive * hazard
    assert expected_loss(1_000_000, stage=1, months_left=24, rates=RATES) == round(plain)
    assert expected_loss(1_000_000, stage=3, months_left=24, rates=RATES) == 500_000


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_a_worse_stage_never_loses_less(balance, months) -> None:
    losses = [expected_loss(balance, stage=s, months_left=months, rates=RATES) for s in (1, 2, 3)]
    assert losses == sorted(losses)
