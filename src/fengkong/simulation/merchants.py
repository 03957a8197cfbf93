"""Merchants: what they sell, where, at what prices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.instants import DAY_US
from fengkong.simulation.geography import cities
from fengkong.simulation.identities import entity_id
from fengkong.simulation.world_data import world_document

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_PER_CITY_MIN = 16
_TERMINALS_MAX = 4


@dataclass(frozen=True, slots=True)
class Merchants:
    """Merchants in columns: those with a counter first, city by city, then those online."""

    category: Ints
    city: Ints
    online: Flags
    latitude: Floats
    longitude: Floats
    price_log: Floats
    price_sigma: Floats
    since: Ints
    terminals: Ints
    visits_cumulative: Floats
    city_starts: Ints
    ids: tuple[str, ...]
    names: tuple[str, ...]
    terminal_ids: tuple[tuple[str, ...], ...]

    @property
    def online_start(self) -> int:
        """Where the merchants without a counter begin."""
        return int(self.city_starts[-1])

    def local(self, *, city: Ints, uniform: Floats) -> Ints:
        """A merchant with a counter in each city, the busy ones more often."""
        return self._between(
            first=self.city_starts[city], last=self.city_starts[city + 1], uniform=uniform
        )

    def remote(self, uniform: Floats) -> Ints:
        """An online merchant, the busy ones more often."""
        ends = np.full(len(uniform), len(self.category), dtype=np.int64)
        return self._between(
            first=np.full_like(ends, self.online_start), last=ends, uniform=uniform
        )

    def values(self, merchant: int) -> dict[str, Any]:
        """The merchant's side of a payment."""
        return {
            "merchant": self.ids[merchant],
            "merchant_name": self.names[merchant],
            "merchant_category": categories()[int(self.category[merchant])]["code"],
            "merchant_country": "CN",
            "merchant_place": (float(self.latitude[merchant]), float(self.longitude[merchant])),
            "merchant_since": int(self.since[merchant]),
        }

    def _between(self, *, first: Ints, last: Ints, uniform: Floats) -> Ints:
        edges = np.concatenate([[0.0], self.visits_cumulative])
        target = edges[first] + uniform * (edges[last] - edges[first])
        found = np.searchsorted(self.visits_cumulative, target, side="right")
        chosen: Ints = np.minimum(np.maximum(found, first), last - 1)
        return chosen


@cache
def categories() -> tuple[dict[str, Any], ...]:
    """The merchant categories as shipped."""
    return tuple(world_document("merchants")["categories"])


def category_index(name: str) -> int:
    """The position of a category by its name."""
    return next(i for i, entry in enumerate(categories()) if entry["name"] == name)


def merchant_name(*, number: int, category: int) -> str:
    """What customers see."""
    words = world_document("names")["merchant_words"]
    word = words[number * 7919 % len(words)]
    return f"{word}{categories()[category]['word']}{number % 9973:04d}"


def draw_merchants(dice: Generator, *, customers: int, start: int) -> Merchants:
    """Enough merchants for so many customers; every city has a full high street."""
    count = max(_PER_CITY_MIN * len(cities()), customers // 6)
    category, city, online = _draw_kinds(dice, count=count)
    order = np.lexsort((city, online))
    category, city, online = category[order], city[order], online[order]
    entries = categories()
    terminals = np.where(online, 1, dice.integers(1, _TERMINALS_MAX + 1, count))
    visits = np.array([entry["visits"] / entry["weight"] for entry in entries])[category]
    popularity = visits * dice.lognormal(0.0, 0.9, count)
    place = cities()
    return Merchants(
        category=category,
        city=city,
        online=online,
        latitude=np.round(place.latitudes[city] + dice.normal(0.0, 0.06, count), 5),
        longitude=np.round(place.longitudes[city] + dice.normal(0.0, 0.07, count), 5),
        price_log=np.log(np.array([entry["median"] for entry in entries])[category])
        + dice.normal(0.0, 0.3, count),
        price_sigma=np.array([entry["sigma"] for entry in entries])[category],
        since=start - dice.integers(3, 2200, count) * DAY_US,
        terminals=terminals,
        visits_cumulative=np.cumsum(popularity),
        city_starts=np.searchsorted(city[~online], np.arange(len(place) + 1)).astype(np.int64),
        ids=tuple(entity_id("merchant", number) for number in range(count)),
        names=tuple(merchant_name(number=n, category=int(c)) for n, c in enumerate(category)),
        terminal_ids=tuple(_terminals(n, many=int(many)) for n, many in enumerate(terminals)),
    )


def _draw_kinds(dice: Generator, *, count: int) -> tuple[Ints, Ints, Flags]:
    entries = categories()
    shares = np.array([entry["weight"] for entry in entries])
    category = dice.choice(len(entries), count, p=shares / shares.sum()).astype(np.int64)
    online = dice.random(count) < np.array([entry["online"] for entry in entries])[category]
    city = dice.choice(len(cities()), count, p=cities().shares).astype(np.int64)
    # The first merchants stand one after another in every city, so that none is empty.
    seats = min(count, 8 * len(cities()))
    city[:seats] = np.arange(seats) % len(cities())
    online[:seats] = False
    return category, city, online


def _terminals(merchant: int, *, many: int) -> tuple[str, ...]:
    return tuple(entity_id("terminal", merchant * 8 + k) for k in range(many))
