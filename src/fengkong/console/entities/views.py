"""Entity 360: history, what it shares, money, features, and who is linked with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from fengkong.console.entities import features as feature_history
from fengkong.console.entities import flows as money_flows
from fengkong.console.entities import profile
from fengkong.console.entities.forms import (
    GraphForm,
    MoneyForm,
    graph_asked,
    money_window,
)
from fengkong.console.entities.kinds import FIELDS
from fengkong.console.entities.models import Seen
from fengkong.console.entities.naming import Named, named
from fengkong.console.entities.panels import panels_about
from fengkong.console.entities.picture import picture_of
from fengkong.console.entities.queries import is_entity, kind_of
from fengkong.console.entities.taking import key_of
from fengkong.console.entities.twin import Twin
from fengkong.console.entities.walking import neighbourhood
from fengkong.console.insiders.counting import counted
from fengkong.console.journaled.models import Decision
from fengkong.console.live.reader import reader_of
from fengkong.console.live.rows import row_of
from fengkong.console.project.declared import needs
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.spoken import field_title

GRAPH_PARTS: Final = {"1": "entities/parts/graph.html", "rows": "entities/parts/rows.html"}


@needs("entities.view")
@transaction.non_atomic_requests
def entity(request: HttpRequest, kind: str, entity: str) -> HttpResponse:
    """Everything about one entity."""
    about = _looked_at(request, kind, entity)
    subjects = profile.subjects_of(kind, entity)
    operator = reader_of(request)
    return render(
        request,
        "entities/entity.html",
        {
            **_frame(about, "entity"),
            "figures": profile.figures_of(entity),
            "shared": profile.shared_of(entity),
            "lists": profile.lists_of(about) if operator.may("lists.view") else [],
            "panels": panels_about(subjects, operator),
            "history": _history(request, entity),
        },
    )


@needs("entities.view")
@transaction.non_atomic_requests
def money(request: HttpRequest, kind: str, entity: str) -> HttpResponse:
    """Where its money comes from and goes to."""
    about = _looked_at(request, kind, entity)
    since, until = money_window(request.GET)
    flows = money_flows.flows_of(kind, entity, since=since, until=until)
    return render(
        request,
        "entities/money.html",
        {
            **_frame(about, "money"),
            "form": MoneyForm(request.GET),
            "flows": flows,
            "chart": money_flows.chart_of(flows),
            "bands": money_flows.bands_of(flows),
            "names": {one.named.entity: one.named for one in flows.parties},
        },
    )


@needs("entities.view")
@transaction.non_atomic_requests
def features(request: HttpRequest, kind: str, entity: str) -> HttpResponse:
    """Its features now, and one of them over time."""
    about = _looked_at(request, kind, entity)
    seen = feature_history.features_of(kind, entity)
    return render(
        request,
        "entities/features.html",
        {
            **_frame(about, "features"),
            "seen": seen,
            "chart": feature_history.chart_of(seen, request.GET.get("feature", "")),
        },
    )


@needs("entities.view")
@transaction.non_atomic_requests
def graph(request: HttpRequest) -> HttpResponse:
    """Who is linked with a subject.

    With `part=1` only the graph, for another page to hold; with `part=rows` only a page of the
    table beside it.
    """
    subject = request.GET.get("subject", "")
    kind = kind_of(subject) if is_entity(subject) else None
    part = request.GET.get("part", "")
    if kind is None:
        if part in GRAPH_PARTS:
            return render(request, "entities/parts/unknown.html")
        raise Http404
    about = _looked_at(request, kind, subject)
    asked = graph_asked(request.GET)
    key = key_of(bytes.fromhex(subject))
    found = neighbourhood(key, asked.wanted(timezone.now()), hides_hubs=not asked.shows_hubs)
    picture = picture_of(found, focus=key, opened=asked.opened)
    context = {
        **_frame(about, "graph"),
        "form": GraphForm(request.GET),
        "asked": asked,
        "picture": picture,
        "twin": Twin(subject=subject, asked=asked, nodes=picture.nodes, page=asked.rows_page),
        "until_h": picture.newest_h if asked.until_h is None else asked.until_h,
        "part": request.GET.get("within") == "1" or part == "1",
        "turned": part == "rows",
    }
    return render(request, GRAPH_PARTS.get(part, "entities/graph.html"), context)


def _looked_at(request: HttpRequest, kind: str, entity: str) -> Named:
    """The entity of an address, counted as looked at; Http404 where the index has none."""
    if not is_entity(entity) or kind_of(entity) != kind:
        raise Http404
    with transaction.atomic():
        counted(reader_of(request), "entity", entity)
    key = key_of(bytes.fromhex(entity))
    return named([key])[key]


def _frame(about: Named, here: str) -> dict[str, Any]:
    """What every page of an entity shows."""
    place = [about.kind, about.entity]
    return {
        "about": about,
        "tabs": {
            "entity": reverse("entities:entity", args=place),
            "graph": f"{reverse('entities:graph')}?subject={about.entity}",
            "money": reverse("entities:money", args=place),
            "features": reverse("entities:features", args=place),
        },
        "tab": here,
    }


def _history(request: HttpRequest, entity: str) -> dict[str, Any]:
    """A page of the decisions whose events name an entity, and in which field they do."""
    rows = Seen.objects.filter(entity=key_of(bytes.fromhex(entity)))
    page = page_by_cursor(request, rows, order=("-occurred_s", "-sequence", "-field"), size=25)
    seen: Sequence[Seen] = page.rows
    decisions = Decision.objects.in_bulk([one.sequence for one in seen])
    return {
        "page": page,
        "rows": [
            (row_of(decisions[one.sequence]), field_title(FIELDS[one.field]))
            for one in seen
            if one.sequence in decisions
        ],
    }
