"""Operators of a demonstration: one of each role, with a password and an authenticator to show."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection, transaction
from django.utils import timezone, translation

from fengkong.cli.language import current_language
from fengkong.cli.operators import one_time_password
from fengkong.console.accounts.duties import ROLES
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.audit.recording import record

_SECRET_BYTES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOperator:
    """What it takes to sign in; `secret` is that of the authenticator, in base 32."""

    username: str
    title: str
    password: str
    secret: str


def made_demo_operators() -> list[DemoOperator]:
    """One operator of each role; none where the console has operators. Needs a started Django."""
    try:
        with transaction.atomic(), translation.override(_language()):
            if Operator.objects.exists():
                return []
            return [_made(role) for role in ROLES]
    finally:
        connection.close()


def _made(role: str) -> DemoOperator:
    title = str(ROLES[role].title)
    password = one_time_password()
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    operator = Operator.objects.create_user(role, password, name=title, language=_language())
    days = ROLES[role].days_max
    until = None if days is None else timezone.now() + timedelta(days=days)
    RoleGrant.objects.create(operator=operator, role=role, until=until)
    TOTP.activate(operator, secret)
    detail = {"role": role, "demonstration": True}
    record("system", "create_demo_operator", target_kind="operator", target=role, detail=detail)
    return DemoOperator(username=role, title=title, password=password, secret=secret)


def _language() -> str:
    return "zh-hans" if current_language() == "zh" else "en"
