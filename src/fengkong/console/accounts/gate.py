"""What a signed-in operator must fulfil before any screen: a live session, a password of their
own, and a second factor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.accounts import passwords, sessions, verification
from fengkong.console.accounts.factors import has_second_factor
from fengkong.console.project.detours import moved, to_sign_in

ALWAYS_OPEN: Final = frozenset({"account_logout", "account_reauthenticate", "set_language"})
"""Addresses, by name, that a signed-in operator reaches in any state."""
PASSWORD_PAGES: Final = frozenset({"account_change_password"})
FACTOR_PAGES: Final = frozenset(
    {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes"}
)
"""Where a first second factor is set up."""


class Gate:
    """Ends what is over and leads operators to what they must set up first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers in the time zone of who asks."""
        if not request.user.is_authenticated:
            return self._get_response(request)
        with timezone.override(ZoneInfo(request.user.time_zone)):
            return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Where the operator must go first; None where the view may run."""
        operator = request.user
        if not operator.is_authenticated:
            return None
        if sessions.is_too_old(request):
            logout(request)
            messages.info(request, _("You were signed in for the longest time allowed."))
            return to_sign_in(request)
        if not verification.is_unattended(view):
            sessions.touch_session(request)
        match = request.resolver_match
        name = match.url_name if match is not None else None
        if name in ALWAYS_OPEN:
            return None
        second = has_second_factor(operator)
        if passwords.is_due(operator, has_second_factor=second):
            if name in PASSWORD_PAGES:
                return None
            return moved(request, reverse("account_change_password"))
        if not second and name not in FACTOR_PAGES | PASSWORD_PAGES:
            return moved(request, reverse("mfa_index"))
        return None
