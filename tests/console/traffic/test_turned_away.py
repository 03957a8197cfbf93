"""What strangers try on the console is counted; what operators do there is work."""

import re
from unittest.mock import patch

import pytest
from django.db import DatabaseError
from django.test import Client
from tests.console.operators import browser_of, new_operator

from fengkong.console.traffic.counting import CONSOLE
from fengkong.console.traffic.models import ServiceDay, ServiceMinute
from fengkong.console.traffic.turned_away import HERE, ServedHere
from fengkong.console.traffic.turned_away import written as written_from

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_before() -> None:
    with patch("fengkong.console.traffic.turned_away.add_served"):
        HERE.write()
    HERE._scanners._asked.clear()


def written() -> ServiceDay:
    HERE.write()
    return ServiceDay.objects.get(service=CONSOLE)


def test_who_walks_addresses_is_one_scanner() -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.7")
    for number in range(9):
        stranger.get(f"/wp-admin/{number}.php")
    day = written()
    assert (day.came, day.blocked, day.scanners, day.requests) == (9, 9, 1, 0)


def test_an_attack_in_an_address_is_told_by_its_form() -> None:
    stranger = Client()
    stranger.get("/absent", {"q": "1' or '1'='1"})
    stranger.get("/absent/..%2f..%2fetc/passwd")
    stranger.get("/absent", {"q": "tea and biscuits"})
    day = written()
    assert (day.injection_attempts, day.blocked) == (2, 3)


def test_an_operators_mistakes_are_no_attack() -> None:
    browser = browser_of(new_operator("analyst"))
    HERE.write()
    ServiceDay.objects.all().delete()
    assert browser.get("/alerts/absent/").status_code == 404
    assert browser.get("/").status_code == 200
    day = written()
    assert (day.came, day.requests, day.blocked) == (2, 2, 0)


def test_a_key_that_is_none_is_a_bad_signature() -> None:
    answer = Client().get("/api/v1/alerts", headers={"authorization": "Bearer fk_x_y"})
    assert answer.status_code == 401
    day = written()
    assert (day.bad_signatures, day.blocked) == (1, 1)


def test_counts_that_cannot_be_written_wait() -> None:
    Client().get("/absent")
    with patch(
        "fengkong.console.traffic.turned_away.add_served", side_effect=DatabaseError("locked")
    ):
        HERE.write()
    Client().get("/absent")
    assert written().came == 2
    HERE.write()
    assert written().came == 2


def test_an_application_is_written_of_from_its_first_request_on_by_one_thread() -> None:
    served = ServedHere()
    with (
        patch("fengkong.console.traffic.turned_away.HERE", served),
        patch.object(served, "_write_for_ever") as writes,
    ):
        answer = written_from(lambda _environ, _start: [b"x"])
        assert not writes.called
        assert [answer({}, None), answer({}, None)] == [[b"x"], [b"x"]]
    assert writes.call_count == 1


def test_where_it_came_from_is_kept_nowhere() -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.77")
    for number in range(6):
        stranger.get(f"/{number}.php")
    written()
    kept = [*ServiceDay.objects.values(), *ServiceMinute.objects.values()]
    assert kept
    assert not re.search(r"203\.0\.113|\.php", repr(kept))
