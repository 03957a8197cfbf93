"""The screen of tokens."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fengkong.console.accounts.verification import recently_verified
from fengkong.console.api.forms import TokenForm
from fengkong.console.api.models import ApiToken
from fengkong.console.api.tokens import issue
from fengkong.console.api.tokens import revoke as revoke_token
from fengkong.console.project.declared import operators
from fengkong.console.project.requests import OperatorRequest


@operators
@never_cache
@require_http_methods(["GET", "POST"])
@recently_verified
def tokens(request: OperatorRequest) -> HttpResponse:
    """One's own tokens (all of them with system.edit); a POST issues one, shown once."""
    form = TokenForm(request.POST or None, operator=request.user)
    secret = ""
    if request.method == "POST" and form.is_valid():
        _token, secret = issue(request.user, **form.cleaned_data)
    shown = {"form": form, "secret": secret, "rows": _visible(request)[:200]}
    return render(request, "api/tokens.html", shown)


@operators
@require_POST
def revoke(request: OperatorRequest, token: int) -> HttpResponse:
    """Make a token useless."""
    if not _visible(request).filter(pk=token).exists():
        raise Http404
    revoke_token(request.user, token)
    return redirect("tokens:tokens")


def _visible(request: OperatorRequest) -> QuerySet[ApiToken]:
    found = ApiToken.objects.select_related("owner")
    return found if request.user.may("system.edit") else found.filter(owner_id=request.user.pk)
