"""A stop-loss switch on a real decision service: two persons, the next decision obeys, it ends."""

import time
from typing import Any

import pytest
from django.utils import timezone
from tests.console.governance.test_whole_path import (  # noqa: F401
    do_jobs,
    payment,
    sender,
    signed_in,
    system,
)
from tests.console.operators import new_operator

from fengkong.client.client import Client
from fengkong.console.approvals.models import Proposal
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.governance.actions import live_version
from fengkong.console.governance.activation import watch_service
from fengkong.console.incidents.models import Incident, Switch
from fengkong.console.incidents.timeline import altered_entries
from fengkong.console.incidents.watching import watch

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]
WAIT_S = 240


def until_it_is(state: str) -> Switch:
    """The worker's jobs are done, and its watches take their turns, until the switch stands so."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        watch()
        do_jobs()
        watch_service()
        switch = Switch.objects.get()
        if switch.state == state:
            return switch
        time.sleep(1)
    raise AssertionError(f"the switch is {Switch.objects.get().state}, not {state}")


def decided(traffic: Client, number: int) -> tuple[str, list[str]]:
    decision = traffic.decide(payment(number, "10.00"))["decision"]
    return decision["outcome"], [hit["rule"] for hit in decision["hits"]]


def test_two_persons_throw_a_switch_and_the_service_obeys_until_it_ends(
    system: ConsoleSettings,  # noqa: F811
) -> None:
    watch_service()
    before = live_version()
    assert before is not None
    ann, sun = (
        signed_in(new_operator(role, username=name))
        for role, name in (("analyst", "ann"), ("senior_analyst", "sun"))
    )
    given: dict[str, Any] = {"title": "Cards tried", "kind": "card_testing", "severity": 3}
    assert ann.post("/incidents/new/", given).status_code == 302
    incident = Incident.objects.get()
    with sender(system) as traffic:
        assert decided(traffic, 1)[0] == "allow"
        terms = {"kind": "force_challenge", "outcome": "deny", "hours": "0.05", "reason": "stop"}
        answer = ann.post(f"/incidents/{incident.pk}/do/switch/", terms)
        assert answer.status_code == 302, answer.content.decode()[-2000:]
        proposal = Proposal.objects.get()
        ann.post(f"/approvals/{proposal.pk}/approve/")
        assert Switch.objects.get().state == "proposed", "nobody approves their own"
        assert decided(traffic, 2)[0] == "allow"
        assert sun.post(f"/approvals/{proposal.pk}/approve/").status_code == 302
        switch = until_it_is("on")
        outcome, rules = decided(traffic, 3)
        assert (outcome, switch.rule in rules) == ("challenge", True)
        time.sleep(max(0.0, (switch.until - timezone.now()).total_seconds()) + 1.5)
        assert decided(traffic, 4)[0] == "allow", "it ends by itself, whoever sleeps"
        until_it_is("ended")
        after = live_version()
        assert after is not None
        assert after.hash == before.hash
        assert decided(traffic, 5)[0] == "allow"
    kinds = list(incident.timeline.values_list("kind", flat=True))
    assert kinds == ["open_incident", "ask_switch", "set_switch", "switch_on", "switch_off"]
    assert altered_entries(incident) == []
