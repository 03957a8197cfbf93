"""When campaigns begin, and which function plays which scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from zlib import crc32

from fengkong.simulation.agenda import Agenda
from fengkong.simulation.attacks.account_takeover import play_account_takeover
from fengkong.simulation.attacks.bonus_abuse import play_bonus_abuse
from fengkong.simulation.attacks.bust_out_merchant import play_bust_out_merchant
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.card_testing import play_card_testing
from fengkong.simulation.attacks.device_farm import play_device_farm
from fengkong.simulation.attacks.mule_ring import play_mule_ring
from fengkong.simulation.attacks.redemption_run import play_redemption_run
from fengkong.simulation.attacks.smurfing import play_smurfing
from fengkong.simulation.attacks.synthetic_identity_loan_stacking import (
    play_synthetic_identity_loan_stacking,
)
from fengkong.simulation.calendar import day_of
from fengkong.simulation.lives import Lives
from fengkong.simulation.recording import Recorder
from fengkong.simulation.scenarios import Scenario
from fengkong.simulation.seeds import Stream, generator
from fengkong.simulation.world import CAMPAIGN_BASE, World

Play = Callable[[Campaign], None]

PLAYS: Final[Mapping[str, Play]] = {
    "account_takeover": play_account_takeover,
    "bonus_abuse": play_bonus_abuse,
    "bust_out_merchant": play_bust_out_merchant,
    "card_testing": play_card_testing,
    "device_farm": play_device_farm,
    "mule_ring": play_mule_ring,
    "redemption_run": play_redemption_run,
    "smurfing": play_smurfing,
    "synthetic_identity_loan_stacking": play_synthetic_identity_loan_stacking,
}

_DAYS_BEFORE: Final = 4096
_CAMPAIGNS_PER_DAY_MAX: Final = 255


class Attackers:
    """All campaigns of the scenarios that are on; each has dice of its own."""

    def __init__(
        self,
        *,
        world: World,
        agenda: Agenda,
        lives: Lives,
        scenarios: Sequence[tuple[Scenario, Mapping[str, float]]],
    ) -> None:
        self._world = world
        self._agenda = agenda
        self._lives = lives
        self._scenarios = scenarios

    def play_before(self) -> None:
        """Campaigns that began before the first day and still act within the horizon."""
        for scenario, parameters in self._scenarios:
            for day in range(-scenario.lasts_days, 0):
                self._begin(scenario, parameters=parameters, day=day)

    def play(self, day: int) -> None:
        """Campaigns that begin on a day."""
        for scenario, parameters in self._scenarios:
            self._begin(scenario, parameters=parameters, day=day)

    def _begin(self, scenario: Scenario, *, parameters: Mapping[str, float], day: int) -> None:
        key = (Stream.SCENARIOS, crc32(scenario.name.encode()), day + _DAYS_BEFORE)
        dice = generator(seed=self._world.seed, key=key)
        mean = scenario.campaigns_per_1000 * self._world.active(day) / 1000
        # One campaign has its main phase on the first day, so that every run shows the scenario.
        many = int(dice.poisson(mean)) if day != -scenario.lead_days else 1 + int(mean / 2)
        for index in range(min(many, _CAMPAIGNS_PER_DAY_MAX)):
            PLAYS[scenario.name](
                self._campaign(scenario, parameters=parameters, day=day, index=index)
            )

    def _campaign(
        self, scenario: Scenario, *, parameters: Mapping[str, float], day: int, index: int
    ) -> Campaign:
        world, code = self._world, crc32(scenario.name.encode())
        place = sorted(PLAYS).index(scenario.name) + 1
        # 4 bits of scenario, 14 of day, 8 of campaign; the rest counts within the campaign.
        campaign = ((place << 14 | (day + _DAYS_BEFORE)) << 8) | index
        return Campaign(
            world=world,
            lives=self._lives,
            day=day_of(start=world.start, index=day),
            dice=generator(
                seed=world.seed,
                key=(Stream.SCENARIOS, code, day + _DAYS_BEFORE, index + 1),
            ),
            parameters=parameters,
            recorder=Recorder(
                agenda=self._agenda,
                seed=world.seed,
                base=(1 << 63) | campaign << 32,
                scenario=scenario.name,
            ),
            next_number=CAMPAIGN_BASE + (campaign << 12),
        )
