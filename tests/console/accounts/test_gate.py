"""What an operator must have before any screen, and when a session ends."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from fengkong.console.accounts.models import Operator, SignedIn

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Any]


def test_without_a_second_factor_only_its_set_up_is_reached(signed_in: Browsers) -> None:
    browser = signed_in("system_admin")
    Authenticator.objects.all().delete()
    for name in ("home", "own_page", "operators", "mfa_list_webauthn"):
        answer = browser.get(reverse(name))
        assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_index")), name
    for name in ("mfa_index", "mfa_activate_totp", "mfa_add_webauthn"):
        assert browser.get(reverse(name)).status_code == 200, name
    assert browser.post(reverse("invite_operator"), {"username": "x", "name": "X"})["Location"] == (
        reverse("mfa_index")
    )
    assert Operator.objects.count() == 1


def test_recovery_codes_alone_are_no_second_factor(signed_in: Browsers) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    browser = signed_in("system_admin")
    Authenticator.objects.all().delete()
    RecoveryCodes.activate(browser.operator)
    assert browser.get("/")["Location"] == reverse("mfa_index")


def test_setting_up_an_app_opens_the_desk(signed_in: Browsers, clock: Any, code_now: Any) -> None:
    browser = signed_in("analyst")
    Authenticator.objects.all().delete()
    page = browser.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert browser.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    codes = browser.get(answer["Location"]).context["unused_codes"]
    assert len(codes) == 10
    again = browser.get(answer["Location"]).context["unused_codes"]
    assert set(again) == {"****"}  # shown once
    assert browser.get("/").status_code == 200


def test_a_password_that_somebody_else_set_is_changed_first(signed_in: Browsers) -> None:
    browser = signed_in("analyst")
    Operator.objects.update(must_change_password=True)
    assert browser.get("/")["Location"] == reverse("account_change_password")
    assert browser.get(reverse("mfa_index"))["Location"] == reverse("account_change_password")


@pytest.mark.parametrize(("minutes", "expected"), [(14.4, 200), (15.1, 302)])
def test_a_session_that_nobody_uses_ends(
    clock: Any, signed_in: Browsers, minutes: float, expected: int
) -> None:
    browser = signed_in("analyst")
    assert browser.get("/").status_code == 200
    clock.move(minutes=minutes)
    assert browser.get("/").status_code == expected


def test_using_a_session_keeps_it_until_its_longest(clock: Any, signed_in: Browsers) -> None:
    browser = signed_in("analyst")
    for _ in range(72):  # twelve hours
        assert browser.get("/").status_code == 200
        clock.move(minutes=10)
    answer = browser.get("/")
    assert answer.status_code == 200
    clock.move(minutes=1)
    answer = browser.get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    assert not SignedIn.objects.filter(operator=browser.operator).exists()


def test_what_pages_ask_by_themselves_keeps_no_session(
    clock: Any, signed_in: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in("analyst")
    monkeypatch.setattr(resolve("/").func, "fengkong_unattended", True, raising=False)
    for _ in range(2):
        clock.move(minutes=7)
        assert browser.get("/").status_code == 200
    clock.move(minutes=2)
    assert browser.get("/").status_code == 302


def test_a_part_of_a_page_leads_the_whole_page_to_sign_in(client: Client) -> None:
    answer = client.get(
        reverse("operators"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/people/?q=a"},
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fpeople%2F%3Fq%3Da"


def test_times_are_those_of_the_operator(
    signed_in: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fengkong.console.accounts import own

    seen: list[str] = []
    real = own.render
    monkeypatch.setattr(
        own, "render", lambda *a: seen.append(timezone.get_current_timezone_name()) or real(*a)
    )
    browser = signed_in("analyst")
    browser.get(reverse("own_page"))
    Operator.objects.update(time_zone="Europe/Berlin")
    browser.get(reverse("own_page"))
    assert seen == ["Asia/Shanghai", "Europe/Berlin"]
