"""Policies by programs: drafts under their ETag, proposals, and what the service is asked."""

from typing import Any

import pytest
from tests.console.api.test_operations import Program
from tests.console.governance.versions import TEXT, changed
from tests.console.operators import new_operator

from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry
from fengkong.console.governance.actions import move_version
from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.states import Step

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Program:
    return Program(new_operator("analyst", username="ann"))


@pytest.fixture
def bob() -> Program:
    return Program(new_operator("senior_analyst", username="bob"))


def drafted(program: Program, text: str = TEXT, **more: Any) -> dict[str, Any]:
    answer = program.ask("POST", "/policies", {"text": text, **more})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_draft_is_saved_under_its_etag(ann: Program) -> None:
    path = f"/policies/{drafted(ann)['id']}"
    tag = ann.ask("GET", path)["ETag"]
    new = {"text": changed("amount > 5000", "amount > 9000"), "note": "higher"}
    assert ann.ask("PUT", path, new).status_code == 412
    saved = ann.ask("PUT", path, new, **{"If-Match": tag})
    assert (saved.status_code, saved.json()["edition"]) == (200, 2)
    assert "amount > 9000" in saved.json()["text"]
    assert saved["ETag"] == ann.ask("GET", path)["ETag"] != tag
    assert ann.ask("PUT", path, new, **{"If-Match": tag}).status_code == 412
    assert AuditEntry.objects.filter(action="save_policy_draft").count() == 1


def test_a_difference_is_told_in_both_languages_and_line_by_line(ann: Program) -> None:
    first = drafted(ann)
    second = drafted(ann, changed("amount > 5000", "amount > 9000"), base=first["id"])
    told = ann.ask("GET", f"/policies/{second['id']}/against/{first['id']}").json()
    (one,) = [one for one in told["changes"] if one["name"] == "amount.large"]
    assert one["zh"]
    assert one["en"]
    assert one["zh"] != one["en"]
    assert any(line.startswith("+") and "9000" in line for line in told["lines"])
    assert any(line.startswith("-") and "5000" in line for line in told["lines"])


def test_a_version_is_proposed_approved_by_another_and_stopped(ann: Program, bob: Program) -> None:
    path = f"/policies/{drafted(ann)['id']}"
    assert ann.ask("POST", f"{path}/propose", {"mode": "shadow", "reason": "x"}).status_code == 409
    assert ann.ask("POST", f"{path}/check").json()["state"] == "checked"
    assert ann.ask("POST", f"{path}/propose", {"mode": "all", "reason": "x"}).status_code == 422
    said = {"mode": "shadow", "reason": "to see"}
    proposal = ann.ask("POST", f"{path}/propose", said).json()
    assert (proposal["kind"], proposal["state"]) == ("activate_policy", "open")
    assert bob.ask("POST", f"/proposals/{proposal['id']}/approve", {}).status_code == 200
    assert ann.ask("GET", path).json()["state"] == "approved"
    asked = ServiceChange.objects.get()
    assert (asked.kind, asked.approved_by) == ("shadow", "bob")
    PolicyVersion.objects.update(state="shadow")
    assert ann.ask("POST", f"{path}/stop", {"reason": "seen"}).status_code == 403
    ended = bob.ask("POST", f"{path}/stop", {"reason": "seen"}).json()
    assert (ended["kind"], ended["state"]) == ("end_shadow", "waiting")
    assert bob.ask("GET", f"/policies/changes/{ended['id']}").json() == ended


def test_a_canary_has_its_share(ann: Program, bob: Program) -> None:
    path = f"/policies/{drafted(ann)['id']}"
    ann.ask("POST", f"{path}/check")
    said = {"mode": "canary", "reason": "to try"}
    assert ann.ask("POST", f"{path}/propose", said).json()["code"] == "console.invalid_share"
    assert ann.ask("POST", f"{path}/propose", said | {"share": 0.6}).status_code == 422
    asked = said | {"share": 0.2, "by": "device"}
    proposal = ann.ask("POST", f"{path}/propose", asked).json()
    assert bob.ask("POST", f"/proposals/{proposal['id']}/approve", {}).status_code == 200
    change = ServiceChange.objects.get()
    assert (change.kind, change.share, change.by) == ("canary", 0.2, "device")
    version = PolicyVersion.objects.get()
    move_version(version, Step.START_CANARY, actor="bob", detail={"share": 0.2, "by": "device"})
    (runs,) = ann.ask("GET", "/policies/running").json()["items"]
    assert (runs["state"], runs["share"], runs["by"]) == ("canary", 0.2, "device")
    steps = ann.ask("GET", f"{path}/steps").json()["items"]
    assert (steps[0]["share"], steps[0]["at"]) == (0.2, runs["since"])
    assert [one["step"] for one in steps] == [
        *("start_canary", "approve", "propose", "check", "create")
    ]


def test_a_parameter_is_changed_from_a_day_on(ann: Program) -> None:
    PolicyVersion.objects.filter(pk=drafted(ann)["id"]).update(state="live")
    path = "/policies/live/parameters/limits.cards_per_device"
    said = {"since": "2026-06-01", "value": "4", "reference": "FRAUD-20", "reason": "families"}
    assert ann.ask("POST", path, said | {"value": "four"}).json()["code"] == (
        "console.unreadable_value"
    )
    assert ann.ask("POST", path, said).json()["kind"] == "activate_policy"
    assert PolicyVersion.objects.get(part="parameter").change["since"] == "2026-06-01"
    tried = said | {"mode": "canary", "canary_share": 0.2, "canary_by": "card"}
    assert ann.ask("POST", path, tried).json()["kind"] == "activate_policy"
    content = Proposal.objects.order_by("-pk").first().content
    assert (content["mode"], content["share"], content["by"]) == ("canary", 0.2, "card")
    draft = ann.ask("POST", f"{path}/drafts", said).json()
    assert (draft["state"], draft["part"], draft["change"]["value"]) == ("draft", "parameter", "4")
    again = ann.ask("POST", f"/policies/{draft['id']}/make-again", {})
    assert again.json()["code"] == "console.unknown_part", "it is of the live policy"
    back = ann.ask("POST", f"/policies/{draft['id']}/take-back", {"reason": "r"})
    assert back.json()["code"] == "console.unknown_part", "it never was live"
    asked = {"how": "crown", "reason": "better"}
    answer = ann.ask("POST", "/policies/live/models/fraud_probability", asked)
    assert answer.json()["code"] == "console.unknown_part"
    drafts = "/policies/live/models/fraud_probability/drafts"
    assert ann.ask("POST", drafts, {"how": "crown"}).json()["code"] == "console.unknown_part"


def test_a_roll_back_is_one_act_of_one_person_with_a_reason(bob: Program) -> None:
    path = "/policies/live/roll-back"
    assert bob.ask("POST", path, {}).status_code == 422
    assert bob.ask("POST", path, {"reason": "too strict"}).json()["kind"] == "roll_back"
    assert AuditEntry.objects.get(action="roll_back_policy").actor == "bob"


def test_a_version_is_given_up(ann: Program) -> None:
    path = f"/policies/{drafted(ann)['id']}"
    assert ann.ask("POST", f"{path}/abandon", {"reason": "no"}).json()["state"] == "retired"
    again = ann.ask("POST", f"{path}/abandon", {"reason": "no"})
    assert (again.status_code, again.json()["code"]) == (409, "console.refused_step")


def test_a_version_is_compared_only_where_the_preview_runs(ann: Program) -> None:
    path = f"/policies/{drafted(ann)['id']}"
    ann.ask("POST", f"{path}/check")
    answer = ann.ask("POST", f"{path}/backtest")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert ann.ask("GET", path).json()["state"] == "checked"
