"""Payments at merchants, and the refunds that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from fengkong.core.instants import DAY_US, HOUR_US, SECOND_US
from fengkong.events.event import Event
from fengkong.simulation.background.today import Today
from fengkong.simulation.calendar import times_of_day
from fengkong.simulation.customers import FAVOURITES
from fengkong.simulation.delays import chargeback_delay
from fengkong.simulation.identities import entity_id
from fengkong.simulation.merchants import categories
from fengkong.simulation.visits import Visits
from fengkong.simulation.world import card_id

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PAYMENTS_PER_DAY: Final = 2.3
_REFUNDED: Final = 0.012
_GUESTS: Final = 30
_PROMOTED: Final = 0.015
_DISPUTED: Final = 0.0002
_DECLINED: Final = 0.018
_DECLINES: Final = ("insufficient_funds", "insufficient_funds", "issuer_unavailable", "limit")
_REFUND_REASONS: Final = ("not_as_described", "cancelled", "not_received", "duplicate", "other")
_METHODS: Final = ("card", "balance", "qr_code", "direct_debit")
_ENTRY: Final = ("chip", "contactless", "qr_code")


@dataclass(frozen=True, slots=True)
class _Basket:
    """Payments of a day in columns."""

    merchant: list[int]
    amount: list[int]
    method: list[int]
    slot: list[int]
    terminal: list[int]
    entry: list[int]
    throw: list[float]


def play_spending(today: Today) -> None:
    """All payments of a day, their retries, refunds and disputes."""
    people, day = today.world.customers, today.day
    payday = people.payday == day.date.day
    rates = PAYMENTS_PER_DAY * people.activity * day.spending * (1.0 + 0.35 * payday)
    rates = rates * (1.12 if day.is_weekend else 0.95)
    who = today.choose(rates)
    merchant = _merchants(today, who=who)
    visits = today.visits_at(who=who, at=_times(today, who=who, merchant=merchant))
    basket = _basket(today, who=who, merchant=merchant)
    today.lives.spend(who=who, amounts=np.asarray(basket.amount, dtype=np.int64) // 3)
    for row in range(len(visits)):
        _pay(today, visits=visits, basket=basket, row=row)


def _merchants(today: Today, *, who: Ints) -> Ints:
    world, dice = today.world, today.dice
    shops, size = world.merchants, len(who)
    slot = np.minimum(dice.geometric(0.3, size) - 1, FAVOURITES - 1)
    favourite = world.customers.favourites[who, slot]
    city = today.lives.city(who=who, day=today.day.index)
    local = shops.local(city=city, uniform=dice.random(size))
    remote = shops.remote(dice.random(size))
    away = today.lives.away(who=who, day=today.day.index)
    throw = dice.random(size)
    usual = (throw < 0.7) & (shops.online[favourite] | ~away)
    return np.where(usual, favourite, np.where(throw < 0.88, local, remote))


def _times(today: Today, *, who: Ints, merchant: Ints) -> Ints:
    category = today.world.merchants.category[merchant]
    uniform = today.dice.random(len(who))
    shift = today.world.customers.shift_hours[who] * 0.7
    at = np.zeros(len(who), dtype=np.int64)
    for position, entry in enumerate(categories()):
        rows = category == position
        at[rows] = times_of_day(uniform=uniform[rows], name=entry["hours"], shift_hours=shift[rows])
    at += today.day.start
    joined = today.world.customers.since[who]
    return np.where(at <= joined, joined + HOUR_US // 4 + at % HOUR_US, at)


def _basket(today: Today, *, who: Ints, merchant: Ints) -> _Basket:
    people, shops, dice = today.world.customers, today.world.merchants, today.dice
    size = len(who)
    price = np.exp(shops.price_log[merchant] + shops.price_sigma[merchant] * dice.normal(size=size))
    amount = rounded_prices(price * people.spending[who] ** 0.7, uniform=dice.random(size))
    throw = dice.random(size)
    method = np.where(throw < 0.58, 0, np.where(throw < 0.8, 1, np.where(throw < 0.97, 2, 3)))
    slot = np.minimum(dice.geometric(0.75, size) - 1, people.cards[who] - 1)
    terminal = (dice.random(size) * shops.terminals[merchant]).astype(np.int64)
    return _Basket(
        merchant=merchant.tolist(),
        amount=amount.tolist(),
        method=method.tolist(),
        slot=slot.tolist(),
        terminal=terminal.tolist(),
        entry=dice.choice(3, size, p=(0.3, 0.4, 0.3)).tolist(),
        throw=dice.random(size).tolist(),
    )


def rounded_prices(price: Floats, *, uniform: Floats) -> Ints:
    """Minor units as shops write prices: whole, ending in 9, or to the cent."""
    fen = np.maximum(price * 100, 50)
    whole = np.maximum(np.round(fen / 100), 1) * 100
    nines = np.maximum(np.round(fen / 1000), 1) * 1000 - 10
    chosen = np.where(uniform < 0.4, whole, np.where(uniform < 0.6, nines, np.round(fen)))
    return chosen.astype(np.int64)


def _pay(today: Today, *, visits: Visits, basket: _Basket, row: int) -> None:
    values = _payment_values(today, visits=visits, basket=basket, row=row)
    throw = basket.throw[row]
    at = visits.at[row]
    declined = throw < _DECLINED
    if declined:
        values["authorised"] = False
        values["decline_reason"] = _DECLINES[visits.session[row] & 3]
    event = today.recorder.record("payment.initiated", at=at, values=values, money=("amount",))
    if not declined:
        _follow_up(today, event=event, throw=throw)
    elif throw < _DECLINED * 0.6:
        again = values | {"authorised": throw < _DECLINED * 0.4}
        if again["authorised"]:
            del again["decline_reason"]
        later = at + int((15 + throw * 4000) * SECOND_US)
        today.recorder.record("payment.initiated", at=later, values=again, money=("amount",))


def _payment_values(today: Today, *, visits: Visits, basket: _Basket, row: int) -> dict[str, Any]:
    world = today.world
    shops, merchant, who = world.merchants, basket.merchant[row], visits.who[row]
    values = dict(world.shop_values(merchant))
    if merchant >= world.online_start:
        values |= visits.values(row)
        values["authentication_method"] = "payment_password" if row % 3 else "face"
        values["order"] = entity_id("order", visits.session[row] ^ 1)
    else:
        values["customer"] = visits.customer_ids[who]
        values["channel"] = "terminal"
        values["terminal"] = shops.terminal_ids[merchant][basket.terminal[row]]
        values["entry_mode"] = _ENTRY[basket.entry[row]]
        values["place"] = values["merchant_place"]
    values |= {
        "account": world.account_ids[who],
        "customer_since": world.since[who],
        "amount": basket.amount[row],
        "payment_method": _METHODS[basket.method[row]],
        "authorised": True,
    }
    if basket.method[row] == 0:
        slot = basket.slot[row]
        values["card"] = card_id(customer=who, slot=slot)
        values["card_kind"] = "credit" if world.customers.credit[who] and slot == 0 else "debit"
        values["card_present"] = merchant < world.online_start
        values["card_country"] = "CN"
        if merchant >= world.online_start:
            values["card_bound_at"] = world.card_bound_at(who, slot=slot)
            if visits.session[row] % _GUESTS == 0:
                # A guest checkout: the card is known, the customer is not.
                for name in ("customer", "account", "customer_since"):
                    del values[name]
    if 0.5 < basket.throw[row] < 0.5 + _PROMOTED:
        values |= {"promotion": "welcome_10", "bonus_amount": 500 + 500 * basket.entry[row]}
    return values


def _follow_up(today: Today, *, event: Event, throw: float) -> None:
    today.perhaps_clear(event)
    if throw > 1.0 - _REFUNDED:
        _refund(today, event=event)
    elif throw > 1.0 - _REFUNDED - _DISPUTED:
        # A customer disputes what he bought: the label says fraud, the truth says none.
        today.recorder.label(
            event,
            kind="chargeback",
            source="issuer",
            after=chargeback_delay(today.dice),
            is_fraud=True,
        )


def _refund(today: Today, *, event: Event) -> None:
    paid, dice = event.values, today.dice
    names = ("customer", "account", "card", "merchant", "merchant_category", "device", "ip")
    values = {name: paid[name] for name in names if name in paid}
    share = 1.0 if dice.random() < 0.8 else 0.3 + 0.6 * dice.random()
    values["amount"] = max(int(cast("int", paid["amount"]) * share), 1)
    values["original_event"] = event.id
    values["refund_reason"] = _REFUND_REASONS[int(dice.integers(0, len(_REFUND_REASONS)))]
    values["order"] = entity_id("order", int(dice.integers(0, 1 << 40)))
    after = int(dice.gamma(1.5, 2.0) * DAY_US) + HOUR_US // 2
    today.recorder.record(
        "refund.requested", at=event.occurred_at + after, values=values, money=("amount",)
    )
