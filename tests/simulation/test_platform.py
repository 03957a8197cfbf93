"""The simulated platform: same seed, same bytes; attacks never move the background."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, HOUR_US, parse_instant
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.encoding import encode
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import START_DEFAULT, Simulation

CUSTOMERS = 400


@cache
def played(
    *, scenarios: tuple[str, ...], seed: int = 5, days: int = 3, customers: int = CUSTOMERS
) -> tuple[SimulatedEvent, ...]:
    simulation = Simulation(scenarios=scenarios, seed=seed, days=days, customers=customers)
    return tuple(simulation.events())


def lines(items: tuple[SimulatedEvent, ...]) -> list[bytes]:
    return [encode(item.event) for item in items]


def test_the_same_seed_gives_the_same_bytes():
    first = played(scenarios=("all",))
    again = tuple(Simulation(scenarios=("all",), seed=5, days=3, customers=CUSTOMERS).events())
    assert lines(first) == lines(again)
    assert first == again


def test_another_seed_gives_other_events():
    ours = {item.event.id for item in played(scenarios=("none",), days=1)}
    others = {item.event.id for item in played(scenarios=("none",), days=1, seed=6)}
    assert not ours & others


def test_the_background_is_the_same_with_and_without_attacks():
    alone = lines(played(scenarios=("none",)))
    attacked = lines(tuple(item for item in played(scenarios=("all",)) if item.scenario is None))
    assert attacked == alone


def test_one_attack_is_the_same_whatever_others_are_on():
    def of_card_testing(items: tuple[SimulatedEvent, ...]) -> list[bytes]:
        return lines(tuple(item for item in items if item.scenario == "card_testing"))

    alone = of_card_testing(played(scenarios=("card_testing",)))
    together = of_card_testing(played(scenarios=("all",)))
    assert alone
    assert together == alone


def test_a_shorter_simulation_is_the_beginning_of_a_longer_one():
    longer = lines(played(scenarios=("all",)))
    shorter = lines(played(scenarios=("all",), days=1))
    assert longer[: len(shorter)] == shorter


def test_every_event_passes_the_strict_decoder():
    decoder = Decoder(shipped_catalogue())
    for item in played(scenarios=("all",)):
        assert decoder.decode(encode(item.event)) == item.event


def test_events_come_in_order_of_time_within_the_horizon_with_ids_of_their_own():
    items = played(scenarios=("all",))
    times = [item.event.occurred_at for item in items]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[0] >= START_DEFAULT
    assert times[-1] < START_DEFAULT + 3 * DAY_US
    assert len({item.event.id for item in items}) == len(items)


def test_a_customer_does_nothing_before_registering():
    since: dict[object, int] = {}
    registered = {
        item.event.values["customer"]: item.event.occurred_at
        for item in played(scenarios=("none",), customers=2000, days=2)
        if item.event.type == "customer.registered"
    }
    assert registered
    for item in played(scenarios=("none",), customers=2000, days=2):
        customer = item.event.values.get("customer")
        if customer in registered:
            since.setdefault(customer, item.event.occurred_at)
    assert since == registered


def test_the_volume_is_that_of_a_platform():
    items = played(scenarios=("none",), days=2, customers=2000)
    assert 4.0 <= len(items) / 2 / 2000 <= 6.0
    kinds = Counter(item.event.type for item in items)
    assert kinds["payment.initiated"] > kinds["login.attempted"] > kinds["transfer.initiated"] > 0


def test_people_sleep_at_night():
    hours = Counter(
        (item.event.occurred_at + 8 * HOUR_US) % DAY_US // HOUR_US
        for item in played(scenarios=("none",), days=2, customers=2000)
    )
    assert sum(hours[hour] for hour in range(2, 5)) * 4 < sum(hours[hour] for hour in range(18, 21))


NOT_PLAYED = {"list.changed"}
"""Lists are changed by operators."""
RARE = {"loan.restructured", "loan.written_off"}
"""Of loans that went bad long ago: tests/simulation/test_lending.py."""


def test_each_catalogue_type_but_list_changes_happens():
    kinds = {item.event.type for item in played(scenarios=("none",), days=2, customers=2000)}
    kinds |= {item.event.type for item in played(scenarios=("all",))}
    assert kinds - RARE == set(shipped_catalogue().types) - NOT_PLAYED - RARE


def test_events_can_be_had_twice():
    simulation = Simulation(scenarios=("smurfing",), seed=1, days=1, customers=50)
    assert list(simulation.events()) == list(simulation.events())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), customers=st.integers(20, 60))
def test_any_seed_can_be_played(seed: int, customers: int):
    decoder = Decoder(shipped_catalogue())
    last = 0
    for item in Simulation(scenarios=("all",), seed=seed, days=2, customers=customers).events():
        assert item.event.occurred_at >= last
        last = item.event.occurred_at
        decoder.decode(encode(item.event))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"days": 0}, "days is 0, expected 1 to 3660"),
        ({"customers": 19}, "customers is 19, expected 20 to"),
        ({"seed": -1}, "seed is -1, expected 0 to"),
        ({"start": START_DEFAULT + 1}, "not a midnight in Shanghai"),
        ({"start": parse_instant("2000-01-01T00:00:00+00:00")}, "too near to the years"),
        ({"scenarios": ("card_testin",)}, "did you mean 'card_testing'?"),
        ({"parameters": {"smurfing": {"sender": 3}}}, "did you mean 'senders'?"),
        ({"parameters": {"smurfing": {"senders": 0}}}, "smurfing.senders is 0, expected 1 to 300"),
        (
            {"scenarios": ("none",), "parameters": {"smurfing": {}}},
            "not one of the scenarios chosen",
        ),
    ],
)
def test_a_bad_argument_is_refused_with_its_range(options: dict[str, object], message: str):
    with pytest.raises(RiskError) as caught:
        Simulation(**options)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert caught.value.hint
