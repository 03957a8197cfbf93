"""A ring of thousands is found whole, shown in pages, and dealt with as one."""

import time
from collections.abc import Callable

import pytest
from django.urls import reverse
from tests.console.entities.events_of_tests import HOUR, NOON, entries, event, hexed
from tests.console.operators import Browser, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.actions.models import Action
from fengkong.console.alerts.models import Alert
from fengkong.console.approvals import four_eyes
from fengkong.console.approvals.models import Proposal
from fengkong.console.gangs import finding, judging
from fengkong.console.gangs.models import Gang
from fengkong.console.journaled.intake import take_in

pytestmark = pytest.mark.django_db
SignedIn = Callable[..., Browser]
HOLDERS = 20
"""Customers who share a phone; the first of them also uses the one of the holder before."""


def ring(members: int) -> Gang:
    """So many customers: teams of twenty around a device each, chained by their first."""
    made, sequence = [], 0
    for number in range(members):
        team = number // HOLDERS
        devices = [f"D{team}"] + ([f"D{team - 1}"] if number % HOLDERS == 0 and team else [])
        for device in devices:
            sequence += 1
            made.append(
                event(
                    sequence,
                    at=NOON + sequence * HOUR // 50,
                    customer=f"C{number}",
                    account=f"A{number}",
                    device=device,
                    amount_minor=number + 1,
                    outcome="review" if number % 8 == 0 else "allow",
                )
            )
    take_in(entries(*made))
    while finding.step():
        pass
    return Gang.objects.get(state="open")


def test_a_ring_larger_than_a_page_is_frozen_and_judged_whole(signed_in: SignedIn) -> None:
    gang = ring(330)
    assert (gang.members, gang.cut) == (330, False)
    browser = signed_in("analyst", "senior_analyst")
    address = reverse("gangs:gang", args=[gang.pk])
    first = browser.get(address)
    assert first.content.decode().count('name="picked"') == 50
    assert "330" in first.content.decode()
    shown = [one.entity for one, _name, _joined in first.context["rows"]]
    assert shown[0] == hexed("customer", "C320"), "who moved most comes first"
    last = browser.get(f"{address}?from=300").context["rows"]
    assert len(last) == 30
    assert not {one.entity for one, *_ in last} & set(shown)
    assert browser.get(f"{address}?from=9999999999").status_code == 200
    browser.post(f"{address}freeze/", {"whom": "all", "why": "one ring"})
    assert Action.objects.filter(state=Action.State.PROPOSED).count() == 330
    four_eyes.approve(new_operator("senior_analyst"), Proposal.objects.get().pk)
    assert Action.objects.filter(state=Action.State.WAITING).count() == 330
    open_alerts = Alert.objects.filter(state="open").count()
    assert open_alerts == 42
    browser.post(
        f"{address}judge/", {"disposition": "confirmed_fraud", "reason_code": "ring_member"}
    )
    assert Alert.objects.filter(state="closed").count() == open_alerts


@pytest.mark.nightly
def test_a_ring_of_5000(make_operator: Callable[..., Operator], signed_in: SignedIn) -> None:
    began = time.process_time()
    gang = ring(5_000)
    print(f"found: {time.process_time() - began:.1f} s of CPU, the events taken in with it")
    assert (gang.members, gang.cut) == (5_000, False)
    browser = signed_in("analyst")

    def spent(act: Callable[[], object]) -> float:
        began = time.process_time()
        act()
        return time.process_time() - began

    keys = set(gang.people.values_list("key", flat=True))
    print(f"looked at again: {spent(lambda: finding.update(keys)):.2f} s")
    address = reverse("gangs:gang", args=[gang.pk])
    browser.get(address)
    page = sorted(spent(lambda: browser.get(address)) for _ in range(7))[3]
    print(f"its page: {page * 1000:.0f} ms")
    assert len(judging.dry_run(gang).new) == 5_000
    asker = make_operator("analyst")
    print(f"asked to freeze: {spent(lambda: judging.freeze_all(gang, asker, 'a ring')):.2f} s")
    second, proposal = make_operator("senior_analyst"), Proposal.objects.get().pk
    print(f"approved: {spent(lambda: four_eyes.approve(second, proposal)):.2f} s")
    assert Action.objects.filter(state=Action.State.WAITING).count() == 5_000
