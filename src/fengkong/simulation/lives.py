"""What changes in customers' lives: phones, trips, money. Only the background moves it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.instants import DAY_US
from fengkong.simulation.calendar import Day
from fengkong.simulation.world import DEVICES_PER_CUSTOMER, World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_NEW_PHONE_PER_DAY = 1 / 650
_TRIP_PER_DAY = 0.011


class Lives:
    """The state of every customer at the start of the day being played."""

    def __init__(self, *, world: World, dice: Generator) -> None:
        people = world.customers
        size = len(people)
        self._world = world
        self.device_generation = np.zeros(size, dtype=np.int64)
        used = dice.random(size) * np.minimum(world.start - people.since, 700 * DAY_US)
        self.device_since = np.maximum(world.start - used.astype(np.int64), people.since)
        self.changed_phone = np.zeros(size, dtype=np.bool_)
        self.trip_until = np.full(size, -1, dtype=np.int64)
        self.trip_city = people.city.copy()
        self.balance = (people.income * dice.lognormal(0.0, 0.8, size)).astype(np.int64)
        self.savings = people.savings.copy()
        self.spent = np.zeros(size, dtype=np.int64)

    def begin_day(self, *, dice: Generator, day: Day) -> None:
        """Some buy a new phone, some leave for a trip, some are paid."""
        size = len(self.balance)
        people = self._world.customers
        self.changed_phone = dice.random(size) < _NEW_PHONE_PER_DAY
        self.device_generation += self.changed_phone
        self.device_since = np.where(
            self.changed_phone, day.start + 6 * 3600 * 10**6, self.device_since
        )
        leaves = dice.random(size) < _TRIP_PER_DAY * people.travels * day.travel
        leaves &= self.trip_until < day.index
        length = 1 + dice.geometric(0.35, size)
        goal = dice.integers(0, people.city.max() + 1, size)
        self.trip_until = np.where(leaves, day.index + length, self.trip_until)
        self.trip_city = np.where(leaves, goal, self.trip_city)
        self._settle(day)

    def away(self, *, who: Ints, day: int) -> Flags:
        """Who is on a trip."""
        away: Flags = self.trip_until[who] >= day
        return away

    def city(self, *, who: Ints, day: int) -> Ints:
        """Where each is today."""
        today: Ints = self._world.customers.city[who]
        away = self.away(who=who, day=day)
        city: Ints = np.where(away, self.trip_city[who], today)
        return city

    def device(self, *, who: Ints, second: Flags) -> Ints:
        """The number of each one's first or second device."""
        return who * DEVICES_PER_CUSTOMER + second * 64 + (self.device_generation[who] & 63)

    def spend(self, *, who: Ints, amounts: Ints) -> None:
        """Remember what left the accounts today."""
        np.add.at(self.spent, who, amounts)

    def _settle(self, day: Day) -> None:
        people = self._world.customers
        paid = np.where(people.payday == day.date.day, people.income, 0)
        low, high = people.income // 20, people.income * 8
        self.balance = np.clip(self.balance + paid - self.spent, low, high)
        self.spent[:] = 0
