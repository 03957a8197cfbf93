"""Classes, stages and expected loss of a book: five categories, IFRS 9."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl


class RiskClass(StrEnum):
    """The five categories, from good to lost."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"


CLASS_BEGINS: Final = {
    RiskClass.SPECIAL_MENTION: 1,
    RiskClass.SUBSTANDARD: 91,
    RiskClass.DOUBTFUL: 271,
    RiskClass.LOSS: 361,
}
"""From how many days past due a balance is at least of a class: 商业银行金融资产风险分类办法 (2023,
articles from memory, unverified): overdue, beyond 90, 270 and 360 days."""
CLASS_RATES: Final = {
    RiskClass.NORMAL: 0.01,
    RiskClass.SPECIAL_MENTION: 0.02,
    RiskClass.SUBSTANDARD: 0.25,
    RiskClass.DOUBTFUL: 0.5,
    RiskClass.LOSS: 1.0,
}
"""银行贷款损失准备计提指引 (2002, from memory, unverified); 1 percent is the general provision."""


def risk_class(days_past_due: int, *, impaired: bool = False) -> RiskClass:
    """The least class of a balance by its days past due; impaired is at least substandard."""
    assert days_past_due >= 0, "days past due are counted from zero"
    found = RiskClass.NORMAL
    for kind, begin in CLASS_BEGINS.items():
        if days_past_due >= begin:
            found = kind
    good = (RiskClass.NORMAL, RiskClass.SPECIAL_MENTION)
    return RiskClass.SUBSTANDARD if impaired and found in good else found


def ifrs_stage(
    days_past_due: int, *, risk_rose: bool = False, impaired: bool = False, forborne: bool = False
) -> int:
    """1, 2 or 3 (IFRS 9).

    More than 30 days past due is presumed a significant increase of credit risk (5.5.11), more
    than 90 default (B5.5.37). Forborne balances are at least of stage 2.
    """
    if impaired or days_past_due > 90:
        return 3
    return 2 if risk_rose or forborne or days_past_due > 30 else 1


@dataclass(frozen=True, slots=True)
class LossRates:
    """What expected loss needs: yearly probability of default by stage, and the loss given
    default.
    """

    default_12m: float
    default_12m_stage_2: float
    loss_given_default: float
    discount_rate: float = 0.0


def expected_loss(balance: int, *, stage: int, months_left: int, rates: LossRates) -> int:
    """Expected credit loss of a balance in minor units, rounded half up.

    Stage 1 counts defaults of the next 12 months, stage 2 those of the months left (a constant
    monthly hazard, the balance falling in a straight line, discounted by month), stage 3 the loss
    given default.
    """
    assert stage in (1, 2, 3), "IFRS 9 has three stages"
    if stage == 3:
        return int(balance * rates.loss_given_default + 0.5)
    yearly = rates.default_12m if stage == 1 else rates.default_12m_stage_2
    monthly = 1.0 - (1.0 - yearly) ** (1.0 / 12.0)
    months = min(months_left, 12) if stage == 1 else months_left
    total, alive = 0.0, 1.0
    for month in range(1, months + 1):
        exposed = balance * (months_left - month + 1) / months_left
        factor = (1.0 + rates.discount_rate) ** (-month / 12.0)
        total += alive * monthly * exposed * rates.loss_given_default * factor
        alive *= 1.0 - monthly
    return int(total + 0.5)


def class_amounts(book: pl.DataFrame, *, days_past_due: str, balance: str) -> dict[RiskClass, int]:
    """The balance of each class of a book with one row per loan."""
    found = dict.fromkeys(RiskClass, 0)
    for days, amount in book.group_by(days_past_due).agg(pl.col(balance).sum()).iter_rows():
        found[risk_class(days)] += amount
    return found


def class_provision(amounts: dict[RiskClass, int]) -> int:
    """What is to be set aside for the balances of each class, rounded up to a minor unit."""
    return sum(-int(-amount * CLASS_RATES[kind] // 1) for kind, amount in amounts.items())
