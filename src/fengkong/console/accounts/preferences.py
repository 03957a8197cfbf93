"""How an operator wants the screens, carried by the browser from the sign-in page on."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpResponse

from fengkong.console.accounts.models import Operator

THEME_COOKIE: Final = "fengkong_theme"


def with_preferences(response: HttpResponse, operator: Operator) -> HttpResponse:
    """The response, with the operator's language and theme for the next pages."""
    kept = {
        settings.LANGUAGE_COOKIE_NAME: operator.language,
        THEME_COOKIE: operator.theme,
    }
    for name, value in kept.items():
        response.set_cookie(
            name,
            value,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
