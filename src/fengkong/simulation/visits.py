"""A customer at a moment: device, network and place, drawn for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation import networks
from fengkong.simulation.calendar import Day
from fengkong.simulation.customers import MODELS, SYSTEMS
from fengkong.simulation.geography import cities
from fengkong.simulation.identities import entity_id
from fengkong.simulation.lives import Lives
from fengkong.simulation.world import World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_LEASE_DAYS: Final = 23
_MINI_PROGRAM: Final = 1
_CHANNELS: Final = ("app", "mini_program", "web")


@dataclass(frozen=True, slots=True)
class Visits:
    """Columns of moments, as plain lists ready to be read one by one."""

    who: list[int]
    at: list[int]
    device: list[int]
    device_since: list[int]
    ip: list[int]
    ip_kind: list[int]
    city: list[int]
    latitude: list[float]
    longitude: list[float]
    channel: list[int]
    system: list[int]
    model: list[int]
    session: list[int]
    customer_ids: list[str]

    def __len__(self) -> int:
        return len(self.who)

    def values(self, row: int) -> dict[str, Any]:
        """The fields that every online event of this moment carries."""
        system = self.system[row]
        return {
            "customer": self.customer_ids[self.who[row]],
            "device": entity_id("device", self.device[row]),
            "device_model": MODELS[system][self.model[row]],
            "operating_system": SYSTEMS[system],
            "ip": networks.address_text(self.ip[row]),
            "ip_kind": networks.KINDS[self.ip_kind[row]],
            "ip_country": "CN",
            "session": entity_id("session", self.session[row]),
            "channel": _CHANNELS[self.channel[row]],
            "country": "CN",
            "city": cities().names_en[self.city[row]],
            "place": (self.latitude[row], self.longitude[row]),
        }


def draw_visits(
    *, dice: Generator, world: World, lives: Lives, day: Day, who: Ints, at: Ints
) -> Visits:
    """Where and with what each customer is at each moment of a day."""
    people = world.customers
    owner, second = _devices(dice, people=world, who=who)
    city = lives.city(who=who, day=day.index)
    kind, ip = _networks(dice, world=world, lives=lives, day=day, who=who, at=at, city=city)
    latitude, longitude = _places(dice, world=world, lives=lives, day=day, who=who, city=city)
    size = len(who)
    return Visits(
        who=who.tolist(),
        at=at.tolist(),
        device=lives.device(who=owner, second=second).tolist(),
        device_since=lives.device_since[owner].tolist(),
        ip=ip.tolist(),
        ip_kind=kind.tolist(),
        city=city.tolist(),
        latitude=latitude.tolist(),
        longitude=longitude.tolist(),
        channel=dice.choice(3, size, p=(0.78, 0.15, 0.07)).tolist(),
        system=people.system[owner].tolist(),
        model=((people.model[owner] + lives.device_generation[owner] + second) % 6).tolist(),
        session=dice.integers(0, 1 << 40, size).tolist(),
        customer_ids=world.customer_ids,
    )


def _devices(dice: Generator, *, people: World, who: Ints) -> tuple[Ints, Flags]:
    columns = people.customers
    following = np.minimum(who + 1, len(columns) - 1)
    same_home = columns.household[following] == columns.household[who]
    partner = np.where(same_home, following, np.maximum(who - 1, 0))
    borrows = columns.shares_device[who] & (dice.random(len(who)) < 0.3)
    borrows &= columns.household[partner] == columns.household[who]
    owner = np.where(borrows, partner, who)
    second = (owner % 5 == 0) & (dice.random(len(who)) < 0.22)
    return owner, second


def _networks(
    dice: Generator, *, world: World, lives: Lives, day: Day, who: Ints, at: Ints, city: Ints
) -> tuple[Ints, Ints]:
    people = world.customers
    hour = (at - day.start) % DAY_US // HOUR_US
    throw = dice.random(len(who))
    working = (hour >= 9) & (hour < 18) & (not day.is_weekend) & (people.age[who] < 60)
    kind = np.where(throw < 0.62, networks.RESIDENTIAL, networks.MOBILE)
    kind = np.where(working, np.where(throw < 0.5, networks.BUSINESS, networks.MOBILE), kind)
    kind = np.where(
        lives.away(who=who, day=day.index) & (throw < 0.8), networks.MOBILE, kind
    ).astype(np.int64)
    household = people.household[who]
    home = networks.home_addresses(
        city=city, household=household, lease=(day.index + 400 + household % _LEASE_DAYS)
        // _LEASE_DAYS,
    )  # fmt: skip
    gateways = max(2, min(900, world.active(0) // 250))
    mobile = networks.mobile_addresses(city=city, gateway=dice.integers(0, gateways, len(who)))
    office = networks.office_addresses(people.employer[who])
    address = np.where(kind == networks.RESIDENTIAL, home, mobile)
    return kind, np.where(kind == networks.BUSINESS, office, address)


def _places(
    dice: Generator, *, world: World, lives: Lives, day: Day, who: Ints, city: Ints
) -> tuple[Floats, Floats]:
    people, towns = world.customers, cities()
    away = lives.away(who=who, day=day.index)
    near: Floats = np.where(dice.random(len(who)) < 0.6, 0.0004, 0.04)
    latitude: Floats = np.where(away, towns.latitudes[city], people.home_latitude[who])
    longitude: Floats = np.where(away, towns.longitudes[city], people.home_longitude[who])
    latitude = latitude + dice.normal(0.0, 1.0, len(who)) * near
    longitude = longitude + dice.normal(0.0, 1.0, len(who)) * near
    return np.round(latitude, 5), np.round(longitude, 5)
