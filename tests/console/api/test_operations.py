"""The management API, as programs with and without tokens use it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests.console.api.described import check_described
from tests.console.operators import new_operator
from tests.console.webhooks.test_delivering import decision, entries

from fengkong.console.accounts.duties import ROLES
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.api.models import ApiToken, TokenMinute
from fengkong.console.api.operations import OPERATIONS
from fengkong.console.api.tokens import USES_A_MINUTE, InvalidTokenTermsError, issue, revoke
from fengkong.console.api.urls import api
from fengkong.console.approvals import four_eyes
from fengkong.console.audit.models import AuditEntry
from fengkong.console.insiders.models import LookUp
from fengkong.console.journaled.intake import take_in
from fengkong.console.webhooks import changing
from fengkong.console.webhooks.changing import Terms

pytestmark = pytest.mark.django_db


class Program:
    """A program that bears a token."""

    def __init__(self, operator: Operator, *scopes: str) -> None:
        chosen = scopes or sorted(s for s in _all_scopes() if operator.may(s))
        self.text = issue(operator, name="test", scopes=chosen, days=1)[1] if chosen else "none"
        self._client = Client(HTTP_HOST="localhost")

    def ask(self, method: str, path: str, said: Any = None, **headers: str) -> Any:
        body = "" if said is None else json.dumps(said)
        answer = self._client.generic(
            method,
            f"/api/v1{path}",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.text}", **headers},
        )
        check_described(method, path, answer)
        return answer


def _all_scopes() -> set[str]:
    return {scope for role in ROLES.values() for scope in role.permissions}


def every_operation() -> list[tuple[str, str, str]]:
    """Method, path and name of each."""
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    return [
        (method.upper(), re.sub(r"{\w+}", "1", path), one["summary"])
        for path, methods in paths.items()
        for method, one in methods.items()
    ]


def test_every_operation_as_every_role_and_without_a_token() -> None:
    assert len(every_operation()) == len(OPERATIONS) >= 20
    bearers = {role: Program(new_operator(role)) for role in ROLES}
    for method, path, summary in every_operation():
        name = summary.lower().replace(" ", "_")
        asked = OPERATIONS[name]
        stranger = Client(HTTP_HOST="localhost").generic(method, f"/api/v1{path}")
        assert stranger.status_code == 401, path
        for role, program in bearers.items():
            status = program.ask(method, path, {}).status_code
            allowed = asked is None or asked in ROLES[role].permissions
            assert (status != 403) == allowed, f"{method} {path} as {role}: {status}"
            assert status < 500, f"{method} {path} as {role}: {status}"


@pytest.mark.parametrize("text", ["", "fkc_wrong", "x" * 9999, "fkc_\x00"])
def test_a_wrong_token_is_a_problem(text: str) -> None:
    answer = Client(HTTP_HOST="localhost").get(
        "/api/v1/jobs", headers={"Authorization": f"Bearer {text}"}
    )
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "api.unauthenticated"


def test_a_token_never_has_more_than_it_was_given_and_its_owner_has_now() -> None:
    owner = new_operator("system_admin")
    narrow = Program(owner, "system.view")
    assert narrow.ask("GET", "/jobs").status_code == 200
    assert narrow.ask("GET", "/webhooks").status_code == 403
    with pytest.raises(InvalidTokenTermsError):
        issue(owner, name="x", scopes=["policies.approve"], days=1)
    for days in (0, 366):
        with pytest.raises(InvalidTokenTermsError):
            issue(owner, name="x", scopes=["system.view"], days=days)
    RoleGrant.objects.filter(operator=owner).delete()
    assert narrow.ask("GET", "/jobs").status_code == 403


@pytest.mark.parametrize("end", ["revoked", "expired", "locked"])
def test_a_token_ends(end: str) -> None:
    owner = new_operator("system_admin")
    program = Program(owner)
    token = ApiToken.objects.get()
    assert program.text not in (token.secret_hash, token.hint)
    if end == "revoked":
        revoke(owner, token.pk)
    elif end == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        Operator.objects.update(is_active=False)
    assert program.ask("GET", "/jobs").status_code == 401


def test_a_token_is_limited() -> None:
    program = Program(new_operator("system_admin"))
    assert program.ask("GET", "/jobs").status_code == 200
    minute = timezone.now().replace(second=0, microsecond=0)
    later = minute + timedelta(minutes=1)
    TokenMinute.objects.update(count=USES_A_MINUTE, minute=minute)
    answer = program.ask("GET", "/jobs")
    assert answer.status_code == 429 or timezone.now() >= later
    assert answer.headers.get("Retry-After") == "60" or timezone.now() >= later


@pytest.fixture
def program(settings) -> Program:
    from dataclasses import replace

    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=("127.0.0.0/8",))
    settings.CONSOLE.keys.mkdir(mode=0o700, exist_ok=True)
    return Program(new_operator("system_admin", username="ada"))


TERMS = {"name": "hook", "url": "http://127.0.0.1:9/", "types": ["job.failed"], "outcomes": []}


def test_a_webhook_is_added_read_and_changed_under_its_etag(program: Program) -> None:
    made = program.ask("POST", "/webhooks", TERMS).json()
    assert made["secret"].startswith("whsec_")
    path = f"/webhooks/{made['id']}"
    read = program.ask("GET", path)
    assert "secret" not in read.json()
    tag = read["ETag"]
    assert program.ask("GET", path, **{"If-None-Match": tag}).status_code == 304
    new = {**TERMS, "name": "renamed"}
    assert program.ask("PUT", path, new).status_code == 412
    assert program.ask("PUT", path, new, **{"If-Match": tag}).json()["name"] == "renamed"
    assert program.ask("PUT", path, new, **{"If-Match": tag}).status_code == 412
    assert AuditEntry.objects.filter(action="change_webhook").count() == 1


def test_a_webhook_rests_gets_a_new_secret_and_is_removed(program: Program) -> None:
    made = program.ask("POST", "/webhooks", TERMS).json()
    path = f"/webhooks/{made['id']}"
    assert program.ask("POST", f"{path}/disable").json()["state"] == "disabled"
    refused = program.ask("POST", f"{path}/ping")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhooks.disabled_endpoint")
    assert program.ask("POST", f"{path}/enable").json()["state"] == "active"
    assert program.ask("POST", f"{path}/secret", {"overlap_hours": 169}).status_code == 422
    secret = program.ask("POST", f"{path}/secret", {"overlap_hours": 0}).json()["secret"]
    assert secret.startswith("whsec_")
    assert secret != made["secret"]
    assert program.ask("DELETE", path).status_code == 412
    tag = program.ask("GET", path)["ETag"]
    assert program.ask("DELETE", path, **{"If-Match": tag}).status_code == 204
    assert program.ask("GET", path).status_code == 404
    acts = AuditEntry.objects.filter(actor="ada").values_list("action", flat=True)
    assert {"disable_webhook", "enable_webhook", "rotate_webhook_secret", "remove_webhook"} <= set(
        acts
    )


def test_what_was_sent_is_read_and_sent_again(program: Program) -> None:
    path = f"/webhooks/{program.ask('POST', '/webhooks', TERMS).json()['id']}"
    program.ask("POST", f"{path}/ping")
    (sent,) = program.ask("GET", f"{path}/deliveries").json()["items"]
    assert (sent["type"], sent["state"], sent["is_replay"]) == ("webhook.ping", "waiting", False)
    shown = program.ask("GET", f"/webhooks/deliveries/{sent['id']}").json()
    assert (shown["content"]["type"], shown["tries"]) == ("webhook.ping", [])
    assert program.ask("POST", f"{path}/replay", {"picked": [sent["id"]]}).json()["replayed"] == 1
    span = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    assert program.ask("POST", f"{path}/replay-range", span).json()["replayed"] == 1
    late = program.ask("GET", f"{path}/deliveries?since=2100-01-01T00:00:00Z").json()["items"]
    assert late == []
    assert program.ask("GET", f"{path}/deliveries?since=2100-01-01T00:00:00").status_code == 422


def test_personal_data_of_a_webhook_are_proposed_and_withheld(program: Program) -> None:
    path = f"/webhooks/{program.ask('POST', '/webhooks', TERMS).json()['id']}"
    asked = program.ask("POST", f"{path}/personal", {"reason": "needed"}).json()
    assert asked["state"] == "open"
    officer = Program(new_operator("compliance_officer"))
    assert officer.ask("POST", f"/proposals/{asked['id']}/approve", {}).status_code == 200
    assert program.ask("GET", path).json()["personal"] is True
    assert program.ask("DELETE", f"{path}/personal").json()["personal"] is False


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({}, 422, "api.malformed"),
        ({**TERMS, "url": "https://10.0.0.1/"}, 409, "webhooks.refused_destination"),
        ({**TERMS, "types": ["nothing"]}, 409, "webhooks.invalid_endpoint"),
    ],
)
def test_faults_are_problems(program: Program, said: Any, status: int, code: str) -> None:
    answer = program.ask("POST", "/webhooks", said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    if code == "api.malformed":
        assert answer.json()["errors"][0]["pointer"].startswith("/body")


def test_other_methods_and_absent_things_are_problems(program: Program) -> None:
    wrong = program.ask("DELETE", "/jobs")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "api.method")
    for path in ("/webhooks/77", f"/webhooks/{2**70}"):
        absent = program.ask("GET", path)
        assert (absent.status_code, absent.json()["code"]) == (404, "api.absent")


def test_decisions_read_by_a_program_are_counted_like_those_on_a_screen() -> None:
    take_in(entries(decision(1), decision(2)))
    analyst = new_operator("analyst")
    program = Program(analyst, "decisions.view")
    first = program.ask("GET", "/decisions").json()
    assert [one["sequence"] for one in first["items"]] == [2, 1]
    assert program.ask("GET", "/decisions/1").json()["subject"] == "ab" * 16
    assert program.ask("GET", "/decisions/77").status_code == 404
    assert LookUp.objects.filter(operator=analyst).count() == 1


def test_four_eyes_hold_for_tokens(program: Program) -> None:
    ada = Operator.objects.get(username="ada")
    endpoint, _secret = changing.add_endpoint(
        ada, Terms(name="hook", url="http://127.0.0.1:9/", types=("job.failed",))
    )
    proposal = changing.propose_personal(ada, endpoint.pk, reason="needed")
    path = f"/proposals/{proposal.pk}/approve"
    assert program.ask("POST", path, {}).status_code == 403
    officer = new_operator("compliance_officer")
    assert Program(officer, "audit.view").ask("POST", path, {}).status_code in (403, 404)
    done = Program(officer, "personal.approve").ask("POST", path, {"remark": "well"})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert AuditEntry.objects.get(action="approve_webhook_personal_data").actor == officer.username
    again = Program(officer, "personal.approve").ask("POST", path, {})
    assert (again.status_code, again.json()["code"]) == (409, four_eyes.DecidedProposalError.code)


def test_a_token_does_not_make_two_people_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    act = four_eyes.Act("try", "policies.edit", "policies.approve", lambda proposal, by: None)
    monkeypatch.setitem(four_eyes._ACTS, "try_policy", act)
    bob = new_operator("senior_analyst")
    proposal = four_eyes.propose(bob, "try_policy", target="payments", reason="more", content={})
    answer = Program(bob).ask("POST", f"/proposals/{proposal.pk}/approve", {"remark": "well"})
    assert (answer.status_code, answer.json()["code"]) == (409, "console.same_eyes")
    entry = AuditEntry.objects.get(action="refuse_own_hands")
    assert (entry.actor, entry.target) == (bob.username, str(proposal.pk))


def test_tokens_are_issued_shown_once_and_revoked_on_a_screen(
    browser_of: Callable[[Operator], Client],
) -> None:
    owner, other = new_operator("analyst"), new_operator("analyst")
    desk = browser_of(owner)
    page = desk.post("/tokens/", {"name": "mine", "days": 3, "scopes": ["lists.view"]})
    token = ApiToken.objects.get()
    assert page.content.decode().count(token.hint) == 2
    assert b"fkc_" in page.content
    assert desk.get("/tokens/").content.decode().count(token.hint) == 1
    assert (
        desk.post("/tokens/", {"name": "x", "days": 3, "scopes": ["audit.view"]}).status_code == 200
    )
    assert ApiToken.objects.count() == 1
    assert browser_of(other).post(f"/tokens/{token.pk}/revoke/").status_code == 404
    assert desk.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert not token.is_usable
