"""Operators for tests, and browsers in which they are signed in."""

import itertools
import time
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.test import Client
from django.utils import timezone

from fengkong.console.accounts.duties import ROLES
from fengkong.console.accounts.models import Operator, RoleGrant

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_NUMBERS = itertools.count(1)


class Browser(Client):
    """A client that knows who is signed in."""

    operator: Operator


def new_operator(*roles: str, username: str = "", password: str | None = None) -> Operator:
    """An operator with roles and a second factor (its secret is TOTP_SECRET)."""
    name = username or f"{'-'.join(roles) or 'nobody'}-{next(_NUMBERS)}"
    operator = Operator.objects.create_user(name, password, name=name.title(), language="en")
    for role in roles:
        days = ROLES[role].days_max
        until = None if days is None else timezone.now() + timedelta(days=days - 1)
        RoleGrant.objects.create(operator=operator, role=role, until=until)
    return with_second_factor(operator)


def with_second_factor(operator: Operator) -> Operator:
    """The operator, whose authenticator app has TOTP_SECRET; without it the desk stays closed."""
    Authenticator.objects.get_or_create(
        user=operator,
        type=Authenticator.Type.TOTP,
        defaults={"data": {"secret": encrypt(TOTP_SECRET)}},
    )
    return operator


def sign_in(browser: Client, operator: Operator) -> None:
    """Sign in an operator with both factors, a moment ago; a missing second one is set up."""
    with_second_factor(operator)
    _sign_in(browser, operator)


def browser_of(operator: Operator, **defaults: Any) -> Browser:
    """A browser in which an operator has signed in a moment ago, with the factors there are."""
    browser = Browser(**defaults)
    browser.operator = operator
    _sign_in(browser, operator)
    return browser


def an_hour_later(browser: Client) -> None:
    """Let the proofs of who is signed in grow old."""
    session = browser.session
    for proof in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        proof["at"] -= 3_600
    session.save()


def _sign_in(browser: Client, operator: Operator) -> None:
    browser.force_login(operator)
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time()},
        {"method": "mfa", "type": "totp", "at": time.time()},
    ]
    session["account_authentication_methods_user"] = user_id_to_str(operator)
    session.save()
