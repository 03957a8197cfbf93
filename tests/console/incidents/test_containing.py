"""Containing from the incident room, with a real core system: asked once, answered, told once."""

from typing import Any

import pytest
from tests.console.actions.core_system import CoreSystem
from tests.console.actions.test_actions import OTHER, WHOM, core, decisions  # noqa: F401
from tests.console.operators import Browser, browser_of

from fengkong.console.actions.models import Action
from fengkong.console.actions.sending import send_action
from fengkong.console.alerts.models import Alert
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.approvals.models import Proposal
from fengkong.console.incidents.acting import RefusedIncidentActError
from fengkong.console.incidents.containing import contain, subjects_of
from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.opening import link, open_incident
from fengkong.console.incidents.timeline import altered_entries
from fengkong.console.incidents.watching import watch
from fengkong.console.outbox.models import Job

pytestmark = pytest.mark.django_db


def alert_about(subject: str, number: int) -> Alert:
    from django.utils import timezone

    now = timezone.now()
    times = dict.fromkeys(("opened_at", "newest_at", "due_at", "rank_at"), now)
    places = dict.fromkeys(("first_sequence", "newest_sequence"), number)
    figures: dict[str, Any] = {"points": 50.0, "exposure_minor": 100, "expected_loss_minor": 50}
    return Alert.objects.create(
        id=f"alert{number}",
        subject=subject,
        typology="account_takeover",
        event_type="payment.initiated",
        policy="p",
        outcome="review",
        decisions=1,
        currency="CNY",
        team="accounts",
        skill="",
        **figures,
        **times,
        **places,
    )


def send() -> None:
    for action in Action.objects.filter(state="waiting"):
        send_action(Job(content={"action": action.pk}))


def freeze(browser: Browser, incident: Incident) -> None:
    answer = browser.post(
        f"/incidents/{incident.pk}/do/contain/",
        {"action": "freeze", "hours": "4", "why": "money leaves"},
    )
    assert answer.status_code == 302, answer.content.decode()[-2000:]


def told(incident: Incident, kind: str) -> list[dict[str, Any]]:
    return list(incident.timeline.filter(kind=kind).values_list("facts", flat=True))


def test_the_customer_of_a_linked_alert_is_frozen_and_the_answer_is_told_once(
    core: CoreSystem,  # noqa: F811
    incident: Incident,
    analyst: Any,
) -> None:
    link(incident, "alert", alert_about(WHOM, 1).pk, analyst)
    browser = browser_of(analyst)
    freeze(browser, incident)
    send()
    watch()
    watch()
    assert core.frozen == {"C1"}
    assert [one["count"] for one in told(incident, "contain_incident")] == [1]
    assert [one["answer"] for one in told(incident, "answer_containing")] == ["confirmed"]
    page = browser.get(f"/incidents/{incident.pk}/").content.decode()
    assert "core-1" in page
    again = browser.post(
        f"/incidents/{incident.pk}/do/contain/", {"action": "freeze", "hours": "4", "why": "x"}
    )
    assert again.status_code == 422, "nobody is left to freeze"
    assert core.told == 1
    assert altered_entries(incident) == []


def test_several_wait_for_a_second_person(
    core: CoreSystem,  # noqa: F811
    incident: Incident,
    analyst: Any,
    senior: Any,
) -> None:
    for number, subject in ((1, WHOM), (2, OTHER)):
        link(incident, "alert", alert_about(subject, number).pk, analyst)
    assert subjects_of(incident) == [WHOM, OTHER]
    contain(analyst, incident.pk, action="freeze", why="a wave")
    send()
    assert core.frozen == set()
    approve(senior, Proposal.objects.get().pk)
    send()
    watch()
    assert core.frozen == {"C1", "C2"}
    assert len(told(incident, "answer_containing")) == 2


def test_a_drill_and_an_incident_without_customers_freeze_nobody(
    incident: Incident, analyst: Any
) -> None:
    with pytest.raises(RefusedIncidentActError):
        contain(analyst, incident.pk, action="freeze", why="who?")
    drill = open_incident("account_takeover", 3, "Drill", "drill", analyst, drill=1)
    link(drill, "alert", alert_about(WHOM, 1).pk, analyst)
    with pytest.raises(RefusedIncidentActError, match="drill"):
        contain(analyst, drill.pk, action="freeze", why="rehearsal")
    assert not Action.objects.exists()
