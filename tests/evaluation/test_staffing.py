"""People for a queue: Erlang's formula against its sum, tables, and a queue that is played."""

import heapq
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.evaluation.staffing import people_needed, served_within, waiting_share


def by_the_sum(load: float, people: int) -> float:
    """The formula as it is printed."""
    top = load**people / math.factorial(people) * people / (people - load)
    return top / (sum(load**k / math.factorial(k) for k in range(people)) + top)


@given(st.floats(0.01, 20), st.integers(1, 30))
def test_it_is_the_printed_sum(load: float, people: int) -> None:
    if load < people * 0.999:
        assert waiting_share(load=load, people=people) == pytest.approx(by_the_sum(load, people))


def test_a_known_answer() -> None:
    """10 Erlang and 14 people: 17.4 % wait; 200 calls an hour of 3 minutes, 80 % within 20 s."""
    assert waiting_share(load=10, people=14) == pytest.approx(0.1741, abs=0.0005)
    assert people_needed(per_hour=200, handling_s=180, seconds=20, target=0.8) == 14
    assert served_within(load=10, people=14, seconds=20, handling_s=180) == pytest.approx(
        0.888, abs=1e-3
    )


@given(st.floats(0, 300), st.floats(10, 3_000), st.floats(0, 3_600), st.floats(0.5, 0.99))
def test_one_fewer_would_not_do(rate: float, handling: float, within: float, target: float) -> None:
    people = people_needed(per_hour=rate, handling_s=handling, seconds=within, target=target)
    assert people is not None
    load = rate * handling / 3_600
    if people > 1:
        share = served_within(load=load, people=people - 1, seconds=within, handling_s=handling)
        assert share < target
    if people:
        done = served_within(load=load, people=people, seconds=within, handling_s=handling)
        assert done >= target


def test_a_queue_that_is_played_gives_the_same() -> None:
    dice, people, handling, rate, within = random.Random(7), 4, 300.0, 24 / 3_600, 120.0
    free, now, served, alerts = [0.0] * people, 0.0, 0, 60_000
    for _ in range(alerts):
        now += dice.expovariate(rate)
        begins = max(now, heapq.heappop(free))
        served += begins - now <= within
        heapq.heappush(free, begins + dice.expovariate(1 / handling))
    said = served_within(load=rate * handling, people=people, seconds=within, handling_s=handling)
    assert served / alerts == pytest.approx(said, abs=0.01)
