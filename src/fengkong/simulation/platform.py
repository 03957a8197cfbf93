"""The simulation: background and campaigns, played day by day into one stream of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, INSTANT_MAX, INSTANT_MIN, format_instant, parse_instant
from fengkong.simulation.agenda import Agenda, SimulatedEvent
from fengkong.simulation.attacks.schedule import Attackers
from fengkong.simulation.background.traffic import Background
from fengkong.simulation.calendar import starts_at_midnight
from fengkong.simulation.scenarios import InvalidScenarioParameterError, Scenario, chosen_scenarios
from fengkong.simulation.world import World, draw_world

START_DEFAULT: Final = parse_instant("2026-11-02T00:00:00+08:00")
"""A Monday, so that the first day has trading too."""
CUSTOMERS_DEFAULT: Final = 5_000
CUSTOMERS_MIN: Final = 20
CUSTOMERS_MAX: Final = 2_000_000
DAYS_MAX: Final = 3_660
SEED_MAX: Final = (1 << 63) - 1


class InvalidSimulationError(RiskError):
    """A simulation is asked for that cannot be played."""

    code = "simulation.invalid"
    hint = "Correct the option; --help shows the ranges."


class Simulation:
    """A seeded platform: the same arguments always give the same events.

    `scenarios` are names of shipped scenarios, `all` or `none`; `parameters` replaces values of a
    scenario's parameters by its name; `start` is a midnight in Shanghai. The background does not
    depend on the scenarios, and a shorter simulation is the beginning of a longer one.
    """

    def __init__(
        self,
        *,
        scenarios: Sequence[str] = ("all",),
        seed: int = 1,
        days: int = 1,
        customers: int = CUSTOMERS_DEFAULT,
        start: int = START_DEFAULT,
        parameters: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self.scenarios: tuple[Scenario, ...] = chosen_scenarios(scenarios)
        self.seed = _within(seed, low=0, high=SEED_MAX, name="seed")
        self.days = _within(days, low=1, high=DAYS_MAX, name="days")
        self.customers = _within(customers, low=CUSTOMERS_MIN, high=CUSTOMERS_MAX, name="customers")
        self.start = _checked_start(start, days=days)
        self.parameters = _effective(self.scenarios, overrides=parameters or {})

    def events(self) -> Iterator[SimulatedEvent]:
        """All events in order of time; each call plays the same simulation anew.

        Holds one day of events and the labels still to come, not the whole run.
        """
        world = self.world()
        agenda = Agenda(start=self.start, days=self.days)
        background = Background(world=world, agenda=agenda)
        attackers = Attackers(
            world=world,
            agenda=agenda,
            lives=background.lives,
            scenarios=[(scenario, self.parameters[scenario.name]) for scenario in self.scenarios],
        )
        attackers.play_before()
        for day in range(self.days):
            background.play(day)
            attackers.play(day)
            yield from agenda.take(day)

    def world(self) -> World:
        """The customers and merchants before the first event."""
        return draw_world(
            seed=self.seed, customers=self.customers, days=self.days, start=self.start
        )


def _within(value: int, *, low: int, high: int, name: str) -> int:
    if not low <= value <= high:
        raise InvalidSimulationError(
            f"{name} is {value}, expected {low} to {high}", path=f"$.{name}"
        )
    return value


def _checked_start(start: int, *, days: int) -> int:
    if not INSTANT_MIN + 4000 * DAY_US <= start <= INSTANT_MAX - (days + 500) * DAY_US:
        raise InvalidSimulationError("the start lies too near to the years 2000 or 2100",
                                     path="$.start")  # fmt: skip
    if not starts_at_midnight(start):
        raise InvalidSimulationError(
            f"{format_instant(start)} is not a midnight in Shanghai (16:00Z)", path="$.start"
        )
    return start


def _effective(
    scenarios: Sequence[Scenario], *, overrides: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    effective = {scenario.name: scenario.values(overrides.get(scenario.name, {}))
                 for scenario in scenarios}  # fmt: skip
    if unused := overrides.keys() - effective.keys():
        raise InvalidScenarioParameterError(
            f"parameters for {min(unused)[:64]!r}, which is not one of the scenarios chosen"
        )
    return effective
