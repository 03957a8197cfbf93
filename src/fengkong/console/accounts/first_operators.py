"""The first administrators, made on the machine that holds the data and not by another operator."""

from __future__ import annotations

from typing import Final

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from fengkong.console.accounts.actions import TakenNameError
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

ADMINISTRATORS: Final = ("system_admin", "security_admin", "audit_admin")
"""The duties that can be given without a colleague, while nobody holds them."""


class UnknownRoleError(RiskError):
    """There is no such role, or its holders are not made here."""

    code = "console.unknown_role"
    hint = "Use system_admin, security_admin or audit_admin; the others are invited in the console."


class DutyHeldError(RiskError):
    """Somebody holds this duty already."""

    code = "console.duty_held"
    hint = "Ask its holder to invite others in the console; a change of role needs four eyes."


class UnknownOperatorError(RiskError):
    """There is no operator of this name."""

    code = "console.unknown_operator"
    hint = "`fengkong operator list` shows the names."


class NotAdministratorError(RiskError):
    """Access is restored here for administrators only."""

    code = "console.not_administrator"
    hint = "Ask an administrator to send a new link from the console."


@transaction.atomic
def make_first(username: str, *, role: str, name: str, password: str, by: str) -> Operator:
    """The first holder of an administrator's duty, who must choose a new password at once.

    `by` is whom the ledger names. Raises UnknownRoleError, DutyHeldError, TakenNameError.
    """
    if role not in ADMINISTRATORS:
        raise UnknownRoleError(f"{role[:40]!r} is none of {', '.join(ADMINISTRATORS)}")
    lasting = Q(until=None) | Q(until__gt=timezone.now())
    held = RoleGrant.objects.filter(lasting, role=role, operator__is_active=True).first()
    if held is not None:
        raise DutyHeldError(f"{held.operator.username} is {role}")
    if Operator.objects.filter(username=username.strip().lower()).exists():
        raise TakenNameError(f"{username.strip().lower()} exists")
    operator = Operator.objects.create_user(username, password, name=name)
    _have_it_changed(operator)
    RoleGrant.objects.create(operator=operator, role=role)
    record(
        by,
        "create_first_operator",
        target_kind="operator",
        target=operator.username,
        detail={"role": role},
    )
    return operator


@transaction.atomic
def restore_access(username: str, *, password: str, by: str) -> Operator:
    """Give an administrator a new password and take the factors away, so that both are set anew.

    Raises UnknownOperatorError, NotAdministratorError.
    """
    operator = Operator.objects.filter(username=username.strip().lower()).first()
    if operator is None:
        raise UnknownOperatorError(f"there is no operator {username[:64]!r}")
    if not operator.roles() & set(ADMINISTRATORS):
        raise NotAdministratorError(f"{operator.username} is no administrator")
    operator.set_password(password)
    operator.is_active = True
    _have_it_changed(operator)
    Authenticator.objects.filter(user=operator).delete()
    record(by, "restore_access", target_kind="operator", target=operator.username)
    return operator


def _have_it_changed(operator: Operator) -> None:
    """What was set by somebody else is changed at the first sign-in (PCI DSS 4.0.1, 8.3.5)."""
    operator.must_change_password = True
    operator.save()
