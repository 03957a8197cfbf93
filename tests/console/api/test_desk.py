"""What the review desk does on its screens, done by programs in the name of their owners."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.console.alerts.making import read, reviewed
from tests.console.api.test_operations import Program
from tests.console.cases.conftest import decided, folder  # noqa: F401 - fixtures
from tests.console.operators import new_operator

from fengkong.console.actions.models import Action
from fengkong.console.alerts.models import Alert, Closing, DeskMember, Handover
from fengkong.console.audit.models import AuditEntry
from fengkong.console.customers.models import Appeal
from fengkong.console.incidents.models import Incident
from fengkong.console.insiders.models import LookUp
from fengkong.response.kinds import shipped_scale

pytestmark = pytest.mark.django_db
WHOM = f"{1:032x}"
JUDGED = {"disposition": "false_positive", "reason_code": "travel"}


@pytest.fixture
def waiting() -> list[str]:
    """Three alerts in the order of the queue."""
    same = reviewed(1)[5]
    read(
        reviewed(1, subject=WHOM, amount_minor=10_000),
        reviewed(2, subject=f"{2:032x}", amount_minor=90_000_000, recorded_at=same),
        reviewed(3, subject=f"{3:032x}", rules=("takeover.x",), recorded_at=same),
    )
    return list(Alert.objects.order_by("rank_at").values_list("pk", flat=True))


def test_the_queue_is_read_in_its_order_and_by_inbox(waiting: list[str]) -> None:
    analyst = new_operator("analyst")
    program = Program(analyst)
    listed = program.ask("GET", "/alerts").json()["items"]
    assert [one["id"] for one in listed] == waiting
    ((_first, costliest, _third),) = [sorted(listed, key=lambda one: one["first_sequence"])]
    assert (costliest["state"], costliest["claimed_by"]) == ("open", None)
    DeskMember.objects.create(operator=analyst, skills=["account_takeover"])
    mine = program.ask("GET", "/alerts").json()["items"]
    assert 0 < len(mine) < len(waiting)
    assert {one["skill"] for one in mine} == {"account_takeover"}
    assert len(program.ask("GET", "/alerts?inbox=all").json()["items"]) == len(waiting)
    about = program.ask("GET", f"/alerts?inbox=all&subject={WHOM}").json()["items"]
    assert [one["subject"] for one in about] == [WHOM]


def test_one_alert_has_an_etag_and_who_looks_is_counted(waiting: list[str]) -> None:
    owner = new_operator("analyst")
    program = Program(owner)
    shown = program.ask("GET", f"/alerts/{waiting[0]}")
    again = {"If-None-Match": shown["ETag"]}
    assert program.ask("GET", f"/alerts/{waiting[0]}", **again).status_code == 304
    assert LookUp.objects.get().operator_id == owner.pk
    assert program.ask("GET", "/alerts/%00").status_code == 422
    assert program.ask("GET", f"/alerts/{'0' * 24}").status_code == 404


def test_two_programs_never_claim_the_same_alert(waiting: list[str]) -> None:
    one, other = Program(new_operator("analyst")), Program(new_operator("analyst"))
    got = [program.ask("POST", "/alerts/next").json()["alert"] for program in (one, other)]
    assert [alert["id"] for alert in got] == waiting[:2]
    refused = other.ask("POST", f"/alerts/{waiting[0]}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "alerts.claimed_alert")
    assert one.ask("POST", f"/alerts/{waiting[0]}/release").json()["claimed_by"] is None
    assert other.ask("POST", f"/alerts/{waiting[0]}/claim").status_code == 200


def test_alerts_are_closed_as_they_were_seen_and_undone(waiting: list[str]) -> None:
    program = Program(new_operator("analyst"))
    seen = {
        one["id"]: one["newest_sequence"] for one in program.ask("GET", "/alerts").json()["items"]
    }
    said = {**JUDGED, "alerts": [{"id": k, "newest_sequence": v} for k, v in seen.items()]}
    read(reviewed(4, subject=WHOM), after=3)
    changed = program.ask("POST", "/alerts/close", said)
    assert (changed.status_code, changed.json()["code"]) == (409, "alerts.changed_alert")
    assert not Closing.objects.exists()
    newer = {
        one["id"]: one["newest_sequence"] for one in program.ask("GET", "/alerts").json()["items"]
    }
    said["alerts"] = [{"id": k, "newest_sequence": v} for k, v in newer.items()]
    made = [program.ask("POST", "/alerts/close", said, **{"Idempotency-Key": "k"}) for _ in "ab"]
    assert [one.json()["alerts"] for one in made] == [3, 3]
    assert Closing.objects.count() == 1
    path = f"/alerts/closings/{made[0].json()['id']}/undo"
    assert Program(new_operator("analyst")).ask("POST", path).status_code == 403
    assert program.ask("POST", path).json()["undone_at"]
    assert Alert.objects.filter(state="open").count() == 3
    assert AuditEntry.objects.filter(action="undo_close_alerts").count() == 1
    unfit = program.ask("POST", "/alerts/close", {**said, "reason_code": "mule_account"})
    assert (unfit.status_code, unfit.json()["code"]) == (409, "alerts.unknown_reason")


def test_alerts_rest_move_and_are_opened_again(waiting: list[str]) -> None:
    program, path = Program(new_operator("analyst")), f"/alerts/{waiting[0]}"
    until = (timezone.now() + timedelta(hours=2)).isoformat()
    slept = program.ask("POST", f"{path}/snooze", {"until": until, "reason": "waits for a call"})
    assert slept.json()["state"] == "snoozed"
    assert program.ask("POST", f"{path}/wake").json()["state"] == "open"
    assert program.ask("POST", f"{path}/move", {"team": "credit"}).json()["team"] == "credit"
    unknown = program.ask("POST", f"{path}/move", {"team": "nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "alerts.invalid_terms")
    newest = program.ask("GET", path).json()["newest_sequence"]
    closed = {**JUDGED, "alerts": [{"id": waiting[0], "newest_sequence": newest}]}
    assert program.ask("POST", "/alerts/close", closed).status_code == 200
    assert [o["id"] for o in program.ask("GET", "/alerts?state=closed").json()["items"]] == waiting[
        :1
    ]
    opened = program.ask("POST", f"{path}/reopen", {"reason": "the customer called"}).json()
    assert (opened["state"], opened["disposition"]) == ("open", "")


def test_a_shift_is_handed_over_and_read(waiting: list[str]) -> None:
    giver, taker = new_operator("analyst"), new_operator("analyst", username="night")
    Program(giver).ask("POST", "/alerts/next")
    said = {"to": "night", "note": "the first one waits for a call"}
    made = Program(giver).ask("POST", "/alerts/hand-over", said).json()
    assert (made["to"], made["alerts"]) == ("night", 1)
    Program(taker).ask("POST", f"/alerts/hand-overs/{made['id']}/read")
    assert Handover.objects.get().read_at is not None
    assert [
        o["id"] for o in Program(taker).ask("GET", "/alerts?inbox=claimed").json()["items"]
    ] == waiting[:1]


def test_actions_are_asked_for_and_dangerous_ones_wait(waiting: list[str]) -> None:
    program = Program(new_operator("analyst"))
    said = {"kind": "delay", "subject": WHOM, "why": "passes money on", "alert_id": waiting[0]}
    made = [program.ask("POST", "/actions", said, **{"Idempotency-Key": "a"}) for _ in "ab"]
    assert made[0].json()["id"] == made[1].json()["id"]
    assert (made[0].json()["state"], Action.objects.count()) == ("waiting", 1)
    path = f"/actions/{made[0].json()['id']}"
    assert program.ask("POST", f"{path}/repeat").status_code == 200
    assert program.ask("POST", f"{path}/withdraw").json()["state"] == "withdrawn"
    settled = program.ask("POST", f"{path}/withdraw")
    assert (settled.status_code, settled.json()["code"]) == (409, "actions.settled")
    lift = program.ask("POST", "/actions", {**said, "kind": "lift"}).json()
    assert lift["state"] == "proposed"
    assert lift["proposal_id"]
    stranger = program.ask("POST", "/actions", {**said, "subject": "f" * 32})
    assert (stranger.status_code, stranger.json()["code"]) == (409, "actions.unknown_subject")
    assert len(program.ask("GET", "/actions?state=any").json()["items"]) == 2
    assert [one["kind"] for one in program.ask("GET", "/actions").json()["items"]] == ["lift"]


def test_a_case_is_opened_and_becomes_an_incident(waiting: list[str]) -> None:
    program = Program(new_operator("analyst"))
    case = program.ask("POST", "/cases", {"alerts": waiting[:1]}).json()
    said: dict[str, Any] = {
        "kind": next(iter(shipped_scale().kinds)),
        "severity": "2",
        "title": "a ring of mules",
    }
    escalated = program.ask("POST", f"/cases/{case['id']}/escalate", said)
    assert escalated.status_code == 200, escalated.content
    assert escalated.json()["incident_id"] == str(Incident.objects.get().pk)
    again = program.ask("POST", f"/cases/{case['id']}/escalate", said)
    assert (again.status_code, again.json()["code"]) == (409, "console.escalated_case")


@pytest.mark.usefixtures("decided")
def test_an_appeal_is_answered_by_hands_that_did_not_decide() -> None:
    desk = Program(new_operator("senior_analyst"))
    said = {"reference": "A-1", "event_id": "e-2", "grounds": "it was me"}
    taken = desk.ask("POST", "/appeals", said).json()
    path = f"/appeals/{taken['id']}/answer"
    found = {"outcome": "upheld", "findings": "looked at the device and the payee"}
    assert desk.ask("POST", path, {**found, "outcome": "perhaps"}).status_code == 422
    answered = desk.ask("POST", path, found)
    assert answered.status_code == 200, answered.content
    assert (answered.json()["state"], answered.json()["outcome"]) == ("answered", "upheld")
    again = desk.ask("POST", path, found)
    assert (again.status_code, Appeal.objects.count()) == (409, 1)
