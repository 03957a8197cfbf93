"""Transfers, wages and withdrawals."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fengkong.core.instants import DAY_US, HOUR_US, SECOND_US
from fengkong.simulation.background.today import Today
from fengkong.simulation.customers import PAYEES
from fengkong.simulation.identities import entity_id, full_name
from fengkong.simulation.visits import Visits
from fengkong.simulation.world import EMPLOYER_BASE, card_id

Ints = npt.NDArray[np.int64]

_TRANSFERS_PER_DAY: Final = 0.26
_WITHDRAWALS_PER_DAY: Final = 0.07
_GIFTS_FEN: Final = np.array([520, 888, 6600, 8800, 16800, 18800, 20000, 52000, 66600, 88800,
                              131400, 100000])  # fmt: skip
_BANKS: Final = ("102", "103", "104", "105", "301", "308", "403", "310")
_ABROAD: Final = ("HK", "SG", "US", "JP")
_OUTSIDERS: Final = 1 << 30


def play_moving(today: Today) -> None:
    """A day's transfers between people, wages from firms, and withdrawals."""
    _transfers(today)
    _wages(today)
    _withdrawals(today)


def _transfers(today: Today) -> None:
    people, dice, day = today.world.customers, today.dice, today.day
    who = today.choose(_TRANSFERS_PER_DAY * people.activity * (0.5 + 0.5 * day.gifts))
    size = len(who)
    visits = today.visits(who=who, rhythm="app")
    gift = dice.random(size) < np.minimum(0.18 * day.gifts, 0.75)
    rent = (day.date.day <= 3) & (dice.random(size) < 0.2)
    amounts = dice.lognormal(np.log(420.0), 1.25, size) * people.spending[who] * 100
    round_amount = dice.random(size) < 0.65
    amounts = np.where(round_amount, np.maximum(amounts // 10_000 * 10_000, 5_000), amounts)
    amounts = np.where(rent, people.income[who] // 300_00 * 100_00, amounts)
    amounts = np.where(gift, _GIFTS_FEN[dice.integers(0, len(_GIFTS_FEN), size)], amounts)
    balance = today.lives.balance[who]
    highest = np.maximum(balance * 9 // 10, 100)
    fen: Ints = np.minimum(np.maximum(amounts.astype(np.int64), 100), highest)
    known = dice.random(size) < 0.86
    slot = np.minimum(dice.geometric(0.4, size) - 1, PAYEES - 1)
    # A new payee is a stranger elsewhere or any other customer.
    strangers = -1 - dice.integers(_OUTSIDERS // 2, _OUTSIDERS, size)
    others = dice.integers(0, today.world.active(0), size)
    fresh = np.where(dice.random(size) < 0.5, strangers, others)
    payee = np.where(known, people.payees[who, slot], fresh).tolist()
    purpose = np.where(gift, 0, np.where(rent, 1, 2 + dice.integers(0, 3, size))).tolist()
    today.lives.spend(who=who, amounts=fen)
    money, funds, saved = fen.tolist(), balance.tolist(), known.tolist()
    abroad = (dice.random(size) < 0.02).tolist()
    for row, _, at, values in today.actions(visits):
        values |= payee_values(today, payee=payee[row]) | watched_values(visits.session[row])
        if abroad[row] and payee[row] < 0:
            values |= {"cross_border": True, "payee_country": _ABROAD[payee[row] % len(_ABROAD)]}
        values["payee_saved"] = saved[row]
        values["purpose"] = ("gift", "rent", "family", "goods", "other")[purpose[row]]
        values["amount"] = money[row]
        values["account_balance_before"] = funds[row]
        values["authentication_method"] = "payment_password"
        event = today.recorder.record("transfer.initiated", at=at, values=values, money=("amount",))
        today.perhaps_clear(event)


def watched_values(throw: int) -> dict[str, Any]:
    """Whether the phone is being called, seen or steered; sometimes it honestly is."""
    share = throw % 9_973 / 9_973
    return {
        "call_in_progress": share < 0.015,
        "screen_shared": 0.014 < share < 0.0165,
        "remote_controlled": 0.0163 < share < 0.0168,
    }


def payee_values(today: Today, *, payee: int) -> dict[str, Any]:
    """Who receives the money: a customer by number, or an outsider by a negative number."""
    name, account = today.world.payee(payee)
    bank = _BANKS[payee % len(_BANKS)] if payee < 0 else "platform"
    return {
        "payee": name,
        "payee_account": account,
        "payee_name": full_name(abs(payee)),
        "payee_bank": bank,
    }


def _wages(today: Today) -> None:
    """Firms pay their people in one go: a fan-out that is not a mule."""
    people, dice = today.world.customers, today.dice
    due = np.flatnonzero(people.payday[: today.active] == today.day.date.day)
    due = due[people.age[due] < 62]
    due = due[np.argsort(people.employer[due], kind="stable")]
    hours = 9.0 + people.employer[due] % 7 * 0.5
    at = today.day.start + (hours * HOUR_US).astype(np.int64)
    at += np.arange(len(due)) % 97 * SECOND_US
    paid = (people.income[due] * dice.normal(1.0, 0.04, len(due))).astype(np.int64)
    rows = zip(due.tolist(), at.tolist(), paid.tolist(), people.employer[due].tolist(), strict=True)
    for who, instant, amount, firm in rows:
        number = EMPLOYER_BASE + firm
        values = payee_values(today, payee=who) | {
            "customer": entity_id("customer", number),
            "account": entity_id("account", number),
            "customer_since": today.world.start - (400 + firm % 900) * DAY_US,
            "channel": "api",
            "purpose": "salary",
            "payee_saved": True,
            "amount": max(amount, 100),
        }
        today.recorder.record("transfer.initiated", at=instant, values=values, money=("amount",))


def _withdrawals(today: Today) -> None:
    people, dice = today.world.customers, today.dice
    who = today.choose(_WITHDRAWALS_PER_DAY * people.activity)
    visits = today.visits(who=who, rhythm="app")
    balance = today.lives.balance[who]
    share = dice.beta(1.2, 2.5, len(who))
    amounts = np.maximum((balance * share).astype(np.int64) // 10_000 * 10_000, 1_000)
    slot = np.minimum(dice.geometric(0.85, len(who)) - 1, people.cards[who] - 1).tolist()
    today.lives.spend(who=who, amounts=amounts)
    money, funds = amounts.tolist(), balance.tolist()
    for row, customer, at, values in today.actions(visits):
        _withdraw(today, visits=visits, row=row, at=at, values=values | {
            "amount": money[row],
            "account_balance_before": max(funds[row], money[row]),
            "card": card_id(customer=customer, slot=slot[row]),
            "withdrawal_method": "card",
        } | watched_values(visits.session[row]))  # fmt: skip


def _withdraw(today: Today, *, visits: Visits, row: int, at: int, values: dict[str, Any]) -> None:
    values["instant_settlement"] = visits.session[row] % 4 > 0
    if visits.session[row] % 5 == 0:
        # To a bank account of his own instead of the card.
        del values["card"]
        values |= payee_values(today, payee=-1 - _OUTSIDERS * 2 - visits.who[row])
        values["withdrawal_method"] = "bank_account"
    event = today.recorder.record("withdrawal.requested", at=at, values=values, money=("amount",))
    today.perhaps_clear(event)
