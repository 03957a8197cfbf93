"""The packs against small simulations: a broken rule shows as a scenario that escapes.

The bounds are loose: a few customers make figures that jump. docs/reference/packs.md has the
figures of larger simulations.
"""

from collections.abc import Mapping

import pytest
from pack_measurement import SIMULATED, Measurement, measure, shipped_policy

from fengkong.simulation.platform import Simulation

# (pack, scenario): the least share of its frauds that must be stopped.
LEAST = {
    ("payments", "card_testing"): 0.8,
    ("payments", "device_farm"): 0.5,
    ("payments", "bust_out_merchant"): 0.4,
    ("account_protection", "account_takeover"): 0.7,
    ("account_protection", "bonus_abuse"): 0.45,
    ("account_protection", "device_farm"): 0.4,
    ("transfers", "account_takeover"): 0.4,
    ("transfers", "mule_ring"): 0.6,
    ("transfers", "smurfing"): 0.5,
    ("loan_applications", "synthetic_identity_loan_stacking"): 0.6,
}
GOOD_STOPPED_MOST = {
    "payments": 0.01,
    "account_protection": 0.01,
    "transfers": 0.015,
    "loan_applications": 0.06,
}


@pytest.fixture(scope="module")
def measured() -> Mapping[str, Measurement]:
    # Together these two have some campaigns of every scenario after their first week.
    simulations = [Simulation(seed=seed, days=20, customers=1500) for seed in (14, 17)]
    policies = [shipped_policy(pack) for pack in SIMULATED]
    return measure(policies, simulations=simulations, skip_days=7)


@pytest.mark.parametrize("pack", SIMULATED)
def test_good_traffic_is_left_alone(pack: str, measured: Mapping[str, Measurement]) -> None:
    assert measured[pack].good.share <= GOOD_STOPPED_MOST[pack]


@pytest.mark.parametrize(("pack", "scenario"), LEAST)
def test_scenarios_are_caught(
    pack: str, scenario: str, measured: Mapping[str, Measurement]
) -> None:
    count = measured[pack].frauds[scenario]
    if count.events < 10:
        pytest.skip(f"only {count.events} frauds of {scenario} in these simulations")
    assert count.share >= LEAST[pack, scenario]
