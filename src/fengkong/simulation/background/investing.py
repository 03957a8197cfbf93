"""Funds, trades and insurance.

What is put into funds and what is taken out keep about the same pace: savings of more than three
months' income are redeemed by less than one part in a hundred a day.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation.background.today import Today
from fengkong.simulation.customers import RISK_GRADES
from fengkong.simulation.identities import entity_id

FUNDS: Final = (
    ("f000198", "money_market", "R1"), ("f000343", "money_market", "R1"),
    ("f001512", "bond", "R2"), ("f002351", "mixed", "R3"),
    ("f005827", "equity", "R4"), ("f510300", "index", "R4"),
)  # fmt: skip
_SUBSCRIPTIONS_PER_DAY: Final = 0.11
_REDEMPTIONS_PER_DAY: Final = 0.05
_ALL_OF_IT: Final = 0.05
"""Share of the redemptions that take out everything."""
_TRADES_PER_DAY: Final = 0.09
_INSURANCES_PER_DAY: Final = 0.009
_CLAIMS_PER_DAY: Final = 0.0006
_INSTRUMENTS: Final = ("600519", "000858", "300750", "601318", "600036", "002594", "510050")
_PRICES: Final = (1480.0, 131.0, 255.0, 52.0, 41.5, 108.0, 2.9)
_INSURANCE_KINDS: Final = ("shipping_return", "travel", "accident", "health", "vehicle")
_PREMIUMS: Final = (150, 3_900, 12_900, 29_900, 280_000)
_POLICIES: Final = 1 << 20


def play_investing(today: Today) -> None:
    """A day's subscriptions, redemptions, trades, policies and claims."""
    _subscriptions(today)
    _redemptions(today)
    _trades(today)
    _insurances(today)
    _claims(today)


def _subscriptions(today: Today) -> None:
    people, dice, day = today.world.customers, today.dice, today.day
    saves = people.savings > 0
    payday = people.payday == day.date.day
    who = today.choose(_SUBSCRIPTIONS_PER_DAY * people.activity * saves * (1.0 + 4.0 * payday))
    visits = today.visits(who=who, rhythm="app")
    amounts = (people.income[who] * dice.beta(1.6, 4.4, len(who))).astype(np.int64)
    amounts = np.maximum(amounts // 10_000 * 10_000, 1_000)
    np.add.at(today.lives.savings, who, amounts)
    fund = fund_rows(today, many=len(who))
    money = amounts.tolist()
    for row, customer, at, values in today.actions(visits):
        code, kind, risk = FUNDS[fund[row]]
        values |= {"fund": code, "fund_kind": kind, "product_risk": risk, "amount": money[row]}
        values["risk_tolerance"] = RISK_GRADES[int(people.risk_grade[customer])]
        today.recorder.record("fund.subscribed", at=at, values=values, money=("amount",))


def fund_rows(today: Today, *, many: int) -> list[int]:
    """Funds chosen by popularity."""
    chosen = today.dice.choice(len(FUNDS), many, p=(0.45, 0.2, 0.12, 0.1, 0.07, 0.06))
    return [int(row) for row in chosen]


def _redemptions(today: Today) -> None:
    people, dice = today.world.customers, today.dice
    held = today.lives.savings
    who = today.choose(_REDEMPTIONS_PER_DAY * people.activity * (held > 20_000))
    visits = today.visits(who=who, rhythm="app")
    share = np.where(dice.random(len(who)) < _ALL_OF_IT, 1.0, dice.beta(1.2, 7.0, len(who)))
    amounts = np.maximum((held[who] * share).astype(np.int64), 1_000)
    np.subtract.at(held, who, amounts)
    np.maximum(held, 0, out=held)
    fund, money = fund_rows(today, many=len(who)), amounts.tolist()
    days = dice.integers(1, 700, len(who)).tolist()
    for row, _, at, values in today.actions(visits):
        code, kind, risk = FUNDS[fund[row]]
        values |= {"fund": code, "fund_kind": kind, "product_risk": risk, "amount": money[row]}
        values |= {"fast_redemption": fund[row] < 2, "held_days": days[row]}
        today.recorder.record("fund.redeemed", at=at, values=values, money=("amount",))


def _trades(today: Today) -> None:
    if today.day.is_weekend:
        return
    people, dice = today.world.customers, today.dice
    bold = people.risk_grade >= 3
    who = today.choose(_TRADES_PER_DAY * people.activity * bold)
    at = today.day.start + (9.5 + dice.random(len(who)) * 5.5) * HOUR_US
    visits = today.visits_at(who=who, at=at.astype(np.int64))
    lots = dice.geometric(0.35, len(who)).tolist()
    for row, _, instant, values in today.actions(visits):
        pick = visits.session[row] % len(_INSTRUMENTS)
        price = round(_PRICES[pick] * (0.97 + visits.session[row] % 601 / 10_000), 2)
        quantity = 100 * lots[row]
        values |= {
            "instrument": _INSTRUMENTS[pick],
            "side": "buy" if visits.session[row] % 2 else "sell",
            "order_kind": "limit",
            "price": price,
            "quantity": float(quantity),
            "amount": round(price * 100) * quantity,
        }
        today.recorder.record("trade.placed", at=instant, values=values, money=("amount",))


def _insurances(today: Today) -> None:
    who = today.choose(_INSURANCES_PER_DAY * today.world.customers.activity)
    visits = today.visits(who=who, rhythm="evening")
    for row, _, at, values in today.actions(visits):
        pick = min(visits.session[row] % 9, 8) % len(_PREMIUMS)
        premium = int(_PREMIUMS[pick] * (0.8 + visits.session[row] % 401 / 1000))
        values |= {
            "insurance_policy": entity_id("insurance_policy", visits.session[row]),
            "insurance_kind": _INSURANCE_KINDS[pick],
            "insured_amount": premium * 180,
            "policy_started_at": today.day.start + DAY_US,
            "amount": max(premium, 50),
        }
        today.recorder.record(
            "insurance.purchased", at=at, values=values, money=("amount", "insured_amount")
        )


def _claims(today: Today) -> None:
    who = today.choose(_CLAIMS_PER_DAY * today.world.customers.activity)
    visits = today.visits(who=who, rhythm="day")
    dice = today.dice
    for row, customer, at, values in today.actions(visits):
        del values["customer_since"]
        policy = customer % _POLICIES + (1 << 38)
        kind = _INSURANCE_KINDS[customer % len(_INSURANCE_KINDS)]
        values |= {
            "insurance_policy": entity_id("insurance_policy", policy),
            "claim": entity_id("claim", visits.session[row]),
            "insurance_kind": kind,
            "policy_started_at": at - int(dice.integers(20, 350)) * DAY_US,
            "loss_at": at - int(dice.integers(1, 20)) * DAY_US,
            "amount": int(dice.lognormal(np.log(60_000), 1.0)),
        }
        today.recorder.record("insurance.claimed", at=at, values=values, money=("amount",))
