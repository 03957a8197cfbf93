"""How operators sign in: allauth's flow with our rules."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import password_change
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import remove_webauthn
from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from fengkong.console.accounts import verification
from fengkong.console.accounts.factors import Factors
from fengkong.console.accounts.models import Operator
from fengkong.console.accounts.preferences import with_preferences
from fengkong.console.project.declared import operator_of
from fengkong.console.project.detours import to_sign_in
from fengkong.core.errors import RiskError


class SignUpError(RiskError):
    """Something tried to make an operator out of a stranger."""

    code = "console.sign_up"
    hint = "Operators are invited by an administrator; nobody signs up."


class SigningIn(DefaultAccountAdapter):  # type: ignore[misc]
    """No sign-up, no mail; what a stranger is told does not depend on who exists."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: operators are invited."""
        del request
        return False

    def new_user(self, request: HttpRequest) -> Operator:
        """Raises SignUpError."""
        raise SignUpError(f"{request.path} tried to make an operator")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Operator | None:
        """Who has these credentials; a locked operator is refused as a wrong password is."""
        operator: Operator | None = super().authenticate(request, **credentials)
        return operator if operator is not None and operator.is_active else None

    def post_login(self, request: HttpRequest, user: Operator, **more: Any) -> HttpResponse:
        """To where the operator wanted to go, with the language and theme they chose."""
        return with_preferences(super().post_login(request, user, **more), user)

    def respond_user_inactive(self, request: HttpRequest, user: Operator) -> HttpResponse:
        """A locked operator with a valid passkey sees that it is of no use."""
        del user
        return to_sign_in(request)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within minutes of the last proof; the sign-in itself is one."""
        del app, kwargs
        return not verification.is_recent(self.request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the operator's own page."""
        del request
        return reverse("own_page")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent: links are handed over by who invites."""
        del template_prefix, email, context


class SecondFactorForm(AuthenticateForm):  # type: ignore[misc]
    """The code at sign-in; who is locked out is not asked."""

    def clean_code(self) -> str:
        """The code; raises ValidationError."""
        _refuse_locked_out(self.user)
        return str(super().clean_code())


class SecondFactorAgainForm(ReauthenticateForm):  # type: ignore[misc]
    """The code before a dangerous act; who is locked out is not asked."""

    def clean_code(self) -> str:
        """The code; raises ValidationError."""
        _refuse_locked_out(self.user)
        return str(super().clean_code())


def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; who has none yet gets one by an enrolment link."""
    if not operator_of(request).has_usable_password():
        raise PermissionDenied("there is no password to change")
    return password_change(request)  # type: ignore[no-any-return]


def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a passkey of one's own, unless it is the last second factor."""
    factor = get_object_or_404(
        Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN
    )
    if not Factors().can_delete_authenticator(factor):
        messages.error(request, Factors().error_messages["cannot_delete_authenticator"])
        return redirect("mfa_list_webauthn")
    return remove_webauthn(request, pk=pk)  # type: ignore[no-any-return]


def _refuse_locked_out(operator: Operator) -> None:
    credentials = {"username": operator.username}
    if not AxesProxyHandler.is_allowed(context.request, credentials):
        context.request.axes_locked_out = True
        context.request.axes_credentials = credentials
        raise SigningIn(context.request).validation_error("too_many_login_attempts")
