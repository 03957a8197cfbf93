"""The screens of sources: where numbers come from, whether they may be used, what pulls them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.spoken import said
from fengkong.console.shell.told_errors import told_error
from fengkong.console.warnings import queries
from fengkong.console.warnings.forms import PullForm
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import PullResult, SourcePull, SourceStatus
from fengkong.console.warnings.own.sources import OWN
from fengkong.console.warnings.pulling import ask_pull, set_pull
from fengkong.console.warnings.recomputing import ask_recompute
from fengkong.console.warnings.tables import delivered, made
from fengkong.console.warnings.telling import owner_word
from fengkong.console.warnings.thresholds import EDIT
from fengkong.console.warnings.words import SOURCE_LAMPS
from fengkong.core.errors import RiskError
from fengkong.indicators.sources import Column, Source, SourceKind, SourceState

VIEW = "indicators.view"


@needs(VIEW)
@require_GET
def sources(request: OperatorRequest) -> HttpResponse:
    """Every source: fresh, stale, broken, or not set up; those that need somebody first."""
    library = library_in_force()
    pulls = set(SourcePull.objects.values_list("source", flat=True))
    rows = [
        {
            **_told(source, status),
            "meaning": said(source.meaning),
            "way": way_of(source, is_pulled=source.id in pulls),
            "indicators": len(library.of_source(source.id)),
        }
        for source, status in queries.sources(library)
    ]
    rows.sort(key=lambda row: (row["order"], row["title"]))
    counts = {
        "usable": sum(row["lamp"] in {"ok", "notice"} for row in rows),
        "wrong": sum(row["lamp"] in {"warning", "critical"} for row in rows),
        "unset": sum(row["lamp"] == "unknown" for row in rows),
    }
    may_edit = request.user.may(EDIT)
    return render(request, "warnings/sources.html", {"rows": rows, "may_edit": may_edit, **counts})


@needs(VIEW)
@require_GET
def source(request: OperatorRequest, source_name: str) -> HttpResponse:
    """One source: its state and faults, its columns, what reads it, and how it is got."""
    found = _source(source_name)
    status = SourceStatus.objects.filter(pk=source_name).first()
    pull = SourcePull.objects.filter(pk=source_name).first()
    given = None if pull is None else {"address": pull.address, "minutes": pull.every_minutes}
    result = PullResult.objects.filter(pk=source_name).first()
    library = library_in_force()
    context = {
        **_told(found, status),
        "meaning": said(found.meaning),
        "way": way_of(found, is_pulled=pull is not None),
        "file_name": f"sources/{source_name}.csv",
        "faults": queries.faults_of(status),
        "columns": [
            {"name": key, "kind": column.kind.value, "made": _made(column)}
            for key, column in found.columns.items()
        ],
        "segments": [(key, said(word)) for key, word in found.segments.items()],
        "checks": [(said(one.title), one.condition.render()) for one in found.checks],
        "indicators": [(one.id, said(one.title)) for one in library.of_source(source_name)],
        "pull": pull,
        "result": result,
        "result_said": "" if result is None else queries.said_of(result),
        "pull_form": PullForm(initial=given),
        "may_edit": request.user.may(EDIT),
    }
    return render(request, "warnings/source.html", context)


@needs(EDIT)
@require_POST
def pull(request: OperatorRequest, source_name: str) -> HttpResponse:
    """Set from where a source is got and how often; nothing given ends it."""
    found = _source(source_name)
    form = PullForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give an address and how often, or neither."))
        return redirect("warnings:source", source_name=source_name)
    try:
        set_pull(
            request.user,
            found,
            address=form.cleaned_data["address"],
            every_minutes=form.cleaned_data["minutes"] or 60,
        )
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        messages.success(request, _("The worker does so from now on."))
    return redirect("warnings:source", source_name=source_name)


@needs(EDIT)
@require_POST
def pull_again(request: OperatorRequest, source_name: str) -> HttpResponse:
    """Have a source got at once."""
    ask_pull(request.user, get_object_or_404(SourcePull, pk=_source(source_name).id))
    messages.success(request, _("The worker gets it now."))
    return redirect("warnings:source", source_name=source_name)


@needs(EDIT)
@require_POST
def recompute(request: OperatorRequest) -> HttpResponse:
    """Have everything computed again from the sources as they are."""
    ask_recompute(request.user)
    messages.success(request, _("The worker computes everything again now."))
    return redirect("warnings:sources")


def way_of(found: Source, *, is_pulled: bool) -> str:
    """How a source comes here, in words."""
    if is_pulled:
        return _("got from its address")
    if delivered(found) is not None:
        return _("delivered as a file")
    if made(found) is not None:
        return _("made by the worker")
    if found.id in OWN:
        return _("from what the console itself knows")
    if found.kind is SourceKind.JOURNAL and found.events:
        return _("from the journal")
    return _("waits for a file")


def _source(name: str) -> Source:
    found = library_in_force().sources.get(name)
    if found is None:
        raise Http404
    return found


def _told(found: Source, status: SourceStatus | None) -> dict[str, Any]:
    lamp = "unknown" if status is None else SOURCE_LAMPS[status.state]
    order = ("critical", "warning", "notice", "ok", "unknown").index(lamp)
    return {
        "source": found,
        "title": said(found.title),
        "status": status,
        "lamp": lamp,
        "order": order,
        "word": _("not set up") if status is None else said(SourceState(status.state).word),
        "fault": queries.fault_of(status),
        "owner": owner_word(found.owner),
    }


def _made(column: Column) -> str:
    return column.combine.value if column.aggregate is None else column.aggregate.text
