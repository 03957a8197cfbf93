"""Where a request is led instead: to sign in, to prove who is there, and back again."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back to where the operator was."""
    return moved(request, with_return(request, reverse("account_login")))


def moved(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect of the whole page, also where only a part of it was asked for (htmx)."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def with_return(request: HttpRequest, address: str) -> str:
    """An address that leads back to the page that a request came from."""
    return f"{address}?{urlencode({'next': _page_of(request)})}"


def _page_of(request: HttpRequest) -> str:
    """The page itself; for a part of a page (htmx) the one that shows it, without its host."""
    shown = request.headers.get("HX-Current-URL")
    if shown:
        parts = urlsplit(shown)
        return "/" + parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    return request.get_full_path() if request.method == "GET" else "/"
