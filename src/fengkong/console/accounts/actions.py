"""What administrators do with operators, and operators with their own account."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from fengkong.console.accounts import lockout, sessions
from fengkong.console.accounts.duties import ADMINISTRATORS
from fengkong.console.accounts.models import Invitation, Operator, RoleGrant, SignedIn, plain_name
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

INVITATION_HOURS: Final = 72


class TakenNameError(RiskError):
    """An operator of this user name exists."""

    code = "console.taken_name"
    hint = "Choose another user name; names are compared without regard to case."


class OwnAccountError(RiskError):
    """An administrator tried to act as one on their own account."""

    code = "console.own_account"
    hint = "Ask another administrator."


class LastAdministratorError(RiskError):
    """Without this operator nobody would hold one of the three administrators' duties."""

    code = "console.last_administrator"
    hint = "Give the duty to another operator first."


class SpentInvitationError(RiskError):
    """An enrolment link is unknown, expired or used."""

    code = "console.spent_invitation"
    hint = "Ask the system administrator for a new link."


@transaction.atomic
def invite(by: Operator, *, username: str, name: str, email: str = "") -> tuple[Operator, str]:
    """A new operator without a role, and the secret of the enrolment link.

    Raises PermissionDenied, TakenNameError.
    """
    _demand(by, "operators.invite")
    try:
        with transaction.atomic():
            operator = Operator.objects.create_user(username, name=name, email=email)
    except IntegrityError:
        raise TakenNameError(f"{plain_name(username)} is taken") from None
    _record(by, "invite_operator", operator)
    return operator, _new_link(by, operator)


@transaction.atomic
def renew_invitation(by: Operator, operator: Operator) -> str:
    """The secret of a new enrolment link, which replaces the password when it is used.

    Older links are void at once, and so are the sessions. Raises PermissionDenied, OwnAccountError.
    """
    _demand(by, "operators.invite")
    _refuse_own(by, operator)
    operator.invitations.filter(used_at=None).update(expires_at=timezone.now())
    sessions.end_sessions(operator)
    _record(by, "renew_invitation", operator)
    return _new_link(by, operator)


def invitation_of(secret: str) -> Invitation:
    """The invitation of a link that can be used now; raises SpentInvitationError."""
    found = (
        Invitation.objects.select_related("operator")
        .filter(secret_hash=_hash(secret), used_at=None, expires_at__gt=timezone.now())
        .filter(operator__is_active=True)
        .first()
    )
    if found is None:
        raise SpentInvitationError("this link cannot be used (any more)")
    return found


@transaction.atomic
def enrol(secret: str, *, password: str) -> Operator:
    """Set the password of who was invited; the link is spent. Raises SpentInvitationError.

    The password must have been validated.
    """
    invitation = invitation_of(secret)
    spent = Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now())
    if not spent:
        raise SpentInvitationError("this link was used a moment ago")
    operator = invitation.operator
    operator.set_password(password)
    operator.must_change_password = False
    operator.save()
    sessions.end_sessions(operator)
    lockout.unlock(operator)
    _record(operator, "enrol", operator)
    return operator


@transaction.atomic
def lock(by: Operator, operator: Operator, *, reason: str) -> None:
    """Keep an operator out; the sessions end at once.

    Raises PermissionDenied, OwnAccountError, LastAdministratorError.
    """
    _demand(by, "operators.edit")
    _refuse_own(by, operator)
    _refuse_last(operator, leaves=ADMINISTRATORS)
    operator.is_active = False
    operator.locked_because = reason
    operator.save(update_fields=["is_active", "locked_because"])
    ended = sessions.end_sessions(operator)
    _record(by, "lock_operator", operator, reason=reason, sessions=ended)


@transaction.atomic
def release(by: Operator, operator: Operator) -> None:
    """Let an operator in again, whether locked by somebody or out after failures.

    Raises PermissionDenied, OwnAccountError.
    """
    _demand(by, "operators.edit")
    _refuse_own(by, operator)
    was = operator.locked_because
    operator.is_active = True
    operator.locked_because = ""
    operator.save(update_fields=["is_active", "locked_because"])
    lockout.unlock(operator)
    _record(by, "release_operator", operator, was=was)


@transaction.atomic
def reset_factors(by: Operator, operator: Operator, *, reason: str) -> None:
    """Remove every factor; the operator sets up new ones at the next sign-in.

    The sessions end at once. Raises PermissionDenied, OwnAccountError.
    """
    _demand(by, "factors.reset")
    _refuse_own(by, operator)
    for factor in Authenticator.objects.filter(user=operator):
        factor.delete()
    sessions.end_sessions(operator)
    _record(by, "reset_factors", operator, reason=reason)


@transaction.atomic
def end_session(by: Operator, session: SignedIn) -> None:
    """End one session: one's own, or anybody's with the permission. Raises PermissionDenied."""
    owner = session.operator
    assert owner is not None, "sessions of strangers are not shown"
    if owner.pk != by.pk:
        _demand(by, "sessions.end")
    session.delete()
    _record(by, "end_session", owner, session=session.handle)


@transaction.atomic
def end_all_sessions(by: Operator, operator: Operator) -> int:
    """End every session of an operator; how many. Raises PermissionDenied."""
    _demand(by, "sessions.end")
    ended = sessions.end_sessions(operator)
    _record(by, "end_sessions", operator, sessions=ended)
    return ended


@transaction.atomic
def end_other_sessions(operator: Operator, *, but: str | None) -> int:
    """End the sessions of an operator `but` the one of a key; how many."""
    ended = sessions.end_sessions(operator, but=but)
    _record(operator, "end_sessions", operator, sessions=ended)
    return ended


@transaction.atomic
def prefer(operator: Operator, *, language: str, theme: str, time_zone: str) -> None:
    """Keep what an operator chose for the screens."""
    operator.language, operator.theme, operator.time_zone = language, theme, time_zone
    operator.save(update_fields=["language", "theme", "time_zone"])
    chosen = {"language": language, "theme": theme, "time_zone": time_zone}
    _record(operator, "change_preferences", operator, **chosen)


def duties_left_empty(operator: Operator, *, leaves: frozenset[str]) -> set[str]:
    """The administrators' duties that only this operator holds for good, of those to leave.

    Held for good is by somebody who may sign in, without an end.
    """
    lasting = RoleGrant.objects.filter(role__in=leaves & ADMINISTRATORS, until=None)
    held = set(lasting.filter(operator=operator).values_list("role", flat=True))
    others = lasting.filter(operator__is_active=True).exclude(operator=operator)
    return held - set(others.values_list("role", flat=True))


def _refuse_last(operator: Operator, *, leaves: frozenset[str]) -> None:
    if empty := duties_left_empty(operator, leaves=leaves):
        raise LastAdministratorError(f"{operator.username} is the last {', '.join(sorted(empty))}")


def _demand(by: Operator, permission: str) -> None:
    if not by.may(permission):
        raise PermissionDenied(permission)


def _refuse_own(by: Operator, operator: Operator) -> None:
    if by.pk == operator.pk:
        raise OwnAccountError(f"{by.username} acts on {operator.username}")


def _new_link(by: Operator, operator: Operator) -> str:
    secret = secrets.token_urlsafe(32)
    Invitation.objects.create(
        operator=operator,
        invited_by=by,
        secret_hash=_hash(secret),
        expires_at=timezone.now() + timedelta(hours=INVITATION_HOURS),
    )
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(by: Operator, action: str, operator: Operator, **detail: object) -> None:
    record(by, action, target_kind="operator", target=operator.username, detail=detail)
