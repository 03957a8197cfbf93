"""Money of lending: projects are funded whole and never paid ahead, bad loans end somehow."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.credit.custody import ProjectFlow, pool_signs
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.encoding import encode
from fengkong.events.event import Event
from fengkong.simulation.agenda import Agenda, SimulatedEvent
from fengkong.simulation.background.funding import CUSTODIAN, Funding
from fengkong.simulation.background.workouts import BadLoan, play_old_workouts, work_out
from fengkong.simulation.platform import START_DEFAULT, Simulation
from fengkong.simulation.recording import Recorder
from fengkong.simulation.sampling import in_sample, with_place
from fengkong.simulation.world import World

KINDS = {"project.invested": "invest", "loan.drawn": "lend", "loan.repaid": "repay",
         "project.paid_out": "pay_out"}  # fmt: skip
LONG = 900


def recorded(play, *, days: int = LONG) -> list[Event]:
    agenda = Agenda(start=START_DEFAULT, days=days)
    play(Recorder(agenda=agenda, seed=5, base=1 << 40))
    return [item.event for day in range(days) for item in agenda.take(day)]


@pytest.fixture(scope="module")
def world() -> World:
    return Simulation(seed=5, days=1, customers=1500).world()


@pytest.fixture(scope="module")
def lent() -> list[SimulatedEvent]:
    """What moved money of lending in five weeks, and who borrowed it."""
    played = Simulation(scenarios=("none",), seed=4, days=36, customers=120).events()
    return [item for item in played if item.event.type in KINDS]


def flows_of(items: list[SimulatedEvent]) -> list[ProjectFlow]:
    return [
        ProjectFlow(
            item.event.values["project"],
            KINDS[item.event.type],
            date.fromordinal(item.event.occurred_at // DAY_US + 719_163),
            item.event.values["amount"],
            item.event.values["settlement_account"],
        )
        for item in items
        if "project" in item.event.values
    ]


def test_an_honest_house_shows_no_sign_of_a_pool(lent: list[SimulatedEvent]):
    flows = flows_of(lent)
    assert {flow.kind for flow in flows} == set(KINDS.values())
    assert pool_signs(flows, own_accounts={"house-1": False, "house-2": True}) == []
    # The same flows are not taken for sound whatever they are.
    without = [flow for flow in flows if flow.kind != "lend"]
    assert pool_signs(without, own_accounts={})


def test_the_sample_has_the_money_of_a_project_whole(lent: list[SimulatedEvent]):
    kept = [item for item in lent if in_sample(item, one_in=3)]
    names = {flow.project for flow in flows_of(kept)}
    assert names
    assert len(names) < len({flow.project for flow in flows_of(lent)})
    whole = [flow for flow in flows_of(lent) if flow.project in names]
    assert Counter(flows_of(kept)) == Counter(whole)


@given(customer=st.text("c0123456789abcdef", min_size=1, max_size=12), one_in=st.integers(2, 50))
def test_a_project_is_in_the_sample_with_its_borrower(customer: str, one_in: int):
    def item(kind: str, **values: object) -> SimulatedEvent:
        event = Event(type=kind, id="e1", occurred_at=START_DEFAULT, values=values)
        return SimulatedEvent(event=event, scenario=None, is_fraud=False)

    borrowed = item("loan.drawn", customer=customer)
    project = with_place("j1", customer=customer)
    invested = item("project.invested", customer="someone else", project=project)
    assert in_sample(invested, one_in=one_in) is in_sample(borrowed, one_in=one_in)


@given(loan=st.integers(1, 1 << 30), amount=st.integers(2, 400).map(lambda n: n * 50_000))
def test_stakes_are_those_of_savers_and_sum_to_the_loan(world: World, loan: int, amount: int):
    found = Funding(world=world).project_of(loan=loan, borrower=3, amount=amount, at=START_DEFAULT)
    again = Funding(world=world).project_of(loan=loan, borrower=3, amount=amount, at=START_DEFAULT)
    assert found == again
    if found is None:
        return
    assert sum(stake for _, stake in found.stakes) == amount
    assert min(stake for _, stake in found.stakes) > 0
    assert found.account in CUSTODIAN
    who = [one for one, _ in found.stakes]
    assert len(set(who)) == len(who)
    assert 3 not in who
    assert all(world.customers.savings[one] > 0 for one in who)


@given(paid=st.integers(1, 10**8))
def test_investors_get_most_of_what_was_paid_and_never_more(world: World, paid: int):
    funding = Funding(world=world)
    loan = next(
        n
        for n in range(1, 99)
        if funding.project_of(loan=n, borrower=3, amount=10**6, at=START_DEFAULT)
    )
    project = funding.project_of(loan=loan, borrower=3, amount=10**6, at=START_DEFAULT)
    assert project is not None
    found = recorded(lambda r: funding.pay_out(r, project, amount=paid, at=START_DEFAULT), days=2)
    got = sum(one.values["amount"] for one in found)
    assert got <= paid
    assert got >= 0.94 * paid - len(project.stakes) - 1
    assert all(one.occurred_at >= START_DEFAULT + HOUR_US for one in found)


def bad(number: int, *, guarantor: str | None = None) -> BadLoan:
    return BadLoan(number, f"c{number}", f"a{number}", 90_000, 8, 4, guarantor)


@pytest.fixture(scope="module")
def ends() -> dict[str, list[Event]]:
    """What became of four hundred loans, by loan."""

    def play(recorder: Recorder) -> None:
        for number in range(400):
            guarantor = "c-friend" if number % 4 == 0 else None
            loan = bad(number, guarantor=guarantor)
            work_out(recorder, seed=5, loan=loan, since=START_DEFAULT)

    found = defaultdict(list)
    for event in recorded(play):
        found[event.values["loan"]].append(event)
    return dict(found)


def test_every_bad_loan_is_eased_or_written_off_and_not_both(ends: dict[str, list[Event]]):
    last = Counter(
        tuple(e.type for e in events if e.type != "loan.repaid") for events in ends.values()
    )
    assert set(last) == {("loan.restructured",), ("loan.written_off",)}
    assert 0.1 < last["loan.restructured",] / 400 < 0.3


def test_what_comes_back_is_less_than_what_was_owed(ends: dict[str, list[Event]]):
    for events in ends.values():
        repaid = [one.values for one in events if one.type == "loan.repaid"]
        assert sum(one["amount"] for one in repaid if one["repayment_kind"] != "guarantor") <= (
            8 * 90_000
        )
        numbers = [one["instalment_number"] for one in repaid]
        assert numbers == list(range(5, 5 + len(repaid)))
    kinds = Counter(
        one.values["repayment_kind"]
        for events in ends.values()
        for one in events
        if one.type == "loan.repaid"
    )
    assert set(kinds) == {"guarantor", "scheduled", "collection"}
    assert 40 < kinds["guarantor"] < 80
    guarantors = {
        one.values.get("guarantor")
        for events in ends.values()
        for one in events
        if one.values.get("repayment_kind") == "guarantor"
    }
    assert guarantors == {"c-friend"}


def test_old_bad_loans_end_within_the_first_months(world: World):
    found = recorded(lambda r: play_old_workouts(r, world=world), days=60)
    kinds = Counter(one.type for one in found)
    assert kinds["loan.written_off"] > kinds["loan.restructured"] > 0
    decoder = Decoder(shipped_catalogue())
    assert all(decoder.decode(encode(one)) == one for one in found)
