"""The screens of early warning: cockpit, indicators, warnings, sources."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.audit.recording import record
from fengkong.console.notices.signs import GROUPS
from fengkong.console.outbox.jobs import put
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.spoken import said
from fengkong.console.shell.told_errors import told_error
from fengkong.console.warnings import queries
from fengkong.console.warnings.charting import indicator_chart, segment_chart, trend_chart
from fengkong.console.warnings.computing import FIRM
from fengkong.console.warnings.following import followed_by
from fengkong.console.warnings.forms import (
    IndicatorsForm,
    NoteForm,
    ProposalForm,
    RangeForm,
    ThresholdForm,
    WarningsForm,
)
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import Annotation, RaisedWarning, Reading
from fengkong.console.warnings.tables import table_and_report
from fengkong.console.warnings.thresholds import (
    EDIT,
    annotate,
    bounds,
    propose_threshold,
    tried,
)
from fengkong.console.warnings.words import LAMP_OF, LEVEL_WORDS, SOURCE_LAMPS
from fengkong.core.errors import RiskError
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.sources import SourceState
from fengkong.indicators.values import SEGMENT, VALUE, values_of
from fengkong.indicators.warnings import shown, worse_side

VIEW = "indicators.view"
WORK = "warnings.work"
RECOMPUTE = "recompute_indicators"
_DAYS = 365


@needs(VIEW)
@require_GET
def cockpit(request: OperatorRequest) -> HttpResponse:
    """How the firm stands: lamps by kind of risk, composite, trend, open warnings."""
    found = queries.composites(timezone.localdate())
    whole = found.get(FIRM)
    groups = [
        {"id": name, "title": title, "found": one, "lamp": LAMP_OF[one.level], "parts": _parts(one)}
        for name, title in GROUPS.items()
        if (one := found.get(name)) is not None
    ]
    points = queries.trend()
    context = {
        "whole": whole,
        "whole_lamp": None if whole is None else LAMP_OF[whole.level],
        "groups": groups,
        "chart": trend_chart(points) if len(points) > 1 else None,
        "warnings": [_told(one) for one in queries.warnings({"state": "open"})[:10]],
        "heat": _heat(),
    }
    return render(request, "warnings/cockpit.html", context)


@needs(VIEW)
@require_GET
def indicators(request: OperatorRequest) -> HttpResponse:
    """Every indicator, the worst first."""
    form = IndicatorsForm(request.GET)
    rows = queries.indicator_rows(library_in_force(), form.cleaned_data if form.is_valid() else {})
    return render(
        request, "warnings/indicators.html", {"form": form, "rows": rows, "groups": GROUPS}
    )


@needs(VIEW)
@require_GET
def indicator(request: OperatorRequest, name: str) -> HttpResponse:
    """One indicator: its values with their bounds, what moved it, a back-test of other bounds."""
    found = _indicator(name)
    form = RangeForm(request.GET)
    span = form.cleaned_data if form.is_valid() else {}
    until = span.get("until") or timezone.localdate()
    since = span.get("since") or until - timedelta(days=_DAYS)
    readings = list(
        Reading.objects.filter(indicator=name, day__gte=since, day__lte=until).order_by("day")
    )
    newest = readings[-1] if readings else None
    trial = _trial(request, found)
    context = {
        "indicator": found,
        "title": said(found.title),
        "meaning": said(found.meaning),
        "source_title": said(found.source.title),
        "unit": said(found.unit.word),
        "worse": said(worse_side(found.thresholds.direction)),
        "newest": newest,
        "value": shown(None if newest is None else newest.value, found),
        "lamp": LAMP_OF["no_data" if newest is None else newest.level],
        "level": LEVEL_WORDS["no_data" if newest is None else newest.level],
        "form": form,
        "chart": indicator_chart(found, readings) if readings else None,
        "rules": _rules(found),
        "segments": [(key, said(found.source.segments[key])) for key in found.segments],
        "notes": Annotation.objects.filter(indicator=name, day__gte=since, day__lte=until),
        "note_form": NoteForm(initial={"day": timezone.localdate()}),
        "history": RaisedWarning.objects.filter(indicator=name)[:10],
        "may_edit": request.user.may(EDIT),
        "may_work": request.user.may(WORK),
        **trial,
    }
    return render(request, "warnings/indicator.html", context)


@needs(VIEW)
@require_GET
def segment(request: OperatorRequest, name: str, key: str) -> HttpResponse:
    """The newest value of an indicator for each part of a segment."""
    found = _indicator(name)
    if key not in found.segments:
        raise Http404
    table, report = table_and_report(found.source, today=timezone.localdate())
    chart = None
    if table is not None and report.state.usable and report.newest is not None:
        day = report.newest
        values = values_of(found, table, by=key, as_of=day, since=day)
        kept = values.drop_nulls(VALUE).sort(VALUE, descending=True).head(30)
        parts = list(kept.select(SEGMENT, VALUE).iter_rows())
        title = said(found.source.segments[key])
        chart = segment_chart(found, title, parts) if parts else None
    context = {
        "indicator": found,
        "title": said(found.title),
        "segment": said(found.source.segments[key]),
        "chart": chart,
        "newest": report.newest,
    }
    return render(request, "warnings/segment.html", context)


@needs(EDIT)
@require_POST
def propose(request: OperatorRequest, name: str) -> HttpResponse:
    """Ask a second person to approve other bounds."""
    found = _indicator(name)
    form = ProposalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give bounds, a day from which they hold, and a reason."))
        return redirect("warnings:indicator", name=name)
    given = form.cleaned_data
    try:
        rule = bounds(found, **{key: given[key] for key in ("yellow", "orange", "red")})
        propose_threshold(
            *(request.user, found, rule),
            effective_from=given["effective_from"],
            reason=given["reason"],
        )
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        messages.success(request, _("A colleague must approve it now."))
    return redirect("warnings:indicator", name=name)


@needs(WORK)
@require_POST
def note(request: OperatorRequest, name: str) -> HttpResponse:
    """Note something on a day."""
    _indicator(name)
    form = NoteForm(request.POST)
    if form.is_valid():
        annotate(request.user, name, **form.cleaned_data)
    else:
        messages.error(request, _("Give a day and a note."))
    return redirect("warnings:indicator", name=name)


@needs(VIEW)
@require_GET
def inbox(request: OperatorRequest) -> HttpResponse:
    """Warnings, the newest first."""
    form = WarningsForm(request.GET or {"state": "open"})
    found = queries.warnings(form.cleaned_data if form.is_valid() else {})
    page = page_by_cursor(request, found, order=("-id",), total=found.count())
    rows = [_told(one) for one in page.rows]
    return render(request, "warnings/inbox.html", {"form": form, "page": page, "rows": rows})


@needs(VIEW)
@require_GET
def warning(request: OperatorRequest, pk: int) -> HttpResponse:
    """One warning: level, likelihood, money, what moved it, whose it is, and the playbook."""
    found = get_object_or_404(RaisedWarning, pk=pk)
    known = library_in_force().indicators.get(found.indicator)
    context = {
        **_told(found),
        "indicator": known,
        "meaning": "" if known is None else said(known.meaning),
        "notice": queries.notice_of(found),
        "movers": found.movers,
        "may_open": request.user.may("incidents.work"),
        "followed": followed_by(found),
    }
    return render(request, "warnings/warning.html", context)


@needs(VIEW)
@require_GET
def sources(request: OperatorRequest) -> HttpResponse:
    """Every source: fresh, stale, broken, or not set up."""
    library = library_in_force()
    rows = [
        {
            "source": source,
            "title": said(source.title),
            "meaning": said(source.meaning),
            "status": status,
            "lamp": "unknown" if status is None else SOURCE_LAMPS[status.state],
            "word": _("not set up") if status is None else said(SourceState(status.state).word),
            "fault": queries.fault_of(status),
            "indicators": len(library.of_source(source.id)),
        }
        for source, status in queries.sources(library)
    ]
    rows.sort(key=lambda row: row["status"] is None)
    may_edit = request.user.may(EDIT)
    return render(request, "warnings/sources.html", {"rows": rows, "may_edit": may_edit})


@needs(EDIT)
@require_POST
def recompute(request: OperatorRequest) -> HttpResponse:
    """Have everything computed again from the sources as they are."""
    with transaction.atomic():
        put(RECOMPUTE, {}, key="all")
        record(request.user, "recompute_indicators", target_kind="indicator", target="all")
    messages.success(request, _("The worker computes everything again now."))
    return redirect("warnings:sources")


def _indicator(name: str) -> Indicator:
    found = library_in_force().indicators.get(name)
    if found is None:
        raise Http404
    return found


def _told(one: RaisedWarning) -> dict[str, Any]:
    return {
        "warning": one,
        "sentence": one.sentence(reading_language()),
        "lamp": LAMP_OF[one.level],
        "level": LEVEL_WORDS[one.level],
        "group": GROUPS.get(one.group, one.group),
    }


def _parts(one: Any) -> list[dict[str, Any]]:
    """The parts that make most of a composite."""
    known = library_in_force().indicators
    return [
        {
            "id": name,
            "title": said(known[name].title) if name in known else name,
            "lamp": LAMP_OF[level],
            "level": LEVEL_WORDS[level],
            "share": share,
        }
        for name, level, share in one.parts[:3]
        if share > 0
    ]


def _heat() -> list[dict[str, Any]]:
    titles = (_("high"), _("middle"), _("low"))
    return [
        {"title": title, "cells": [[_told(one) for one in cell] for cell in row]}
        for title, row in zip(titles, queries.heat_map(), strict=True)
    ]


def _rules(found: Indicator) -> list[dict[str, Any]]:
    return [
        {
            "from": one.effective_from,
            "kind": type(one.rule).__name__,
            "yellow": one.rule.yellow,
            "orange": one.rule.orange,
            "red": one.rule.red,
            "reference": one.reference,
        }
        for one in found.thresholds.rules
    ]


def _trial(request: OperatorRequest, found: Indicator) -> dict[str, Any]:
    """The form of other bounds, and what they would have done where some were given."""
    asked = {key: request.GET.get(key) for key in ("yellow", "orange", "red")}
    form = ThresholdForm(request.GET if any(asked.values()) else None)
    initial = {"effective_from": timezone.localdate() + timedelta(days=1)}
    context: dict[str, Any] = {"trial_form": form, "trial": None, "proposal_form": None}
    if not (form.is_bound and form.is_valid()):
        return context
    try:
        context["trial"] = tried(found, bounds(found, **form.cleaned_data))
    except RiskError as error:
        form.add_error(None, told_error(error))
        return context
    context["proposal_form"] = ProposalForm(initial=form.cleaned_data | initial)
    return context
