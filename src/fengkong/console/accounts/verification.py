"""Proof of who is there: at sign-in, and again before dangerous acts."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.project.declared import declared_access, demand
from fengkong.console.project.detours import moved, with_return

View = TypeVar("View", bound=Callable[..., Any])


def is_recent(request: HttpRequest) -> bool:
    """Whether the operator gave a password or a factor within the last minutes."""
    records = get_authentication_records(request, request.user)
    if not records:
        return False
    elapsed: float = time.time() - records[-1]["at"]
    return elapsed < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def recently_verified(view: View) -> View:
    """Declare a dangerous act: asks for a password or factor unless one was given minutes ago.

    Stands below the declaration of who may use the view: `@needs(...)`, `@recently_verified`,
    `def view`. Reading (GET) is not asked. What was posted is done after the proof, as if it came
    then; a part of a page (htmx) is asked for anew by its page.
    """

    @wraps(view)
    def verified(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        access = declared_access(verified)
        if access is not None:  # what was kept and is done now has not passed the middleware
            demand(request, access)
        if is_recent(request):
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        return _asked_again(request)

    return verified  # type: ignore[return-value]


def unattended(view: View) -> View:
    """Declare a view that pages call by themselves: it keeps no session from ending."""
    view.fengkong_unattended = True  # type: ignore[attr-defined]
    return view


def is_unattended(view: Callable[..., Any]) -> bool:
    """Whether a view is called by pages themselves."""
    return bool(getattr(view, "fengkong_unattended", False))


def _asked_again(request: HttpRequest) -> HttpResponse:
    proof = reverse("account_reauthenticate")
    if request.headers.get("HX-Request") != "true":
        return suspend_request(request, proof)  # type: ignore[no-any-return]
    messages.info(request, _("Confirm that it is you, then do it again."))
    return moved(request, with_return(request, proof))
