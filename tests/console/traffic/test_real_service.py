"""A decision service as a process, attacked, killed and started again; the worker's looks tell."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.console.governance.test_whole_path import payment, sender
from tests.console.killable import KillableService, killable_service

from fengkong.console.outbox.models import Job
from fengkong.console.traffic.counting import DECISIONS
from fengkong.console.traffic.following import follow_services
from fengkong.console.traffic.models import Followed, ServiceDay
from fengkong.console.warnings import computing
from fengkong.console.warnings.computing import watch_own
from fengkong.console.warnings.models import RaisedWarning

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]
DOWN = "technical.service_down"


@pytest.fixture
def service(tmp_path: Path, settings: Any) -> Iterator[KillableService]:
    computing._SEEN.clear()
    with killable_service(tmp_path, settings) as made:
        yield made


def of_today() -> ServiceDay:
    return ServiceDay.objects.get(service=DECISIONS)


def work() -> None:
    follow_services(Job())
    watch_own(Job())


def ask(service: KillableService, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{service.port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_what_comes_what_is_turned_away_and_an_outage_are_told(
    service: KillableService, settings: Any
) -> None:
    with sender(settings.CONSOLE) as client:
        time.sleep(1.5)  # until the service has heard of the new key
        work()
        for number in range(20):
            client.decide(payment(number, "10.00"))
    assert {ask(service, f"/admin/{number}.php") for number in range(8)} == {404}
    assert ask(service, "/v1/decisions/1'%20or%20'1'='1") == 401
    work()
    day = of_today()
    assert (day.requests, day.errors, day.scanners, day.injection_attempts) == (20, 0, 1, 1)
    assert day.blocked == 9
    assert sum(day.latencies) == 20

    service.kill()
    began = time.monotonic()
    while not RaisedWarning.objects.filter(indicator=DOWN, level="red").exists():
        assert time.monotonic() - began < 100
        work()
        time.sleep(1)
    service.start()
    work()
    away = time.monotonic() - began
    day = of_today()
    assert day.restarts == 1
    assert 60 <= day.minutes_down * 60 <= away + 10
    assert RaisedWarning.objects.get(indicator=DOWN).closed_at is not None
    assert Followed.objects.get(pk=DECISIONS).down_since is None
    work()
    assert of_today().requests == 20
