"""Customers and their habits, in columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.instants import DAY_US
from fengkong.simulation.geography import cities
from fengkong.simulation.merchants import Merchants
from fengkong.simulation.seeds import Stream, generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FAVOURITES: Final = 8
PAYEES: Final = 6
PAYDAYS: Final = (5, 8, 10, 15, 20, 25, 28)
SYSTEMS: Final = ("android", "ios", "harmonyos")
MODELS: Final = (
    ("Redmi Note 13", "OPPO A3", "vivo Y200", "Xiaomi 14", "Honor 100", "OnePlus 12"),
    ("iPhone 13", "iPhone 14", "iPhone 15", "iPhone 15 Pro", "iPhone 16", "iPhone SE"),
    ("Mate 60", "Pura 70", "nova 12", "Mate X5", "Mate 70", "Pura 80"),
)
RISK_GRADES: Final = ("C1", "C2", "C3", "C4", "C5")
NEWCOMERS_PER_DAY: Final = 0.0012


@dataclass(frozen=True, slots=True)
class Customers:
    """One row per customer, those who register later behind those who were there."""

    city: Ints
    household: Ints
    shares_device: Flags
    home_latitude: Floats
    home_longitude: Floats
    age: Ints
    female: Flags
    income: Ints
    spending: Floats
    activity: Floats
    shift_hours: Floats
    payday: Ints
    employer: Ints
    cards: Ints
    credit: Flags
    since: Ints
    system: Ints
    model: Ints
    savings: Ints
    risk_grade: Ints
    borrows: Floats
    travels: Floats
    favourites: Ints
    payees: Ints

    def __len__(self) -> int:
        return len(self.city)


def draw_customers(
    *, seed: int, customers: int, days: int, start: int, merchants: Merchants
) -> tuple[Customers, Ints]:
    """Everyone who is or will be a customer, and how many are so on each day.

    Each day's newcomers have dice of their own: the first days are the same however many follow.
    """
    blocks = [
        _block(seed=seed, day=-1, size=customers, base=customers, merchants=merchants, start=start)
    ]
    counts = []
    for day in range(days):
        dice = generator(seed=seed, key=(Stream.CUSTOMERS, 1, day))
        size = int(dice.poisson(customers * NEWCOMERS_PER_DAY))
        if size:
            blocks.append(
                _block(
                    seed=seed, day=day, size=size, base=customers, merchants=merchants, start=start
                )
            )
        counts.append(sum(len(block) for block in blocks))
    together = {
        column.name: np.concatenate([getattr(block, column.name) for block in blocks])
        for column in fields(Customers)
    }
    return Customers(**together), np.array(counts, dtype=np.int64)


def _block(
    *, seed: int, day: int, size: int, base: int, merchants: Merchants, start: int
) -> Customers:
    dice = generator(seed=seed, key=(Stream.CUSTOMERS, 0, day + 1))
    place = cities()
    city = dice.choice(len(place), size, p=place.shares).astype(np.int64)
    # Neighbours in the table may live together: one home, one network, sometimes one phone.
    together = np.repeat(dice.random((size + 1) // 2) < 0.3, 2)[:size]
    first = np.arange(size) // 2 * 2
    city = np.where(together, city[first], city)
    age = np.clip(dice.gamma(6.0, 4.0, size) + 15.0, 18, 84).astype(np.int64)
    income = dice.lognormal(np.log(7200.0), 0.55, size)
    income = income * np.where(place.shares[city] > 0.05, 1.25, 1.0)
    latitude = place.latitudes[city] + dice.normal(0.0, 0.08, size)
    longitude = place.longitudes[city] + dice.normal(0.0, 0.09, size)
    house = np.where(together, first, np.arange(size))
    return Customers(
        city=city,
        household=(day + 1) * (1 << 22) + house,
        shares_device=together & (dice.random(size) < 0.25),
        home_latitude=np.round(latitude[house], 5),
        home_longitude=np.round(longitude[house], 5),
        age=age,
        female=dice.random(size) < 0.48,
        income=(income * 100).astype(np.int64) // 10_000 * 10_000 + 200_000,
        spending=(income / 7200.0) ** 0.6 * dice.lognormal(0.0, 0.25, size),
        activity=dice.gamma(1.6, 1 / 1.6, size) * np.clip(1.5 - age / 80.0, 0.4, 1.3) / 0.96,
        shift_hours=dice.normal(0.0, 1.0, size) + np.where(dice.random(size) < 0.07, 4.0, 0.0),
        payday=np.asarray(PAYDAYS)[dice.integers(0, len(PAYDAYS), size)],
        employer=dice.integers(0, max(4, base // 40), size),
        cards=np.minimum(dice.geometric(0.6, size), 4),
        credit=dice.random(size) < 0.45,
        since=_since(dice, size=size, day=day, start=start),
        system=dice.choice(3, size, p=(0.58, 0.24, 0.18)).astype(np.int64),
        model=dice.integers(0, 6, size),
        savings=_savings(dice, income=income),
        risk_grade=dice.choice(5, size, p=(0.12, 0.3, 0.33, 0.18, 0.07)).astype(np.int64),
        borrows=dice.gamma(0.5, 2.0, size) * np.where(income < 9000, 1.4, 0.6),
        travels=dice.gamma(0.7, 1 / 0.7, size),
        favourites=_favourites(dice, city=city, merchants=merchants),
        payees=_payees(dice, size=size, base=base),
    )


def _since(dice: Generator, *, size: int, day: int, start: int) -> Ints:
    # A few of those who are there already came within the last weeks.
    if day < 0:
        return start - (dice.beta(1.0, 1.6, size) * 2200 * DAY_US).astype(np.int64) - 1
    return start + day * DAY_US + (dice.random(size) * DAY_US).astype(np.int64)


def _savings(dice: Generator, *, income: Floats) -> Ints:
    amounts = income * dice.lognormal(0.6, 1.1, len(income))
    invests = dice.random(len(income)) < 0.45
    return np.where(invests, amounts * 100, 0).astype(np.int64) // 100 * 100


def _favourites(dice: Generator, *, city: Ints, merchants: Merchants) -> Ints:
    size = len(city)
    near = np.stack(
        [merchants.local(city=city, uniform=dice.random(size)) for _ in range(FAVOURITES - 3)]
    )
    far = np.stack([merchants.remote(dice.random(size)) for _ in range(3)])
    together = np.concatenate([near, far]).T
    return dice.permuted(together, axis=1).astype(np.int64)


def _payees(dice: Generator, *, size: int, base: int) -> Ints:
    """Other customers by their number; people elsewhere as negative numbers."""
    inside = dice.integers(0, base, (size, PAYEES))
    outside = -1 - dice.integers(0, base * 4, (size, PAYEES))
    return np.where(dice.random((size, PAYEES)) < 0.55, inside, outside).astype(np.int64)
