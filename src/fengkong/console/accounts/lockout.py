"""Lockout after wrong passwords and codes, the same for names that exist and that do not.

Five failures for a user name lock it for half an hour (PCI DSS 4.0.1, 8.3.4 allows ten), wherever
they come from; an address that fails for many names is locked too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allauth.mfa.signals import authentication_failed
from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.contrib.auth import logout
from django.contrib.auth.signals import user_login_failed
from django.db.models import Sum
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fengkong.console.accounts.models import Operator, plain_name

ADDRESS_FAILURES_MAX: Final = 50


class Lockout(AxesDatabaseHandler):  # type: ignore[misc]
    """axes' lockout by user name, and by address at a higher count."""

    def is_locked(self, request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> bool:
        """Whether the name or the address failed too often."""
        if super().is_locked(request, credentials):
            return True
        failed = AccessAttempt.objects.filter(
            ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
            attempt_time__gte=get_cool_off_threshold(request),
        ).aggregate(count=Sum("failures_since_start"))
        return (failed["count"] or 0) >= ADDRESS_FAILURES_MAX


def attempted_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """The user name of an attempt, as it is counted: a name in capitals is no other name."""
    written = (credentials or {}).get("username") or request.POST.get("login", "")
    return plain_name(str(written))[:64]


def attempting_address(request: HttpRequest) -> str | None:
    """Where an attempt comes from; no header of the sender is believed."""
    return request.META.get("REMOTE_ADDR")


def locked_out(
    request: HttpRequest, _response: HttpResponse, _credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """What is said to who is locked out; whoever was signed in is no longer."""
    if request.user.is_authenticated:
        logout(request)
    return render(request, "accounts/locked_out.html", status=429)


def unlock(operator: Operator) -> int:
    """Forget the failures of an operator; the number of places they came from."""
    return int(AccessAttempt.objects.filter(username=operator.username).delete()[0])


def is_locked_out(operator: Operator) -> bool:
    """Whether wrong passwords or codes keep an operator out now."""
    return operator.username in locked_out_names()


def locked_out_names() -> set[str]:
    """The user names that wrong passwords or codes keep out now."""
    from django.conf import settings  # noqa: PLC0415 - axes completes the settings late
    from django.utils import timezone  # noqa: PLC0415

    since = timezone.now() - settings.AXES_COOLOFF_TIME
    counted = AccessAttempt.objects.filter(attempt_time__gte=since).values("username")
    counted = counted.annotate(count=Sum("failures_since_start"))
    limit = settings.AXES_FAILURE_LIMIT
    return {row["username"] for row in counted if row["count"] >= limit}


@receiver(authentication_failed)
def count_wrong_code(request: HttpRequest, user: Operator, **_more: Any) -> None:
    """A wrong code counts as a wrong password does."""
    credentials = {"username": user.username}
    user_login_failed.send(sender=__name__, credentials=credentials, request=request)
