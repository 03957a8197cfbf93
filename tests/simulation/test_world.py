"""The invented world: right check digits, nobody's addresses, identifiers that never collide."""

from __future__ import annotations

import ipaddress
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.instants import DAY_US, parse_instant
from fengkong.simulation import identities, networks
from fengkong.simulation.calendar import day_of, rhythm, times_of_day
from fengkong.simulation.geography import cities
from fengkong.simulation.seeds import mixed_40, mixed_64, spread
from fengkong.simulation.world import draw_world

START = parse_instant("2026-11-02T00:00:00+08:00")


@pytest.mark.parametrize(
    ("digits", "check"), [("11010519491231002", "X"), ("44052418800101001", "4")]
)
def test_check_digit_of_the_examples_in_the_standard(digits: str, check: str):
    assert identities.check_digit(digits) == check


@given(number=st.integers(0, 2**40 - 1), city=st.integers(0, len(cities()) - 1))
def test_people_are_well_formed_and_belong_to_nobody(number: int, city: int):
    text = identities.id_number(number, city=city, birth_year=1990, female=True)
    assert re.fullmatch(r"\d{4}991990\d{4}\d{3}[\dX]", text)
    assert int(text[16]) % 2 == 0
    assert re.fullmatch(r"\+8616[013489]\d{8}", identities.phone(number))
    assert identities.email(number).endswith(".example")
    assert 2 <= len(identities.full_name(number)) <= 3


@given(first=st.integers(0, 2**40 - 1), second=st.integers(0, 2**40 - 1))
def test_different_entities_have_different_identifiers(first: int, second: int):
    assert (mixed_40(first, salt=3) == mixed_40(second, salt=3)) == (first == second)
    assert (mixed_64(first, salt=3) == mixed_64(second, salt=3)) == (first == second)


def test_a_column_is_scrambled_like_its_numbers():
    numbers = np.arange(100, dtype=np.int64)
    expected = [mixed_64(int(number), salt=7) for number in numbers]
    assert spread(numbers, salt=7).tolist() == expected


def test_addresses_are_reserved_or_shared():
    column = np.arange(len(cities()), dtype=np.int64)
    homes = networks.home_addresses(city=column, household=column * 999, lease=column)
    mobile = networks.mobile_addresses(city=column, gateway=column + 800)
    office = networks.office_addresses(column)
    for address in [*homes.tolist(), *office.tolist(), networks.hosting_address(12)]:
        assert ipaddress.ip_address(networks.address_text(address)).is_reserved
    shared = ipaddress.ip_network("100.64.0.0/10")
    assert all(ipaddress.ip_address(networks.address_text(a)) in shared for a in mobile.tolist())


def test_the_calendar_knows_the_week_and_the_seasons():
    assert str(day_of(start=START, index=0).date) == "2026-11-02"
    assert not day_of(start=START, index=0).is_weekend
    assert day_of(start=START, index=5).is_weekend
    assert day_of(start=START, index=9).spending == 1.7
    assert day_of(start=START, index=30).spending == 1.0
    festival = day_of(start=parse_instant("2026-02-16T00:00:00+08:00"), index=0)
    assert festival.gifts == 5.0
    assert day_of(start=START, index=-1).start == START - DAY_US


def test_times_stay_within_the_day_whatever_the_shift():
    uniform = np.linspace(0.0, 1.0, 101)
    for shift in (-7.5, 0.0, 26.0):
        times = times_of_day(uniform=uniform, name="app", shift_hours=shift)
        assert times.min() >= 0
        assert times.max() < DAY_US
    assert rhythm("meal")[-1] == pytest.approx(1.0)


def test_every_city_has_shops_and_every_choice_is_one_of_them():
    world = draw_world(seed=1, customers=100, days=2, start=START)
    shops = world.merchants
    city = np.arange(len(cities()), dtype=np.int64)
    for uniform in (0.0, 0.5, 0.999999):
        local = shops.local(city=city, uniform=np.full(len(city), uniform))
        assert (shops.city[local] == city).all()
        assert not shops.online[local].any()
        assert shops.online[shops.remote(np.array([uniform]))].all()
    assert world.active(-3) == world.active(0) >= 100
