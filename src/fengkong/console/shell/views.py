"""The first page, and the top bar's search."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve, reverse

from fengkong.console.project.declared import operators
from fengkong.console.shell.search import TEXT_MAX, found_for


@operators
def home(request: HttpRequest) -> HttpResponse:
    """Where an operator begins: what happens now, or their own screens where that is not theirs."""
    if request.user.may("now.view"):  # type: ignore[union-attr]
        shown: HttpResponse = resolve(reverse("live_overview")).func(request)
        return shown
    return render(request, "shell/home.html")


@operators
def search(request: HttpRequest) -> HttpResponse:
    """What the top bar's search finds; it is posted, so that no address holds what was typed."""
    sought = request.POST.get("q", request.GET.get("q", ""))[:TEXT_MAX]
    found = found_for(request.user, sought)  # type: ignore[arg-type]
    return render(request, "shell/search.html", {"sought": sought, "found": found})
