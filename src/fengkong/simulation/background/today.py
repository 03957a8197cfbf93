"""One day of the background being played: the world, the lives, the dice and the pen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.instants import SECOND_US
from fengkong.events.event import Event
from fengkong.simulation.calendar import Day, times_of_day
from fengkong.simulation.delays import clearing_delay
from fengkong.simulation.lives import Lives
from fengkong.simulation.recording import Recorder
from fengkong.simulation.seeds import Stream, generator
from fengkong.simulation.visits import Visits, draw_visits
from fengkong.simulation.world import World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FALSE_ALARM: Final = 0.0006
"""Share of money events that a reviewer looks at and clears."""
_LOGIN_BEFORE_ACTION: Final = 0.7


@dataclass(frozen=True, slots=True)
class Today:
    """What every background activity is given."""

    world: World
    lives: Lives
    day: Day
    dice: Generator
    recorder: Recorder
    active: int

    def beside(self, stream: Stream) -> Today:
        """The same day with dice and ids of its own: what is played of it moves nothing else."""
        dice = generator(seed=self.world.seed, key=(stream, self.day.index))
        return replace(self, dice=dice, recorder=self.recorder.beside(stream))

    def choose(self, rates: Floats) -> Ints:
        """Who does something today and how often, from everyone's mean rate."""
        counts = self.dice.poisson(rates[: self.active])
        return np.repeat(np.arange(self.active), counts)

    def times(self, *, who: Ints, rhythm: str) -> Ints:
        """When they do it, each after a rhythm and their own habits."""
        shift = self.world.customers.shift_hours[who]
        uniform = self.dice.random(len(who))
        at = self.day.start + times_of_day(uniform=uniform, name=rhythm, shift_hours=shift)
        # Someone who registers today does nothing before.
        joined = self.world.customers.since[who]
        return np.where(at <= joined, joined + 60 * SECOND_US + at % (3600 * SECOND_US), at)

    def visits(self, *, who: Ints, rhythm: str) -> Visits:
        """Moments of customers at their phones."""
        return self.visits_at(who=who, at=self.times(who=who, rhythm=rhythm))

    def visits_at(self, *, who: Ints, at: Ints) -> Visits:
        """The same at given moments."""
        return draw_visits(
            dice=self.dice, world=self.world, lives=self.lives, day=self.day, who=who, at=at
        )

    def actions(self, visits: Visits) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
        """Row, customer, instant and common fields of in-app actions, most after a login."""
        uniform = self.dice.random(len(visits)).tolist()
        accounts, since = self.world.account_ids, self.world.since
        for row, (who, at) in enumerate(zip(visits.who, visits.at, strict=True)):
            values = visits.values(row)
            if uniform[row] < _LOGIN_BEFORE_ACTION:
                before = at - int((20 + 400 * uniform[row]) * SECOND_US)
                self.log_in(values=dict(values), visits=visits, row=row, at=before)
            values["account"] = accounts[who]
            values["customer_since"] = since[who]
            yield row, who, at, values

    def log_in(self, *, values: dict[str, Any], visits: Visits, row: int, at: int) -> None:
        """A successful login on the device of a visit."""
        values["succeeded"] = True
        values["device_first_seen_at"] = min(visits.device_since[row], at)
        values["authentication_method"] = ("face", "fingerprint", "password", "one_time_code")[
            visits.session[row] & 3
        ]
        if at > self.world.since[visits.who[row]]:
            self.recorder.record("login.attempted", at=at, values=values)

    def perhaps_clear(self, event: Event) -> None:
        """Now and then an honest event alarms somebody and is cleared."""
        if self.dice.random() < _FALSE_ALARM:
            self.recorder.label(
                event,
                kind="cleared",
                source="investigator",
                after=clearing_delay(self.dice),
                is_fraud=False,
            )
