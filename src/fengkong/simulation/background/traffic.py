"""The whole background: one call a day, the same whatever attacks are on."""

from __future__ import annotations

from typing import Final

from fengkong.simulation.agenda import Agenda
from fengkong.simulation.background.access import play_access
from fengkong.simulation.background.complaining import play_complaining
from fengkong.simulation.background.depositing import play_depositing
from fengkong.simulation.background.investing import play_investing
from fengkong.simulation.background.lending import Lending
from fengkong.simulation.background.moving import play_moving
from fengkong.simulation.background.spending import play_spending
from fengkong.simulation.background.today import Today
from fengkong.simulation.background.workouts import play_old_workouts
from fengkong.simulation.calendar import day_of
from fengkong.simulation.lives import Lives
from fengkong.simulation.recording import Recorder
from fengkong.simulation.seeds import Stream, generator
from fengkong.simulation.world import World

_DAY_BITS: Final = 40
_BEFORE: Final = (1 << 12) - 1
"""The number of what went before the first day, which no day has."""


class Background:
    """Honest customers; their dice are thrown per day and never by anyone else."""

    def __init__(self, *, world: World, agenda: Agenda) -> None:
        dice = generator(seed=world.seed, key=(Stream.BACKGROUND, 0))
        self._world = world
        self._agenda = agenda
        self.lives = Lives(world=world, dice=dice)
        self._lending = Lending(world=world, dice=dice)
        before = Recorder(agenda=agenda, seed=world.seed, base=_BEFORE << _DAY_BITS)
        play_old_workouts(before.beside(Stream.CREDIT), world=world)

    def play(self, index: int) -> None:
        """Put a day's events on the agenda."""
        world, day = self._world, day_of(start=self._world.start, index=index)
        self.lives.begin_day(
            dice=generator(seed=world.seed, key=(Stream.BACKGROUND, 1, index)), day=day
        )
        today = Today(
            world=world,
            lives=self.lives,
            day=day,
            dice=generator(seed=world.seed, key=(Stream.BACKGROUND, 2, index)),
            recorder=Recorder(agenda=self._agenda, seed=world.seed, base=index << _DAY_BITS),
            active=world.active(index),
        )
        play_spending(today)
        play_moving(today)
        play_access(today)
        play_investing(today.beside(Stream.INVESTING))
        self._lending.play(today)
        play_depositing(today.beside(Stream.DEPOSITS))
        play_complaining(today.beside(Stream.COMPLAINTS))
