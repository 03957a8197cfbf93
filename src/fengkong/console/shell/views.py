"""The first page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fengkong.console.project.declared import operators


@operators
def home(request: HttpRequest) -> HttpResponse:
    """Where an operator begins."""
    return render(request, "shell/home.html")
