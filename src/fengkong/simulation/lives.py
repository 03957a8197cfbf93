"""What changes in customers' lives: phones, trips, money. Only the background moves it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation.calendar import Day
from fengkong.simulation.geography import cities
from fengkong.simulation.world import DEVICES_PER_CUSTOMER, World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_NEW_PHONE_PER_DAY = 1 / 650
_TRIP_PER_DAY = 0.011


class Lives:
    """The state of every customer at the start of the day being played."""

    def __init__(self, *, world: World, dice: Generator) -> None:
        people, size = world.customers, len(world.customers)
        self._world = world
        self.device_generation = np.zeros(size, dtype=np.int64)
        self.device_since = people.since.copy()
        self.changed_phone = np.zeros(size, dtype=np.bool_)
        self.trip_until = np.full(size, -1, dtype=np.int64)
        self.trip_city = people.city.copy()
        self.balance = people.income.copy()
        self.savings = people.savings.copy()
        self.spent = np.zeros(size, dtype=np.int64)
        # Dice only for those who are there on the first day: how many come later must not matter.
        present = slice(world.active(0))
        used = dice.random(world.active(0)) * 700 * DAY_US
        first_seen = world.start - used.astype(np.int64)
        self.device_since[present] = np.maximum(people.since[present], first_seen)
        spread = dice.lognormal(0.0, 0.8, world.active(0))
        self.balance[present] = (people.income[present] * spread).astype(np.int64)

    def begin_day(self, *, dice: Generator, day: Day) -> None:
        """Some buy a new phone, some leave for a trip, some are paid."""
        size = self._world.active(day.index)
        present, people = slice(size), self._world.customers
        changed = dice.random(size) < _NEW_PHONE_PER_DAY
        self.changed_phone[present] = changed
        self.device_generation[present] += changed
        self.device_since[present][changed] = day.start + 6 * HOUR_US
        leaves = dice.random(size) < _TRIP_PER_DAY * people.travels[present] * day.travel
        leaves &= self.trip_until[present] < day.index
        length = 1 + dice.geometric(0.35, size)
        goal = dice.integers(0, len(cities()), size)
        self.trip_until[present][leaves] = day.index + length[leaves]
        self.trip_city[present][leaves] = goal[leaves]
        self._settle(day)

    def away(self, *, who: Ints, day: int) -> Flags:
        """Who is on a trip."""
        away: Flags = self.trip_until[who] >= day
        return away

    def city(self, *, who: Ints, day: int) -> Ints:
        """Where each is today."""
        away = self.away(who=who, day=day)
        city: Ints = np.where(away, self.trip_city[who], self._world.customers.city[who])
        return city

    def device(self, *, who: Ints, second: Flags) -> Ints:
        """The number of each one's first or second device."""
        generation: Ints = self.device_generation[who] & 63
        return who * DEVICES_PER_CUSTOMER + second * 64 + generation

    def spend(self, *, who: Ints, amounts: Ints) -> None:
        """Remember what left the accounts today."""
        np.add.at(self.spent, who, amounts)

    def _settle(self, day: Day) -> None:
        people = self._world.customers
        paid = np.where(people.payday == day.date.day, people.income, 0)
        low, high = people.income // 20, people.income * 8
        self.balance = np.clip(self.balance + paid - self.spent, low, high)
        self.spent[:] = 0
