"""kill -9 of the decision service while switches are set: they are obeyed, and end exactly once.

Also every kind of switch on a real service.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.console.governance.test_whole_path import do_jobs, payment, sender
from tests.console.killable import KillableService, killable_service

from fengkong.client.client import Client
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.governance.actions import live_version
from fengkong.console.governance.activation import watch_service
from fengkong.console.governance.service_view import last_seen
from fengkong.console.incidents.models import Switch
from fengkong.console.incidents.switching import ask_end, ask_switch
from fengkong.console.incidents.timeline import altered_entries
from fengkong.console.incidents.watching import watch
from fengkong.core.errors import RiskError

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]
WAIT_S = 240


@pytest.fixture
def service(tmp_path: Path, settings: Any) -> Iterator[KillableService]:
    with killable_service(tmp_path, settings) as made:
        yield made


@pytest.fixture
def traffic(service: KillableService, settings: Any) -> Iterator[Client]:
    with sender(settings.CONSOLE) as client:
        yield client


def until_it_is(state: str, switch: Switch) -> None:
    """The worker's jobs are done, and its watches take their turns, until the switch stands so."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        work()
        switch.refresh_from_db()
        if switch.state == state:
            return
        time.sleep(0.5)
    raise AssertionError(f"the switch is {switch.state}, not {state}")


def work() -> None:
    """What the worker does; a service that is away is its trouble, not ours."""
    watch()
    do_jobs()
    watch_service()


def answer(traffic: Client, event: dict[str, Any]) -> str:
    """The outcome of an event; a service that just came back may need a moment."""
    end = time.monotonic() + 30
    while True:
        try:
            return str(traffic.decide(event)["decision"]["outcome"])
        except RiskError:
            assert time.monotonic() < end
            time.sleep(0.3)


def transfer(number: int, amount: str) -> dict[str, Any]:
    return {
        "type": "transfer.initiated",
        "id": f"t{number}",
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "currency": "CNY",
        "amount": amount,
        "channel": "app",
        "device": f"d{number}",
        "customer": f"c{number}",
        "payee": f"p{number}",
    }


def asked(analyst: Any, senior: Any, incident: Any, *, seconds: float, **terms: Any) -> Switch:
    """A switch that two persons want for so long."""
    switch, proposal = ask_switch(
        analyst,
        incident.pk,
        until=timezone.now() + timedelta(seconds=seconds),
        reason="stop it",
        **terms,
    )
    approve(senior, proposal.pk)
    return switch


def test_a_switch_outlives_its_service_and_ends_once(
    service: KillableService, traffic: Client, incident: Any, analyst: Any, senior: Any
) -> None:
    watch_service()
    before = live_version()
    assert before is not None
    switch = asked(analyst, senior, incident, seconds=90, kind="force_challenge", terms={})
    service.kill()
    work()  # the worker wants to set it, and nobody answers
    assert Switch.objects.get().state == "setting"
    service.start()
    until_it_is("on", switch)
    assert answer(traffic, payment(1, "20.00")) == "challenge"
    service.kill()
    service.start()
    assert answer(traffic, payment(2, "20.00")) == "challenge", "the journal knows it"
    until_it_is("on", switch)
    service.kill()
    while timezone.now() < switch.until + timedelta(seconds=1):
        work()
        time.sleep(1)
    service.start()
    assert answer(traffic, payment(3, "20.00")) == "allow", "it ended while nobody was there"
    until_it_is("ended", switch)
    assert answer(traffic, payment(4, "20.00")) == "allow"

    lifted = asked(analyst, senior, incident, seconds=3600, kind="read_only", terms={})
    until_it_is("on", lifted)
    assert answer(traffic, payment(5, "20.00")) == "deny"
    proposal = ask_end(analyst, lifted.pk, reason="over")
    service.kill()
    approve(senior, proposal.pk)
    work()
    service.start()
    until_it_is("ended", lifted)
    assert answer(traffic, payment(6, "20.00")) == "allow"

    for _ in range(3):
        work()
    after = live_version()
    assert after is not None
    assert after.hash == before.hash
    told = Counter((entry.kind, entry.facts.get("switch")) for entry in incident.timeline.all())
    for one in (switch, lifted):
        for kind in ("ask_switch", "set_switch", "switch_on", "switch_off"):
            assert told[kind, one.rule] == 1, (kind, told)
    assert told["end_switch", lifted.rule] == 1
    assert altered_entries(incident) == []
    hashes = [one["hash"] for one in last_seen().activations]
    assert hashes.count(before.hash) == 3, "at the start, and once after each switch"
    assert len(hashes) == 5, "each switch was put in force once"


def test_every_kind_of_switch_is_obeyed_and_lifted(
    service: KillableService, traffic: Client, incident: Any, analyst: Any, senior: Any
) -> None:
    watch_service()
    web = {"channel": "web"}
    kinds: list[tuple[str, dict[str, Any], list[tuple[dict[str, Any], str]]]] = [
        (
            "stop_above",
            {"limit": "500", "outcome": "delay"},
            [(transfer(1, "500.00"), "allow"), (transfer(2, "500.01"), "delay")],
        ),
        (
            "freeze_product",
            {"types": ["payment.initiated"], "field": "channel", "value": "web"},
            [
                (payment(1, "20.00"), "allow"),
                (payment(2, "20.00") | web, "deny"),
                (transfer(3, "20.00") | web, "allow"),
            ],
        ),
        (
            "read_only",
            {},
            [(payment(3, "20.00"), "deny"), (transfer(4, "20.00"), "deny")],
        ),
        ("force_challenge", {}, [(payment(4, "20.00"), "challenge")]),
    ]
    for number, (kind, terms, cases) in enumerate(kinds):
        switch = asked(analyst, senior, incident, seconds=3600, kind=kind, terms=terms)
        until_it_is("on", switch)
        assert [answer(traffic, event) for event, _ in cases] == [said for _, said in cases], kind
        approve(senior, ask_end(analyst, switch.pk, reason="over").pk)
        until_it_is("ended", switch)
        again = [event | {"id": f"again-{number}-{event['id']}"} for event, _ in cases]
        assert {answer(traffic, event) for event in again} == {"allow"}, kind
    both = [
        asked(analyst, senior, incident, seconds=3600, kind=kind, terms=terms)
        for kind, terms in (("stop_above", {"limit": "500"}), ("force_challenge", {}))
    ]
    for switch in both:
        until_it_is("on", switch)
    assert answer(traffic, transfer(9, "900.00")) == "deny", "the strongest wins"
    assert answer(traffic, transfer(10, "100.00")) == "challenge"
    assert altered_entries(incident) == []
