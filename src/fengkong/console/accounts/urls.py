"""Addresses of accounts: signing in, one's own page, and the operators.

Of allauth's pages only those named here exist; there is no sign-up, no mail and no other way in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from fengkong.console.accounts import own, screens, signing_in
from fengkong.console.project.declared import operators, public

signing_in_pages = [
    path("login/", public(account.login), name="account_login"),
    path("login/factor/", public(mfa.authenticate), name="mfa_authenticate"),
    path("login/passkey/", public(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("logout/", public(account.logout), name="account_logout"),
    path("enrol/<str:secret>/", own.enrol, name="enrol"),
    path("verify/", operators(account.reauthenticate), name="account_reauthenticate"),
    path("verify/factor/", operators(mfa.reauthenticate), name="mfa_reauthenticate"),
    path(
        "verify/passkey/",
        operators(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("password/", operators(signing_in.change_password), name="account_change_password"),
]


def _factor(route: str, view: Callable[..., Any], name: str) -> Any:
    return path(f"factors/{route}", operators(view), name=name)


factor_pages = [
    _factor("", mfa.index, "mfa_index"),
    _factor("app/", totp.activate_totp, "mfa_activate_totp"),
    _factor("app/remove/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _factor("codes/", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _factor("codes/new/", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _factor("passkeys/", webauthn.list_webauthn, "mfa_list_webauthn"),
    _factor("passkeys/add/", webauthn.add_webauthn, "mfa_add_webauthn"),
    _factor("passkeys/<int:pk>/", webauthn.edit_webauthn, "mfa_edit_webauthn"),
    _factor("passkeys/<int:pk>/remove/", signing_in.remove_passkey, "mfa_remove_webauthn"),
]

own_pages = [
    path("me/", own.own_page, name="own_page"),
    path("me/sessions/end/", own.end_others, name="end_other_sessions"),
    path("sessions/<str:handle>/end/", own.end_session, name="end_session"),
]

urlpatterns = [*signing_in_pages, *factor_pages, *own_pages]

people_pages = [
    path("", screens.operators_page, name="operators"),
    path("invitations/new/", screens.invite_page, name="invite_operator"),
    path("<str:username>/", screens.operator_page, name="operator"),
    path("<str:username>/link/", screens.renew_link, name="renew_invitation"),
    path("<str:username>/lock/", screens.lock_page, name="lock_operator"),
    path("<str:username>/release/", screens.release, name="release_operator"),
    path("<str:username>/factors/", screens.reset_page, name="reset_factors"),
    path("<str:username>/sessions/", screens.end_all, name="end_sessions"),
    path("<str:username>/roles/", screens.roles_page, name="change_roles"),
]
