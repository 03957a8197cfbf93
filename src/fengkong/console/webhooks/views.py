"""The screens of webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengkong.console.accounts.verification import recently_verified
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.console.webhooks import changing
from fengkong.console.webhooks.changing import PERMISSION
from fengkong.console.webhooks.delivering import body_of
from fengkong.console.webhooks.forms import (
    DeliveriesForm,
    EndpointForm,
    RangeForm,
    ReasonForm,
    RotationForm,
)
from fengkong.console.webhooks.models import Delivery, Endpoint
from fengkong.console.webhooks.occurrences import OCCURRENCES
from fengkong.console.webhooks.queries import deliveries_of, lamp_of, summaries
from fengkong.core.errors import RiskError


@needs(PERMISSION)
@require_GET
def endpoints(request: OperatorRequest) -> HttpResponse:
    """Every endpoint."""
    return render(request, "webhooks/endpoints.html", {"summaries": summaries()})


@needs(PERMISSION)
@never_cache
@require_http_methods(["GET", "POST"])
@recently_verified
def add(request: OperatorRequest) -> HttpResponse:
    """Add an endpoint; its secret is shown once."""
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = changing.add_endpoint(request.user, form.terms())
        except RiskError as error:
            form.add_error("url", told_error(error))
        else:
            return _with_secret(request, endpoint, secret)
    return render(request, "webhooks/edit.html", {"form": form, "endpoint": None})


@needs(PERMISSION)
@require_http_methods(["GET", "POST"])
@recently_verified
def edit(request: OperatorRequest, pk: int) -> HttpResponse:
    """Change an endpoint."""
    endpoint = get_object_or_404(Endpoint, pk=pk)
    form = EndpointForm(request.POST or None, initial=_said(endpoint))
    if request.method == "POST" and form.is_valid():
        try:
            changing.change_endpoint(request.user, pk, form.terms())
        except RiskError as error:
            form.add_error("url", told_error(error))
        else:
            return redirect("webhooks:endpoint", pk=pk)
    return render(request, "webhooks/edit.html", {"form": form, "endpoint": endpoint})


@needs(PERMISSION)
@require_GET
def endpoint(request: OperatorRequest, pk: int) -> HttpResponse:
    """One endpoint with its deliveries."""
    found = get_object_or_404(Endpoint.objects.select_related("health"), pk=pk)
    form = DeliveriesForm(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = deliveries_of(found, asked)
    shown = {
        "endpoint": found,
        "lamp": lamp_of(found),
        "types": [OCCURRENCES[name].title for name in found.types if name in OCCURRENCES],
        "secrets": found.secrets.count(),
        "form": form,
        "page": page_by_cursor(request, rows, order=("-id",), total=rows.count()),
        "range_form": RangeForm(),
        "rotation_form": RotationForm(),
        "reason_form": ReasonForm(),
    }
    return render(request, "webhooks/endpoint.html", shown)


@needs(PERMISSION)
@require_GET
def delivery(request: OperatorRequest, pk: int) -> HttpResponse:
    """One delivery: what was sent, and every answer."""
    found = get_object_or_404(Delivery.objects.select_related("endpoint", "message"), pk=pk)
    content = json.loads(body_of(found.message, personal=False))
    shown = {
        "delivery": found,
        "title": OCCURRENCES[found.message.type].title,
        "tries": found.tries.all(),
        "content": json.dumps(content, ensure_ascii=False, indent=2),
    }
    return render(request, "webhooks/delivery.html", shown)


@needs(PERMISSION)
@never_cache
@require_POST
@recently_verified
def rotate(request: OperatorRequest, pk: int) -> HttpResponse:
    """A new secret, shown once."""
    found = get_object_or_404(Endpoint, pk=pk)
    form = RotationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give a number of hours between 0 and 168."))
        return redirect("webhooks:endpoint", pk=pk)
    secret = changing.rotate_secret(request.user, pk, **form.cleaned_data)
    return _with_secret(request, found, secret)


@needs(PERMISSION)
@require_POST
def disable(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send nothing more."""
    return _act(request, pk, lambda: changing.disable_endpoint(request.user, pk))


@needs(PERMISSION)
@require_POST
@recently_verified
def enable(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send again."""
    return _act(request, pk, lambda: changing.enable_endpoint(request.user, pk))


@needs(PERMISSION)
@require_POST
def ping(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send a test."""
    said = _("A test is on its way; its delivery appears below.")
    return _act(request, pk, lambda: changing.ping(request.user, pk), said=said)


@needs(PERMISSION)
@require_POST
@recently_verified
def remove(request: OperatorRequest, pk: int) -> HttpResponse:
    """Remove an endpoint and its log."""
    get_object_or_404(Endpoint, pk=pk)
    changing.remove_endpoint(request.user, pk)
    return redirect("webhooks:endpoints")


@needs(PERMISSION)
@require_POST
def replay(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send picked deliveries again."""
    picked = [int(text) for text in request.POST.getlist("picked") if text.isdecimal()]
    return _replayed(request, pk, lambda: changing.replay_deliveries(request.user, pk, picked))


@needs(PERMISSION)
@require_POST
def replay_range(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send the messages of a time range again."""
    get_object_or_404(Endpoint, pk=pk)
    form = RangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the beginning and the end of the range."))
        return redirect("webhooks:endpoint", pk=pk)
    span = form.cleaned_data
    return _replayed(request, pk, lambda: changing.replay_range(request.user, pk, **span))


@needs(PERMISSION)
@require_POST
@recently_verified
def propose_personal(request: OperatorRequest, pk: int) -> HttpResponse:
    """Ask a colleague to approve personal data in messages."""
    get_object_or_404(Endpoint, pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give a reason."))
        return redirect("webhooks:endpoint", pk=pk)
    reason = form.cleaned_data["reason"]
    said = _("A colleague must approve it now.")
    return _act(
        request, pk, lambda: changing.propose_personal(request.user, pk, reason=reason), said=said
    )


@needs(PERMISSION)
@require_POST
def withhold_personal(request: OperatorRequest, pk: int) -> HttpResponse:
    """No personal data in messages any more."""
    return _act(request, pk, lambda: changing.withhold_personal(request.user, pk))


def _act(
    request: OperatorRequest, pk: int, act: Callable[[], object], *, said: str = ""
) -> HttpResponse:
    get_object_or_404(Endpoint, pk=pk)
    try:
        act()
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        if said:
            messages.success(request, said)
    return redirect("webhooks:endpoint", pk=pk)


def _replayed(request: OperatorRequest, pk: int, act: Callable[[], int]) -> HttpResponse:
    get_object_or_404(Endpoint, pk=pk)
    try:
        count = act()
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        said = ngettext(
            "%(count)s message is sent again.", "%(count)s messages are sent again.", count
        )
        messages.success(request, said % {"count": count})
    return redirect("webhooks:endpoint", pk=pk)


def _with_secret(request: OperatorRequest, found: Endpoint, secret: str) -> HttpResponse:
    return render(request, "webhooks/secret.html", {"endpoint": found, "secret": secret})


def _said(found: Endpoint) -> dict[str, Any]:
    return {
        "name": found.name,
        "url": found.url,
        "types": found.types,
        "outcomes": found.outcomes,
    }
