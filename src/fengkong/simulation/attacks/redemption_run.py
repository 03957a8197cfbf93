"""A run on redemptions: a rumour, and the holders want their money. Stress, not fraud."""

from __future__ import annotations

from typing import Final

import numpy as np

from fengkong.core.instants import HOUR_US, SECOND_US
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.background.investing import FUNDS
from fengkong.simulation.world import card_id

_COMPLAINS: Final = 0.06
"""Share of the runners who complain that their money comes late."""


def play_redemption_run(campaign: Campaign) -> None:
    """One run from the rumour to the last redemption."""
    active = campaign.world.active(campaign.day.index)
    held = campaign.lives.savings[:active]
    holders = np.flatnonzero(held > 50_000)
    # The well-off hear of it first and run more.
    weight = np.log(held[holders] / 10_000.0)
    many = min(len(holders), round(len(holders) * campaign.parameters["holders_share"]))
    if many == 0:
        return
    runners = campaign.dice.choice(holders, many, replace=False, p=weight / weight.sum())
    rumour = campaign.day.start + 8 * HOUR_US
    fund = int(campaign.dice.integers(0, 2))
    for who in runners.tolist():
        delay = campaign.dice.gamma(3.0, campaign.parameters["peak_hours"] / 2.0)
        _run(campaign, who=who, at=rumour + int(delay * HOUR_US), fund=fund)


def _run(campaign: Campaign, *, who: int, at: int, fund: int) -> None:
    fields = campaign.own_visit(who, at=at)
    login = fields | {"succeeded": True, "authentication_method": "face"}
    campaign.record("login.attempted", at=at, values=login, honest=True)
    at += campaign.pause(50, unit=SECOND_US)
    code, kind, risk = FUNDS[fund]
    share = 1.0 if campaign.throw(0.75) else float(campaign.dice.uniform(0.4, 0.9))
    amount = max(int(int(campaign.lives.savings[who]) * share), 1_000)
    common = fields | campaign.payer(who) | {"amount": amount}
    redeemed = {"fund": code, "fund_kind": kind, "product_risk": risk, "fast_redemption": True}
    event = campaign.record("fund.redeemed", at=at, values=common | redeemed, honest=True)
    campaign.complained(event, subject="payout", chance=_COMPLAINS)
    if campaign.chance("withdraw_share"):
        values = common | {
            "card": card_id(customer=who, slot=0),
            "withdrawal_method": "card",
            "instant_settlement": True,
            "account_balance_before": amount + int(campaign.lives.balance[who]),
        }
        later = at + campaign.pause(4)
        campaign.record("withdrawal.requested", at=later, values=values, honest=True)
