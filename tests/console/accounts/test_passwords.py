"""What a password must be, and when it must be changed (PCI DSS 4.0.1, 8.3.5 to 8.3.9)."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from fengkong.console.accounts.models import Operator, SignedIn

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("k9-vier-pfeil", None),
        ("k9-vier-pfei", None),  # twelve
        ("k9-vier-pfe", "password_too_short"),
        ("kein-vier-pfeil", "password_no_letters_and_digits"),
        ("4829-1178-3345", "password_no_letters_and_digits"),
        ("柳暗花明又一村七八九十1", None),
        ("marianne-8-marianne", "password_too_similar"),
        ("1qaz2wsx3edc", "password_too_common"),
    ],
)
def test_rules(password: str, code: str | None) -> None:
    operator = Operator(username="marianne-marianne", name="Marianne")
    if code is None:
        validate_password(password, operator)
        return
    with pytest.raises(ValidationError) as raised:
        validate_password(password, operator)
    assert code in {error.code for error in raised.value.error_list}


def test_the_last_four_are_not_taken_again(make_operator: Callable[..., Operator]) -> None:
    used = [f"pferd-und-wagen-{number}" for number in range(6)]
    operator = make_operator("analyst", password=used[0])
    for password in used[1:]:
        validate_password(password, operator)
        operator.set_password(password)
        operator.save()
    for password, refused in zip(used, [False, False, True, True, True, True], strict=True):
        if refused:
            with pytest.raises(ValidationError) as raised:
                validate_password(password, operator)
            assert {e.code for e in raised.value.error_list} == {"password_used_before"}
        else:
            validate_password(password, operator)
    assert operator.former_passwords.count() == 4


def test_a_change_ends_the_other_sessions_and_is_recorded(
    make_operator: Callable[..., Operator], browser_of: Callable[[Operator], Any]
) -> None:
    operator = make_operator("analyst", password="pferd-und-wagen-1")
    here, there = browser_of(operator), browser_of(operator)
    Operator.objects.update(must_change_password=True)
    form = {
        "oldpassword": "pferd-und-wagen-1",
        "password1": "pferd-und-wagen-2",
        "password2": "pferd-und-wagen-2",
    }
    answer = here.post(reverse("account_change_password"), form)
    assert (answer.status_code, answer["Location"]) == (302, reverse("own_page"))
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert SignedIn.objects.filter(operator=operator).count() == 1
    same = form | {"oldpassword": "pferd-und-wagen-2"}
    assert here.post(reverse("account_change_password"), same).status_code == 200


@pytest.mark.parametrize(("days", "factor", "due"), [(89, 0, 0), (91, 0, 1), (400, 1, 0)])
def test_age_counts_only_where_a_password_is_alone(
    make_operator: Callable[..., Operator],
    browser_of: Callable[[Operator], Any],
    clock: Any,
    days: int,
    factor: int,
    due: int,
) -> None:
    operator = make_operator("analyst", password="pferd-und-wagen-1")
    if not factor:
        Authenticator.objects.all().delete()
    clock.move(days=days)
    answer = browser_of(operator).get(reverse("own_page"))
    went = answer.get("Location") == reverse("account_change_password")
    assert went == bool(due)


def test_nobody_signs_in_without_a_password(
    make_operator: Callable[..., Operator], client: Client
) -> None:
    make_operator("analyst", username="ann")
    for password in ("", "!", "None"):
        client.post("/accounts/login/", {"login": "ann", "password": password})
        assert "_auth_user_id" not in client.session
