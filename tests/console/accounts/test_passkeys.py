"""Passkeys: set up, asked as a second factor, and alone as both."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from tests.console.soft_passkey import SoftPasskey

from fengkong.console.accounts.models import Operator

pytestmark = pytest.mark.django_db
HOST = {"HTTP_HOST": "localhost"}
PASSWORD = "corret-Pferd-42-battery"


def add(browser: Client, passkey: SoftPasskey, *, passwordless: bool, **more: str) -> Any:
    page = browser.get(reverse("mfa_add_webauthn"), **HOST)
    options = page.context["js_data"]["creation_options"]
    answer = passkey.register(json.loads(json.dumps(options)), **more)
    form = {"name": "my key", "credential": json.dumps(answer)}
    form |= {"passwordless": "on"} if passwordless else {}
    return options, browser.post(reverse("mfa_add_webauthn"), form, **HOST)


@pytest.fixture
def ann(make_operator: Callable[..., Operator]) -> Operator:
    operator = make_operator("analyst", username="ann", password=PASSWORD)
    Authenticator.objects.all().delete()
    return operator


def test_a_passkey_alone_signs_in(
    ann: Operator, browser_of: Callable[[Operator], Client], client: Client
) -> None:
    passkey = SoftPasskey()
    options, answer = add(browser_of(ann), passkey, passwordless=True)
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    address = reverse("mfa_login_webauthn")
    asked = client.get(address, headers={"Accept": "application/json"}, **HOST)
    proof = passkey.sign(asked.json()["request_options"], owner=options["publicKey"]["user"]["id"])
    answer = client.post(address, {"credential": json.dumps(proof)}, **HOST)
    assert answer["Location"] == "/"
    assert client.get("/", **HOST).status_code == 200
    again = Client().post(address, {"credential": json.dumps(proof)}, **HOST)
    assert again["Location"] == reverse("account_login")  # a proof answers one question


def test_a_key_without_verification_is_a_second_factor_only(
    ann: Operator, browser_of: Callable[[Operator], Client], client: Client
) -> None:
    passkey = SoftPasskey(verifies=False)
    options, _ = add(browser_of(ann), passkey, passwordless=False)
    owner = options["publicKey"]["user"]["id"]
    address = reverse("mfa_login_webauthn")
    asked = client.get(address, headers={"Accept": "application/json"}, **HOST)
    proof = passkey.sign(asked.json()["request_options"], owner=owner)
    client.post(address, {"credential": json.dumps(proof)}, **HOST)
    assert "_auth_user_id" not in client.session

    client.post(reverse("account_login"), {"login": "ann", "password": PASSWORD}, **HOST)
    page = client.get(reverse("mfa_authenticate"), **HOST)
    proof = passkey.sign(page.context["js_data"]["request_options"], owner=owner)
    client.post(reverse("mfa_authenticate"), {"credential": json.dumps(proof)}, **HOST)
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example"])
def test_a_passkey_of_another_site_is_refused(
    ann: Operator, browser_of: Callable[[Operator], Client], origin: str
) -> None:
    _, answer = add(browser_of(ann), SoftPasskey(), passwordless=False, origin=origin)
    assert answer.status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_another_key_does_not_open(
    ann: Operator, browser_of: Callable[[Operator], Client], client: Client
) -> None:
    options, _ = add(browser_of(ann), SoftPasskey(), passwordless=True)
    address = reverse("mfa_login_webauthn")
    asked = client.get(address, headers={"Accept": "application/json"}, **HOST)
    owner = options["publicKey"]["user"]["id"]
    proof = SoftPasskey().sign(asked.json()["request_options"], owner=owner)
    client.post(address, {"credential": json.dumps(proof)}, **HOST)
    assert "_auth_user_id" not in client.session


def test_a_locked_operator_does_not_come_in_by_passkey(
    ann: Operator, browser_of: Callable[[Operator], Client], client: Client
) -> None:
    passkey = SoftPasskey()
    options, _ = add(browser_of(ann), passkey, passwordless=True)
    Operator.objects.update(is_active=False)
    address = reverse("mfa_login_webauthn")
    asked = client.get(address, headers={"Accept": "application/json"}, **HOST)
    owner = options["publicKey"]["user"]["id"]
    proof = passkey.sign(asked.json()["request_options"], owner=owner)
    answer = client.post(address, {"credential": json.dumps(proof)}, **HOST)
    assert answer["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


def test_the_last_second_factor_stays(
    ann: Operator, browser_of: Callable[[Operator], Client]
) -> None:
    browser = browser_of(ann)
    add(browser, SoftPasskey(), passwordless=False)
    one = Authenticator.objects.get(type="webauthn")
    browser.post(reverse("mfa_remove_webauthn", args=[one.pk]), **HOST)
    assert Authenticator.objects.filter(pk=one.pk).exists()
    add(browser, SoftPasskey(), passwordless=False)
    browser.post(reverse("mfa_remove_webauthn", args=[one.pk]), **HOST)
    assert not Authenticator.objects.filter(pk=one.pk).exists()
