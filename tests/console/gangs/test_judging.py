"""A gang is dealt with as one: the dry run says whom it would hit, four eyes, one disposition."""

import dataclasses
from collections.abc import Callable

import pytest
from django.urls import reverse
from tests.console.entities.events_of_tests import HOUR, NOON, entries, event, hexed
from tests.console.operators import Browser

from fengkong.console.accounts.models import Operator
from fengkong.console.actions.models import Action
from fengkong.console.alerts.models import Alert
from fengkong.console.approvals import four_eyes
from fengkong.console.approvals.models import Proposal
from fengkong.console.cases.models import Case
from fengkong.console.gangs import finding, judging
from fengkong.console.gangs.models import Gang
from fengkong.console.gangs.summary import members_of, summary_of
from fengkong.console.journaled.intake import take_in
from fengkong.console.journaled.models import Label
from fengkong.console.journaled.seen import SeenLabel

SignedIn = Callable[..., Browser]
Make = Callable[..., Operator]


@pytest.fixture
def gang(db: None) -> Gang:
    """C1 has been here for long, C2 is known for fraud and C3 is under review; C9 shares A3."""
    old = NOON - 100 * 24 * HOUR
    take_in(
        entries(
            event(1, at=old, customer="C1", account="A1"),
            event(2, customer="C1", account="A1", device="D1", amount_minor=5_000),
            event(3, customer="C2", account="A2", device="D1", outcome="deny"),
            event(4, customer="C3", account="A3", device="D1", outcome="review", points=80.0),
            event(5, at=NOON - 60 * 24 * HOUR, customer="C9", account="A3"),
        )
    )
    Label.objects.create(
        event_id="e-3", is_fraud=True, kind="fraud", at="2026-11-02T00:00Z", sequence=6
    )
    while finding.step():
        pass
    finding.update({1})
    found = Gang.objects.get()
    assert found.members == 3
    return found


def test_a_dry_run_says_whom_it_would_hit(gang: Gang) -> None:
    run = judging.dry_run(gang)
    by_entity = {one.entity: one for one in run.members}
    good = by_entity[hexed("customer", "C1")]
    assert (good.is_good, good.is_fraud, good.amount_minor) == (True, False, 5_000)
    known = by_entity[hexed("customer", "C2")]
    assert (known.is_good, known.is_fraud, known.stopped_minor) == (False, True, 1_000)
    assert (run.accounts, run.shared_accounts, run.good, len(run.new)) == (3, 1, 1, 3)
    assert run.amount_minor == 5_000 + 1_000
    assert not Action.objects.exists()


def test_the_page_says_of_all_what_a_dry_run_says(
    gang: Gang, make_operator: Make, signed_in: SignedIn
) -> None:
    def compared() -> judging.DryRun:
        run, told = judging.dry_run(gang), summary_of(gang)
        assert [one for one, _ in members_of(gang, start=0, count=9)] == run.members
        said = (told.members, told.new, told.good, told.accounts, told.shared_accounts)
        assert said == (
            *(len(run.members), len(run.new), run.good, run.accounts, run.shared_accounts),
        )
        assert (told.amount_minor, told.currency) == (run.amount_minor, run.currency)
        return run

    assert compared().good == 1
    label = SeenLabel("e-2", is_fraud=True, kind="fraud", at=NOON, sequence=6)
    take_in(dataclasses.replace(entries(event(6), after=5), labels=[label]))
    assert compared().good == 0
    gang.refresh_from_db()
    assert gang.frauds == 2
    wrong = SeenLabel("e-2", is_fraud=False, kind="fraud", at=NOON + HOUR, sequence=7)
    take_in(dataclasses.replace(entries(event(7), after=6), labels=[wrong]))
    assert compared().good == 1
    judging.freeze_all(gang, make_operator("analyst"), "ring", only=[hexed("customer", "C1")])
    assert (compared().good, len(compared().new)) == (0, 2)


def test_one_comes_to_the_gang_from_whoever_is_in_it(gang: Gang, signed_in: SignedIn) -> None:
    """From the member, from what members share, from an alert and from a case about a member."""
    analyst = signed_in("senior_analyst")
    alert = Alert.objects.get(subject=hexed("customer", "C3"))
    analyst.post(reverse("cases:gather"), {"picked": [alert.pk]})
    places = [
        reverse("entities:entity", args=["customer", hexed("customer", "C1")]),
        reverse("entities:entity", args=["device", hexed("device", "D1")]),
        reverse("alerts:alert", args=[alert.pk]),
        reverse("cases:case", args=[Case.objects.get().pk]),
    ]
    here = f'href="{reverse("gangs:gang", args=[gang.pk])}"'
    assert [here in analyst.get(place).content.decode() for place in places] == [True] * 4
    stranger = reverse("entities:entity", args=["customer", hexed("customer", "C9")])
    assert here not in analyst.get(stranger).content.decode()


def test_freezing_all_waits_for_a_second_person(gang: Gang, make_operator: Make) -> None:
    asker, second = make_operator("analyst"), make_operator("senior_analyst")
    made = judging.freeze_all(gang, asker, "one phone, money passed on")
    assert {one.state for one in made} == {Action.State.PROPOSED}
    assert len(made) == 3
    run = judging.dry_run(gang)
    assert run.new == []
    four_eyes.approve(second, Proposal.objects.get().pk)
    assert set(Action.objects.values_list("state", flat=True)) == {Action.State.WAITING}


def test_one_disposition_closes_the_alerts_of_all(gang: Gang, signed_in: SignedIn) -> None:
    assert Alert.objects.filter(state="open").exists(), "a review makes an alert"
    browser = signed_in("analyst")
    page = browser.get(reverse("gangs:gang", args=[gang.pk])).content.decode()
    assert reverse("gangs:judge", args=[gang.pk]) in page
    bad = {"disposition": "false_positive", "reason_code": "ring_member"}
    browser.post(reverse("gangs:judge", args=[gang.pk]), bad)
    assert Alert.objects.filter(state="open").exists(), "the reason does not fit"
    good = {"disposition": "confirmed_fraud", "reason_code": "ring_member"}
    browser.post(reverse("gangs:judge", args=[gang.pk]), good)
    assert set(Alert.objects.values_list("state", "disposition")) == {("closed", "confirmed_fraud")}
    gang.refresh_from_db()
    assert (gang.state, gang.disposition) == ("disposed", "confirmed_fraud")


def test_screens_show_gangs_to_those_who_may(gang: Gang, signed_in: SignedIn) -> None:
    regulator = signed_in("regulator")
    assert reverse("gangs:gang", args=[gang.pk]) in regulator.get("/gangs/").content.decode()
    page = regulator.get(reverse("gangs:gang", args=[gang.pk])).content.decode()
    assert hexed("customer", "C1") in page
    assert reverse("gangs:freeze", args=[gang.pk]) not in page
    answer = regulator.post(reverse("gangs:freeze", args=[gang.pk]), {"why": "x"})
    assert answer.status_code == 403
    assert signed_in("system_admin").get("/gangs/").status_code == 403


def test_members_are_picked_for_a_freeze(gang: Gang, signed_in: SignedIn) -> None:
    picked = [hexed("customer", "C2"), hexed("customer", "C3")]
    address = reverse("gangs:freeze", args=[gang.pk])
    browser = signed_in("analyst")
    browser.post(address, {"why": "mules"})
    assert not Action.objects.exists()
    browser.post(address, {"why": "mules", "picked": picked})
    assert set(Action.objects.values_list("subject", flat=True)) == set(picked)
