"""Each scenario leaves its signature, part of it is hard to see, and labels come late."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from statistics import median
from typing import Any

import pytest

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation.agenda import Agenda, SimulatedEvent
from fengkong.simulation.attacks.schedule import PLAYS, Attackers
from fengkong.simulation.background.lending import Lending
from fengkong.simulation.background.today import Today
from fengkong.simulation.calendar import day_of
from fengkong.simulation.lives import Lives
from fengkong.simulation.platform import START_DEFAULT, Simulation
from fengkong.simulation.recording import Recorder
from fengkong.simulation.scenarios import chosen_scenarios, shipped_scenarios
from fengkong.simulation.seeds import generator
from fengkong.simulation.world import draw_world

SEEDS = (1, 2, 3)


@cache
def attack(name: str, *, days: int = 30, seed: int = 1) -> tuple[SimulatedEvent, ...]:
    """One scenario without the background, which it does not depend on but for balances."""
    world = draw_world(seed=seed, customers=1500, days=days, start=START_DEFAULT)
    agenda = Agenda(start=world.start, days=days)
    lives = Lives(world=world, dice=generator(seed=seed, key=(0,)))
    scenario = shipped_scenarios()[name]
    attackers = Attackers(
        world=world, agenda=agenda, lives=lives, scenarios=[(scenario, scenario.values({}))]
    )
    attackers.play_before()
    for day in range(days):
        attackers.play(day)
    return tuple(item for day in range(days) for item in agenda.take(day))


def frauds(name: str, kind: str) -> list[dict[str, Any]]:
    """Values of a scenario's fraudulent events of one type, over a few seeds."""
    return [
        item.event.values
        for seed in SEEDS
        for item in attack(name, days=4, seed=seed)
        if item.is_fraud and item.event.type == kind
    ]


def groups(values: Iterable[dict[str, Any]], *, by: str, of: str) -> list[int]:
    """How many different `of` each `by` has."""
    found = defaultdict(set)
    for entry in values:
        if by in entry and of in entry:
            found[entry[by]].add(entry[of])
    return sorted((len(members) for members in found.values()), reverse=True)


def test_every_declared_scenario_can_be_played_and_every_play_is_declared():
    assert set(shipped_scenarios()) == set(PLAYS)


def test_all_none_and_repeated_names():
    assert [s.name for s in chosen_scenarios(["all", "smurfing"])] == sorted(PLAYS)
    assert chosen_scenarios(["none"]) == ()
    assert [s.name for s in chosen_scenarios(["smurfing", "smurfing", "none"])] == ["smurfing"]


@pytest.mark.parametrize("name", sorted(PLAYS))
def test_a_scenario_speaks_both_languages_and_acts_on_the_first_day(name: str):
    scenario = shipped_scenarios()[name]
    texts = (scenario.title, scenario.description, *(p.title for p in scenario.parameters.values()))
    assert all(text.zh and text.en and text.zh != text.en for text in texts)
    assert bool(scenario.techniques) == scenario.is_fraud
    first_day = attack(name, days=1)
    assert len(first_day) >= 3
    assert any(item.is_fraud for item in first_day) == scenario.is_fraud


def test_card_testing_is_many_cards_and_small_amounts_on_few_devices():
    payments = frauds("card_testing", "payment.initiated")
    assert groups(payments, by="device", of="card")[0] >= 10
    assert median(entry["amount"] for entry in payments) <= 2_000
    declined = sum(not entry["authorised"] for entry in payments) / len(payments)
    assert 0.25 <= declined <= 0.55


def test_account_takeover_fails_often_and_then_moves_money_to_unknown_payees():
    logins = frauds("account_takeover", "login.attempted")
    assert sum(not entry["succeeded"] for entry in logins) > len(logins) * 0.6
    transfers = frauds("account_takeover", "transfer.initiated")
    assert transfers
    assert not any(entry["payee_saved"] for entry in transfers)


def test_mules_receive_from_several_and_pass_on_from_the_same_account():
    transfers = frauds("mule_ring", "transfer.initiated")
    assert groups(transfers, by="payee_account", of="customer")[0] >= 3
    received = {entry["payee_account"] for entry in transfers}
    sent = {entry["account"] for entry in transfers}
    assert received & sent


def test_a_device_farm_is_many_customers_on_one_device():
    registrations = frauds("device_farm", "customer.registered")
    assert groups(registrations, by="device", of="customer")[0] >= 4
    assert len({entry["device"] for entry in registrations}) > len(SEEDS) * 3


def test_synthetic_identities_apply_again_and_again_and_share_details():
    applications = [
        item.event.values
        for item in attack("synthetic_identity_loan_stacking", days=8)
        if item.event.type == "loan.applied"
    ]
    assert groups(applications, by="customer", of="application")[0] >= 3
    shared = groups(applications, by="contact_phone", of="customer")[0]
    assert shared >= 2 or groups(applications, by="employer_phone", of="customer")[0] >= 2


def test_a_bust_out_merchant_first_looks_honest_and_then_takes_much_more():
    amounts: dict[bool, list[int]] = {True: [], False: []}
    for item in attack("bust_out_merchant", days=30, seed=2):
        if item.event.type == "payment.initiated":
            amounts[item.is_fraud].append(item.event.values["amount"])
    assert len(amounts[False]) >= 5
    assert median(amounts[True]) > 2 * median(amounts[False])


def test_bonus_accounts_come_from_one_inviter_and_end_at_one_payee():
    registrations = frauds("bonus_abuse", "customer.registered")
    assert groups(registrations, by="referrer", of="customer")[0] >= 8
    withdrawals = frauds("bonus_abuse", "withdrawal.requested")
    assert groups(withdrawals, by="payee", of="customer")[0] >= 4


def test_smurfs_stay_below_the_threshold():
    transfers = frauds("smurfing", "transfer.initiated")
    sent = [entry["amount"] for entry in transfers if entry["payee_bank"] == "platform"]
    assert sent
    assert max(sent) < 5_000_000
    assert groups(transfers, by="payee", of="customer")[0] >= 3


def test_a_run_is_redemptions_by_many_and_no_fraud():
    items = attack("redemption_run", days=3)
    kinds = Counter(item.event.type for item in items)
    redeemers = {
        item.event.values["customer"] for item in items if item.event.type == "fund.redeemed"
    }
    assert len(redeemers) == kinds["fund.redeemed"] >= 3
    assert not any(item.is_fraud for item in items)


def test_parameters_change_an_attack():
    few = Simulation(
        scenarios=("card_testing",), days=1, customers=50, seed=3,
        parameters={"card_testing": {"cards": 5, "cash_out_share": 0}},
    )  # fmt: skip
    cards = {
        item.event.values["card"]
        for item in few.events()
        if item.scenario == "card_testing" and "card" in item.event.values
    }
    assert 1 <= len(cards) <= 10


@cache
def long_run() -> tuple[SimulatedEvent, ...]:
    simulation = Simulation(scenarios=("all",), seed=4, days=40, customers=150)
    return tuple(simulation.events())


def test_labels_follow_their_events_and_never_label_a_label():
    seen: dict[str, SimulatedEvent] = {}
    labels = 0
    for item in long_run():
        judged = item.event.values.get("event")
        if item.event.type == "label.confirmed":
            labels += 1
            assert not item.is_fraud
        if item.event.type == "label.confirmed" and judged is not None:
            target = seen[str(judged)]
            assert target.event.type != "label.confirmed"
            assert target.event.occurred_at + HOUR_US // 6 <= item.event.occurred_at
            assert target.scenario == item.scenario
        seen[item.event.id] = item
    assert labels > 50


def test_chargebacks_take_weeks_and_customers_report_within_days():
    delays = defaultdict(list)
    at = {item.event.id: item.event.occurred_at for item in long_run()}
    for item in long_run():
        values = item.event.values
        if item.event.type == "label.confirmed" and "event" in values:
            delay = (item.event.occurred_at - at[str(values["event"])]) / DAY_US
            delays[values["label_source"]].append(delay)
    assert 7 <= median(delays["issuer"]) <= 30
    assert min(delays["issuer"]) >= 3
    assert median(delays["customer"]) <= 3
    assert 2 <= median(delays["investigator"]) <= 25


def test_some_fraud_is_never_reported_and_some_alarms_are_cleared():
    labelled = {
        str(item.event.values["event"])
        for item in long_run()
        if item.event.type == "label.confirmed" and "event" in item.event.values
    }
    early = [item for item in long_run()[: len(long_run()) // 3] if item.is_fraud]
    unlabelled = [item for item in early if item.event.id not in labelled]
    assert 0.2 <= len(unlabelled) / len(early) <= 0.9
    background = [item for item in long_run() if item.scenario is None]
    kinds = Counter(
        item.event.values["label_kind"]
        for item in background
        if item.event.type == "label.confirmed"
    )
    assert kinds["cleared"] > 0


def test_some_honest_borrowers_default_a_month_after_they_stop_paying():
    world = draw_world(seed=1, customers=4000, days=40, start=START_DEFAULT)
    agenda = Agenda(start=world.start, days=40)
    dice = generator(seed=1, key=(1,))
    lives, recorder = Lives(world=world, dice=dice), Recorder(agenda=agenda, seed=1, base=0)
    lending = Lending(world=world, dice=dice)
    for index in range(40):
        day = day_of(start=world.start, index=index)
        lending.play(
            Today(world=world, lives=lives, day=day, dice=dice, recorder=recorder,
                  active=world.active(index))
        )  # fmt: skip
    items = [item.event for index in range(40) for item in agenda.take(index)]
    defaults = [item for item in items if item.values.get("label_kind") == "default"]
    assert defaults
    assert min(item.occurred_at for item in defaults) > world.start + 31 * DAY_US
    assert not any(item.values["is_fraud"] for item in defaults)
    kinds = Counter(item.type for item in items)
    assert kinds["loan.applied"] > kinds["loan.drawn"] > 100
    assert kinds["loan.repaid"] > 300


def test_fraud_is_about_one_percent_of_a_larger_platform():
    simulation = Simulation(scenarios=("all",), seed=9, days=5, customers=2000)
    items = Counter(item.is_fraud for item in simulation.events())
    assert 0.004 <= items[True] / items.total() <= 0.016
