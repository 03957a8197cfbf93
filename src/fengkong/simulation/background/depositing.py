"""Money that customers bring in, through the custodian's account."""

from __future__ import annotations

from typing import Final

import numpy as np

from fengkong.simulation.background.funding import CUSTODIAN
from fengkong.simulation.background.today import Today
from fengkong.simulation.identities import entity_id
from fengkong.simulation.world import card_id

_DEPOSITS_PER_DAY: Final = 0.05
_ON_PAYDAY: Final = 3.0
_ORDERS: Final = 1 << 40
_ROUND: Final = 10_000


def play_depositing(today: Today) -> None:
    """A day's deposits; more of them when wages came."""
    people, dice = today.world.customers, today.dice
    paid = people.payday == today.day.date.day
    who = today.choose(_DEPOSITS_PER_DAY * people.activity * (1.0 + _ON_PAYDAY * paid))
    at = today.times(who=who, rhythm="app").tolist()
    parts = people.income[who] * dice.beta(1.2, 5.0, len(who))
    amounts = np.maximum(parts.astype(np.int64) // _ROUND * _ROUND, _ROUND).tolist()
    orders = dice.integers(0, _ORDERS, len(who)).tolist()
    for row, customer in enumerate(who.tolist()):
        values = {
            "customer": today.world.customer_ids[customer],
            "account": today.world.account_ids[customer],
            "customer_since": today.world.since[customer],
            "card": card_id(customer=customer, slot=0),
            "order": entity_id("order", orders[row]),
            "channel": "app",
            "settlement_account": CUSTODIAN[0],
            "amount": amounts[row],
        }
        today.recorder.record("deposit.received", at=at[row], values=values, money=("amount",))
