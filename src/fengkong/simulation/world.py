"""The world at the first instant: who is there, where they shop, what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fengkong.core.instants import DAY_US, MINUTE_US
from fengkong.simulation.customers import Customers, draw_customers
from fengkong.simulation.identities import entity_id
from fengkong.simulation.merchants import Merchants, draw_merchants
from fengkong.simulation.seeds import Stream, generator, mixed_64

Ints = npt.NDArray[np.int64]

CARDS_PER_CUSTOMER: Final = 8
DEVICES_PER_CUSTOMER: Final = 256
EMPLOYER_BASE: Final = 1 << 36
OUTSIDER_BASE: Final = 1 << 37
CAMPAIGN_BASE: Final = 1 << 39


@dataclass(frozen=True)
class World:
    """Customers and merchants of one simulation, and the identifiers they go by."""

    seed: int
    start: int
    days: int
    customers: Customers
    counts: Ints
    merchants: Merchants

    @cached_property
    def customer_ids(self) -> list[str]:
        """By customer number."""
        return [entity_id("customer", number) for number in range(len(self.customers))]

    @cached_property
    def account_ids(self) -> list[str]:
        """By customer number; one account each."""
        return [entity_id("account", number) for number in range(len(self.customers))]

    @cached_property
    def since(self) -> list[int]:
        """When each customer registered."""
        return [int(instant) for instant in self.customers.since]

    @cached_property
    def online_start(self) -> int:
        """The first merchant without a counter."""
        return self.merchants.online_start

    @cached_property
    def _shop_values(self) -> list[dict[str, Any]]:
        return [self.merchants.values(merchant) for merchant in range(len(self.merchants.ids))]

    def shop_values(self, merchant: int) -> dict[str, Any]:
        """The merchant's side of a payment; shared, to be copied."""
        return self._shop_values[merchant]

    def card_bound_at(self, who: int, *, slot: int) -> int:
        """When a customer bound a card: the first at once, the others later."""
        since = self.since[who]
        age = max(self.start - since, DAY_US)
        return since + (mixed_64(who, salt=slot + 31) % age if slot else 5 * MINUTE_US)

    def active(self, day: int) -> int:
        """How many customers there are on a day; days before the first count as the first."""
        return int(self.counts[max(day, 0)])

    def payee(self, number: int) -> tuple[str, str]:
        """Payee and account identifiers of a customer, or of an outsider (negative number)."""
        if number < 0:
            number = OUTSIDER_BASE - number
        elif number < len(self.customers):
            return entity_id("payee", number), self.account_ids[number]
        return entity_id("payee", number), entity_id("account", number)


def card_id(*, customer: int, slot: int) -> str:
    """The token of one of a customer's cards."""
    return entity_id("card", customer * CARDS_PER_CUSTOMER + slot)


def draw_world(*, seed: int, customers: int, days: int, start: int) -> World:
    """The world that a seed gives."""
    merchants = draw_merchants(
        generator(seed=seed, key=(Stream.MERCHANTS,)), customers=customers, start=start
    )
    people, counts = draw_customers(
        seed=seed, customers=customers, days=days, start=start, merchants=merchants
    )
    return World(
        seed=seed, start=start, days=days, customers=people, counts=counts, merchants=merchants
    )
