"""What libraries do for operators is recorded in the ledger as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from allauth.account.signals import authentication_step_completed, password_changed
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts import sessions
from fengkong.console.accounts.duties import Words
from fengkong.console.accounts.lockout import attempted_name
from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import SYSTEM, record

ACTIONS: Final[dict[str, Words]] = {
    "sign_in": _("Signed in"),
    "sign_out": _("Signed out"),
    "give_password": _("Gave the right password"),
    "prove_presence": _("Proved again who is there"),
    "refuse_sign_in": _("Refused a sign-in"),
    "lock_out": _("Locked out after failures"),
    "change_password": _("Changed the password"),
    "use_recovery_code": _("Used a recovery code"),
    "add_factor": _("Set up a factor"),
    "remove_factor": _("Removed a factor"),
    "reset_factors": _("Removed every factor of an operator"),
    "invite_operator": _("Invited an operator"),
    "renew_invitation": _("Made a new enrolment link"),
    "enrol": _("Enrolled"),
    "lock_operator": _("Locked an operator"),
    "release_operator": _("Released an operator"),
    "end_session": _("Ended a session"),
    "end_sessions": _("Ended all sessions of an operator"),
    "change_preferences": _("Changed language, theme or time zone"),
    "change_role": _("Changed the roles of an operator"),
}
"""What accounts record, in words."""
_UNKNOWN = "unknown"
"""Who failed under a name that nobody has: it may be a password in the wrong field."""
HOURLY_MAX: Final = 30
"""Failures and lock-outs of one operator that are recorded in an hour."""
HOURLY_MAX_UNKNOWN: Final = 200
"""Those under names that nobody has, all together."""


@receiver(user_logged_in)
def on_sign_in(request: HttpRequest, user: Operator, **_more: Any) -> None:
    """A session begins."""
    sessions.begin_session(request)
    _record(user, "sign_in", user.username, address=request.META.get("REMOTE_ADDR", ""))


@receiver(authentication_step_completed)
def on_step(user: Operator, method: str, *, reauthenticated: bool = False, **_more: Any) -> None:
    """A password was right, or somebody proved again who they are."""
    if reauthenticated:
        _record(user, "prove_presence", user.username, method=method)
    elif method == "password":
        _record(user, "give_password", user.username)


@receiver(user_logged_out)
def on_sign_out(request: HttpRequest, user: Operator | None, **_more: Any) -> None:
    """A session ends."""
    del request
    if user is not None:
        _record(user, "sign_out", user.username)


@receiver(user_login_failed)
def on_failure(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any
) -> None:
    """A password or a code was wrong."""
    if request is None:
        return
    address = request.META.get("REMOTE_ADDR", "")
    name = _known(attempted_name(request, credentials))
    _record_bounded("refuse_sign_in", name, address=address)


@receiver(user_locked_out)
def on_lockout(request: HttpRequest, username: str, ip_address: str, **_more: Any) -> None:
    """Too many were wrong."""
    del request
    _record_bounded("lock_out", _known(username), address=ip_address)


@receiver(password_changed)
def on_password(request: HttpRequest, user: Operator, **_more: Any) -> None:
    """An operator changed the password; the other sessions end."""
    Operator.objects.filter(pk=user.pk).update(must_change_password=False)
    user.must_change_password = False
    sessions.end_sessions(user, but=request.session.session_key)
    _record(user, "change_password", user.username)


@receiver(authenticator_used)
def on_factor_used(user: Operator, authenticator: Authenticator, **_more: Any) -> None:
    """A recovery code was spent."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _record(user, "use_recovery_code", user.username)


@receiver(post_save, sender=Authenticator)
def on_factor_added(instance: Authenticator, *, created: bool, **_more: Any) -> None:
    """A factor was set up."""
    if created:
        _record(_actor(), "add_factor", instance.user.username, factor=instance.type)


@receiver(post_delete, sender=Authenticator)
def on_factor_removed(instance: Authenticator, **_more: Any) -> None:
    """A factor was removed."""
    _record(_actor(), "remove_factor", instance.user.username, factor=instance.type)


def _actor() -> Operator | str:
    """Who makes the request that runs; the system where none does."""
    request = context.request
    operator = getattr(request, "user", None)
    return operator if isinstance(operator, Operator) else SYSTEM


def _known(username: str | None) -> str:
    name = username or ""
    return name if Operator.objects.filter(username=name).exists() else _UNKNOWN


def _record_bounded(action: str, username: str, **detail: Any) -> None:
    """Record what strangers can cause, so often an hour at most: they do not fill the ledger."""
    most = HOURLY_MAX_UNKNOWN if username == _UNKNOWN else HOURLY_MAX
    same = AuditEntry.objects.filter(target_kind="operator", target=username, action=action)
    times = same.order_by("-sequence").values_list("recorded_at", flat=True)
    oldest = times[most - 1 : most].first()
    if oldest is None or oldest <= timezone.now() - timedelta(hours=1):
        _record(SYSTEM, action, username, **detail)


def _record(actor: Operator | str, action: str, username: str, **detail: Any) -> None:
    with transaction.atomic():
        record(actor, action, target_kind="operator", target=username, detail=detail)
