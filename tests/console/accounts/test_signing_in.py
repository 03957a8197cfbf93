"""Signing in: two factors, lockout, and what is told to whom."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from fengkong.console.accounts.lockout import ADDRESS_FAILURES_MAX
from fengkong.console.accounts.models import Operator, SignedIn
from fengkong.console.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "corret-Pferd-42-battery"
LOGIN = "/accounts/login/"


def give_password(browser: Client, *, name: str = "ann", password: str = PASSWORD) -> Any:
    return browser.post(LOGIN, {"login": name, "password": password})


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))


@pytest.fixture
def ann(make_operator: Callable[..., Operator], clock: Any) -> Operator:
    return make_operator("analyst", username="ann", password=PASSWORD)


def test_two_factors_let_in(ann: Operator, client: Client, code_now: Any) -> None:
    answer = give_password(client)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    assert client.get("/").status_code == 302
    answer = client.post(answer["Location"], {"code": code_now(SECRET)})
    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200
    assert "sign_in" in acts()
    assert answer.cookies["django_language"].value == "en"


def test_a_code_is_used_once(ann: Operator, code_now: Any) -> None:
    code = code_now(SECRET)
    for expected in (302, 200):
        browser = Client()
        give_password(browser)
        assert browser.post("/accounts/login/factor/", {"code": code}).status_code == expected


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_code_of_another_time_is_wrong(
    ann: Operator, client: Client, clock: Any, code_now: Any, seconds: int
) -> None:
    give_password(client)
    clock.move(seconds=seconds)
    code = code_now(SECRET)
    clock.move(seconds=-seconds)
    assert client.post("/accounts/login/factor/", {"code": code}).status_code == 200
    assert "refuse_sign_in" in acts()


def test_the_session_key_changes_when_somebody_signs_in(
    ann: Operator, client: Client, code_now: Any
) -> None:
    client.get(LOGIN)
    give_password(client)
    before = client.session.session_key
    answer = client.post("/accounts/login/factor/", {"code": code_now(SECRET)})
    cookie = answer.cookies["fengkong_session"]
    assert cookie.value != before
    assert not SignedIn.objects.filter(session_key=before).exists()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == ""  # ends with the browser


@pytest.mark.parametrize("name", ["ann", "nobody", "ANN "])
def test_lockout_after_five_failures_says_the_same_of_everybody(
    ann: Operator, client: Client, clock: Any, name: str
) -> None:
    said = [give_password(client, name=name, password=f"wrong-{n}") for n in range(6)]
    assert [answer.status_code for answer in said] == [200] * 4 + [429] * 2
    for text in (ann.username, "Ann"):
        assert text not in said[-1].content.decode()
    if name != "nobody":  # the right password is of no use now, here or elsewhere
        assert give_password(client).status_code == 429
        elsewhere = Client(REMOTE_ADDR="10.9.8.7")
        assert give_password(elsewhere).status_code == 429
        clock.move(minutes=29, seconds=59)
        assert give_password(elsewhere).status_code == 429
        clock.move(seconds=2)
        assert give_password(elsewhere).status_code == 302
    entries = AuditEntry.objects.filter(action="lock_out")
    assert {e.target for e in entries} == {"unknown" if name == "nobody" else "ann"}


def test_what_fails_looks_the_same_whether_the_name_exists(ann: Operator, client: Client) -> None:
    pages = [give_password(client, name=name, password="wrong") for name in ("ann", "xyz")]
    tokens = re.compile(r'(value|content|hx-headers)=("[^"]*"|\'[^\']*\')')
    cut = [tokens.sub("", page.content.decode()) for page in pages]
    assert all(page.context["form"].non_field_errors() for page in pages)
    assert cut[0] == cut[1]


def test_wrong_codes_lock_out_too(ann: Operator, client: Client, code_now: Any) -> None:
    give_password(client)
    for _ in range(4):
        answer = client.post("/accounts/login/factor/", {"code": "000000"})
        assert answer.status_code == 200
    assert client.post("/accounts/login/factor/", {"code": "000000"}).status_code == 429
    assert client.post("/accounts/login/factor/", {"code": code_now(SECRET)}).status_code == 429
    assert "_auth_user_id" not in client.session


def test_an_address_that_tries_many_names_is_locked_out(
    ann: Operator, client: Client, clock: Any
) -> None:
    for number in range(ADDRESS_FAILURES_MAX):
        assert give_password(client, name=f"name{number}", password="x").status_code == 200
        clock.move(seconds=3)
    assert give_password(client).status_code == 429
    assert give_password(Client(REMOTE_ADDR="10.9.8.7")).status_code == 302


def test_a_locked_operator_is_refused_like_a_wrong_password(ann: Operator, client: Client) -> None:
    Operator.objects.update(is_active=False)
    answer = give_password(client)
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_lets_in_once_and_is_recorded(ann: Operator, client: Client) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    code = RecoveryCodes.activate(ann).generate_codes()[0]
    for expected in (302, 200):
        browser = Client()
        give_password(browser)
        assert browser.post("/accounts/login/factor/", {"code": code}).status_code == expected
    assert acts().count("use_recovery_code") == 1


def test_secrets_of_factors_are_sealed(ann: Operator) -> None:
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored


@pytest.mark.parametrize(
    "address",
    [
        *("signup/", "email/", "confirm-email/", "password/reset/", "password/set/", "inactive/"),
        *("login/code/", "reauthenticate/code/", "3rdparty/", "2fa/", "2fa/webauthn/signup/"),
        *("signup/passkey/", "phone/verify/", "sessions/", "social/signup/", ""),
    ],
)
def test_other_ways_in_do_not_exist(client: Client, address: str) -> None:
    assert client.get(f"/accounts/{address}").status_code == 404
    assert client.post(f"/accounts/{address}").status_code == 404
