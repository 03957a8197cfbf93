"""The list of decisions, and looking them up by a value that stands in no address."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong.client.errors import ClientError
from fengkong.console.audit.recording import record
from fengkong.console.insiders.counting import counted
from fengkong.console.journaled.service_access import NoServiceKeyError, service_client
from fengkong.console.live.filters import filter_of
from fengkong.console.live.forms import ListForm, ValueForm
from fengkong.console.live.listing import Place, UnreadableCursorError, page_of, place_of, total_of
from fengkong.console.live.reader import reader_of
from fengkong.console.live.rows import rows_of
from fengkong.console.project.declared import needs
from fengkong.console.shell.paging import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

_SESSION: Final = "found_decisions"
_KEPT: Final = 3
"""Look-ups that a session remembers, each at most a thousand numbers."""


@needs("decisions.view")
@transaction.non_atomic_requests
def decisions(request: HttpRequest) -> HttpResponse:
    """Decisions that fit a query, the newest first."""
    wanted = filter_of(request.GET)
    found = _found(request, wanted.found)
    older, newer = _place(request, "after"), _place(request, "before")
    shown = page_of(wanted, older_than=older, newer_than=newer, found=found)
    total = total_of(wanted, found=found)
    page = Page(
        rows=rows_of(shown.rows),
        total=total.count,
        previous=_address(request, "before", shown.newer),
        following=_address(request, "after", shown.older),
    )
    return render(
        request,
        "live/decisions.html",
        {
            "form": ListForm(request.GET),
            "value_form": ValueForm(),
            "wanted": wanted,
            "page": page,
            "total": total,
            "looked_back_to": shown.looked_back_to,
        },
    )


@needs("decisions.view")
@transaction.non_atomic_requests
@require_POST
def look_up(request: HttpRequest) -> HttpResponse:
    """Find the decisions that hold a value: asked of the service, by a blind index."""
    form = ValueForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give what to look for, and its value."))
        return redirect("decisions")
    entity = form.cleaned_data["entity"]
    with transaction.atomic():
        record(reader_of(request), "look_up_value", target_kind="entity", target=entity)
        counted(reader_of(request), "person")
    try:
        with service_client(timeout=5.0) as client:
            answer = client.look_up(f"{entity}:{form.cleaned_data['value']}")
    except (ClientError, NoServiceKeyError):
        messages.error(request, _("The decision service does not answer; nothing was looked up."))
        return redirect("decisions")
    if not answer["complete"]:
        messages.warning(
            request,
            _("Entries up to %(indexed)s of %(entries)s were looked through; ask again for more.")
            % {"indexed": f"{answer['indexed']:,}", "entries": f"{answer['entries']:,}"},
        )
    name = _keep(request, [one["sequence"] for one in answer["found"]])
    return redirect(f"{reverse('decisions')}?found={name}")


def _keep(request: HttpRequest, sequences: Sequence[int]) -> str:
    name = secrets.token_hex(8)
    kept = dict(list(request.session.get(_SESSION, {}).items())[-(_KEPT - 1) :])
    request.session[_SESSION] = kept | {name: list(sequences)}
    return name


def _found(request: HttpRequest, name: str) -> list[int] | None:
    return list(request.session.get(_SESSION, {}).get(name, ())) if name else None


def _place(request: HttpRequest, name: str) -> Place | None:
    try:
        return place_of(request.GET[name]) if name in request.GET else None
    except UnreadableCursorError:
        return None


def _address(request: HttpRequest, way: str, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query[way] = cursor
    return f"?{query.urlencode()}"
