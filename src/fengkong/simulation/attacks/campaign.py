"""One campaign of an attack: its dice, its pen, and the world it works in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from fengkong.events.event import Event
from fengkong.simulation import delays, networks
from fengkong.simulation.attacks.equipment import Handset, Persona
from fengkong.simulation.calendar import Day, times_of_day
from fengkong.simulation.geography import cities
from fengkong.simulation.grievances import perhaps_complain
from fengkong.simulation.identities import entity_id, full_name
from fengkong.simulation.lives import Lives
from fengkong.simulation.merchants import categories
from fengkong.simulation.recording import Recorder
from fengkong.simulation.seeds import Stream
from fengkong.simulation.visits import draw_visits
from fengkong.simulation.world import World

T = TypeVar("T")

MONEY_FIELDS: Final = frozenset(
    {"amount", "loan_amount", "bonus_amount", "account_balance_before", "stated_income"}
)

_COMPLAINS: Final = 0.15
"""Share of those who dispute a payment or report a fraud that complain as well."""
_UNTOUCHED: Final[dict[str, Any]] = {"emulator": False, "rooted": False, "gps_mocked": False}
_UNWATCHED: Final[dict[str, Any]] = {
    "call_in_progress": False,
    "screen_shared": False,
    "remote_controlled": False,
}


@dataclass(slots=True)
class Campaign:
    """What a scenario's function is given; it only reads the world and the lives."""

    world: World
    lives: Lives
    day: Day
    dice: Generator
    parameters: Mapping[str, float]
    recorder: Recorder
    next_number: int

    def number(self) -> int:
        """A number for something that only this campaign knows."""
        self.next_number += 1
        return self.next_number

    def session(self) -> int:
        """A number for a session."""
        return int(self.dice.integers(0, 1 << 40))

    def many(self, parameter: str) -> int:
        """Roughly as many as a parameter says, at least one."""
        spread = self.dice.normal(1.0, 0.2)
        return max(1, round(self.parameters[parameter] * max(spread, 0.3)))

    def chance(self, parameter: str) -> bool:
        """Whether something happens that a parameter gives the share of."""
        return bool(self.dice.random() < self.parameters[parameter])

    def throw(self, share: float) -> bool:
        """Whether something of this probability happens."""
        return bool(self.dice.random() < share)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.dice.integers(0, len(options)))]

    def moment(self, *, rhythm: str = "app", day: float = 0.0) -> int:
        """An instant of the campaign's day, or of a later (earlier) one, after a rhythm."""
        uniform = np.array([self.dice.random()])
        within = int(times_of_day(uniform=uniform, name=rhythm)[0])
        return self.day.start + int(day) * DAY_US + within

    def pause(self, median: float, *, unit: int = MINUTE_US, spread: float = 0.6) -> int:
        """A waiting time with this median, at least three seconds."""
        return max(3 * SECOND_US, int(self.dice.lognormal(math.log(median), spread) * unit))

    def yuan(self, median: float, *, spread: float = 0.5, whole: float = 0.5) -> int:
        """An amount in minor units; a share `whole` of them without cents."""
        fen = max(10, round(self.dice.lognormal(math.log(median), spread) * 100))
        return max(100, fen // 100 * 100) if self.throw(whole) else fen

    def victims(self, many: int) -> list[int]:
        """Different honest customers."""
        active = self.world.active(self.day.index)
        chosen = self.dice.choice(active, min(many, active), replace=False)
        return [int(who) for who in chosen]

    def handset(self, *, at: int, city: int | None = None, kind: int = 0) -> Handset:
        """A device unknown to the platform, at home, on mobile data, or behind a proxy."""
        towns = cities()
        where = int(self.dice.choice(len(towns), p=towns.shares)) if city is None else city
        jitter = self.dice.normal(0.0, 0.06, 2)
        return Handset(
            device=self.number(),
            system=0 if self.throw(0.75) else int(self.dice.integers(0, 3)),
            model=int(self.dice.integers(0, 6)),
            ip=self.address(kind=kind, city=where),
            ip_kind=networks.RESIDENTIAL if kind == networks.PROXY else kind,
            city=where,
            place=(
                round(float(towns.latitudes[where] + jitter[0]), 5),
                round(float(towns.longitudes[where] + jitter[1]), 5),
            ),
            first_seen_at=at,
        )

    def address(self, *, kind: int, city: int) -> int:
        """An address of a kind; residential proxies look like any other home."""
        column = np.array([city])
        if kind == networks.MOBILE:
            gateways = max(2, min(900, self.world.active(0) // 250))
            return int(networks.mobile_addresses(city=column, gateway=self._one(gateways))[0])
        if kind == networks.HOSTING:
            return networks.hosting_address(int(self.dice.integers(0, 1 << 20)))
        household = self._one(1 << 30)
        return int(networks.home_addresses(city=column, household=household, lease=household)[0])

    def _one(self, high: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        return self.dice.integers(0, high, 1)

    def persona(self, *, at: int, city: int, young: float = 24.0) -> Persona:
        """An identity to open an account with."""
        return Persona(
            number=self.number(),
            city=city,
            age=int(np.clip(self.dice.normal(young + 4, 6.0), 18, 60)),
            female=self.throw(0.4),
            registered_at=at,
        )

    def register(
        self, persona: Persona, *, handset: Handset, facts: Mapping[str, Any] | None = None
    ) -> Event:
        """The persona opens its account; the app reports the device."""
        values = handset.values(session=self.session()) | persona.form(year=self.day.date.year)
        values["customer"] = entity_id("customer", persona.number)
        values["face_similarity"] = round(0.82 + 0.17 * self.dice.random(), 3)
        values["form_seconds"] = round(18.0 + 120.0 * self.dice.random() ** 2, 1)
        values |= facts or {}
        return self.record("customer.registered", at=persona.registered_at, values=values)

    def log_in(
        self, customer: str, *, handset: Handset, at: int, facts: Mapping[str, Any] | None = None
    ) -> Event:
        """A login attempt, successful unless the facts say otherwise."""
        values = handset.values(session=self.session()) | {
            "customer": customer,
            "succeeded": True,
            "device_first_seen_at": min(handset.first_seen_at, at),
            "authentication_method": "password",
        }
        return self.record("login.attempted", at=at, values=values | dict(facts or {}))

    def own_visit(self, who: int, *, at: int) -> dict[str, Any]:
        """Fields of an event that an honest customer makes on his own phone."""
        day = Day(
            index=max((at - self.world.start) // DAY_US, 0),
            start=self.world.start + (at - self.world.start) // DAY_US * DAY_US,
            date=self.day.date,
            spending=1.0,
            gifts=1.0,
            travel=1.0,
        )
        visits = draw_visits(
            dice=self.dice, world=self.world, lives=self.lives, day=day,
            who=np.array([who]), at=np.array([at]),
        )  # fmt: skip
        return visits.values(0)

    def payer(self, who: int) -> dict[str, Any]:
        """How money events name an honest customer."""
        return {
            "customer": self.world.customer_ids[who],
            "account": self.world.account_ids[who],
            "customer_since": self.world.since[who],
        }

    def payee(self, number: int, *, added_at: int | None = None) -> dict[str, Any]:
        """Who receives a transfer; by default somebody the sender never saved."""
        name, account = self.world.payee(number)
        values = {
            "payee": name,
            "payee_account": account,
            "payee_name": full_name(abs(number)),
            "payee_bank": "platform" if number >= 0 else self.pick(("102", "103", "105", "308")),
            "payee_saved": added_at is not None,
        }
        return values if added_at is None else values | {"payee_added_at": added_at}

    def outsider(self) -> int:
        """A payee away from the platform."""
        return -1 - int(self.dice.integers(1 << 31, 1 << 32))

    def shop(self, *names: str) -> dict[str, Any]:
        """The merchant's side of a payment at a known online merchant of one of the categories."""
        shops = self.world.merchants
        wanted = [i for i, entry in enumerate(categories()) if entry["name"] in names]
        online = np.arange(shops.online_start, len(shops.category))
        fitting = online[np.isin(shops.category[online], wanted)]
        merchant = self.pick((fitting if len(fitting) else online).tolist())
        return dict(self.world.shop_values(merchant))

    def record(self, kind: str, *, at: int, values: dict[str, Any], honest: bool = False) -> Event:
        """One event of the attack; `honest` for what merely prepares or hides it."""
        values = self._usual(kind, at=at, values=values) | values
        if kind == "withdrawal.requested":
            # Withdrawals have no list of saved payees.
            values.pop("payee_saved", None)
        return self.recorder.record(
            kind,
            at=at,
            values=values,
            money=sorted(MONEY_FIELDS & values.keys()),
            is_fraud=not honest,
        )

    def _usual(self, kind: str, *, at: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the platform records of every such event, so that no field gives an attack away."""
        usual: dict[str, Any] = {}
        if kind == "device.reported":
            usual = _UNWATCHED | _UNTOUCHED
            usual["battery_level"] = round(0.05 + 0.95 * self.dice.random(), 2)
            usual["typing_interval_ms"] = round(90.0 + 260.0 * self.dice.random(), 1)
            return usual | {"device_first_seen_at": at}
        if kind in ("transfer.initiated", "withdrawal.requested"):
            return _UNWATCHED | {"authentication_method": "payment_password"}
        if kind == "payment.initiated":
            usual = {"authorised": True, "authentication_method": "payment_password"}
            usual |= {"order": entity_id("order", self.session())}
            if "card" in values:
                usual |= {"card_country": "CN", "card_present": False, "card_kind": "debit"}
                usual["card_bound_at"] = values.get("customer_since", at - 20 * SECOND_US)
            return usual
        return {}

    def complained(self, event: Event, *, subject: str, chance: float) -> None:
        """Perhaps whom the event hurt complains of it; that moves nothing else."""
        recorder = self.recorder.beside(Stream.COMPLAINTS)
        perhaps_complain(
            recorder, seed=self.world.seed, event=event, subject=subject, chance=chance
        )

    def charged_back(self, event: Event) -> None:
        """The card's holder disputes the payment."""
        self.recorder.label(
            event, kind="chargeback", source="issuer", is_fraud=True,
            after=delays.chargeback_delay(self.dice),
        )  # fmt: skip
        self.complained(event, subject="unauthorised", chance=_COMPLAINS)

    def reported(self, event: Event) -> None:
        """The victim reports it."""
        self.recorder.label(
            event, kind="fraud", source="customer", is_fraud=True,
            after=delays.customer_report_delay(self.dice),
        )  # fmt: skip
        self.complained(event, subject="unauthorised", chance=_COMPLAINS)

    def investigated(self, event: Event, *, after: int) -> None:
        """An investigator finds out, and names the scenario."""
        self.recorder.label(
            event, kind="fraud", source="investigator", is_fraud=True, after=after,
            facts={"scenario": self.recorder.scenario},
        )  # fmt: skip

    def investigation(self) -> int:
        """When an investigation of this campaign ends, counted from an event."""
        return delays.investigation_delay(self.dice)


def hours(number: float) -> int:
    """Microseconds of hours."""
    return int(number * HOUR_US)
