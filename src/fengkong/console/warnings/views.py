"""The screens of early warning: cockpit, indicators, warnings, sources."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.notices.signs import GROUPS
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.paper import MissingFontError
from fengkong.console.shell.spoken import said
from fengkong.console.shell.told_errors import told_error
from fengkong.console.warnings import queries
from fengkong.console.warnings.charting import indicator_chart, segment_chart, trend_chart
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
from fengkong.console.warnings.one_page import one_page_pdf
from fengkong.console.warnings.standing import heat, standing_today, told
from fengkong.console.warnings.tables import table_and_report
from fengkong.console.warnings.telling import (
    owner_word,
    playbook_title,
    source_of_warning,
    told_movers,
)
from fengkong.console.warnings.thresholds import (
    EDIT,
    annotate,
    bounds,
    propose_threshold,
    tried,
)
from fengkong.console.warnings.words import BASIS_TONES, LAMP_OF, LEVEL_WORDS, RULE_WORDS
from fengkong.core.errors import RiskError
from fengkong.indicators.drilldown import a_week_before, movers
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.thresholds import Fixed
from fengkong.indicators.values import SEGMENT, VALUE, values_of
from fengkong.indicators.warnings import shown, worse_side

VIEW = "indicators.view"
WORK = "warnings.work"
_DAYS = 365
_QUICK_ROWS = 5_000


@needs(VIEW)
@require_GET
def cockpit(request: OperatorRequest) -> HttpResponse:
    """How the firm stands: lamps by kind of risk, composite, trend, open warnings."""
    standing = standing_today()
    context = {
        "standing": standing,
        "whole": standing.whole,
        "chart": trend_chart(standing.trend) if len(standing.trend) > 1 else None,
        "heat": heat(),
    }
    return render(request, "warnings/cockpit.html", context)


@needs(VIEW)
@require_GET
def one_page(request: OperatorRequest) -> HttpResponse:
    """The cockpit on one page of paper."""
    try:
        content = one_page_pdf(standing_today())
    except MissingFontError as error:
        messages.error(request, told_error(error))
        return redirect("warnings:cockpit")
    answer = HttpResponse(content, content_type="application/pdf")
    name = f"risk-{timezone.localdate():%Y-%m-%d}.pdf"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


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
        "movers": _movers_now(found, newest),
        "owner": owner_word(found.owner),
        "open_warning": RaisedWarning.objects.filter(indicator=name, state="open").first(),
        "playbook": playbook_title(found.playbook),
        "notes": Annotation.objects.filter(indicator=name, day__gte=since, day__lte=until),
        "note_form": NoteForm(initial={"day": timezone.localdate()}),
        "history": [told(one) for one in RaisedWarning.objects.filter(indicator=name)[:10]],
        "reference": said(library_in_force().reference(found.reference).text),
        "day_text": "" if newest is None else f"{newest.day:%Y-%m-%d}",
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
    chart, listed = None, []
    if table is not None and report.state.usable and report.newest is not None:
        day = report.newest
        values = values_of(found, table, by=key, as_of=day, since=day)
        kept = values.drop_nulls(VALUE).sort(VALUE, descending=True).head(30)
        parts = list(kept.select(SEGMENT, VALUE).iter_rows())
        title = said(found.source.segments[key])
        chart = segment_chart(found, title, parts) if parts else None
        listed = [{"part": part, "value": shown(value, found)} for part, value in parts]
    context = {
        "indicator": found,
        "title": said(found.title),
        "segment": said(found.source.segments[key]),
        "chart": chart,
        "key": key,
        "parts": listed,
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
    rows = [told(one) for one in page.rows]
    return render(request, "warnings/inbox.html", {"form": form, "page": page, "rows": rows})


@needs(VIEW)
@require_GET
def warning(request: OperatorRequest, pk: int) -> HttpResponse:
    """One warning: level, likelihood, money, what moved it, whose it is, and the playbook."""
    found = get_object_or_404(RaisedWarning, pk=pk)
    known = library_in_force().indicators.get(found.indicator)
    context = {
        **told(found),
        "indicator": known,
        "meaning": "" if known is None else said(known.meaning),
        "notice": queries.notice_of(found),
        "movers": told_movers(known, found.movers),
        "playbook": playbook_title(found.playbook),
        "source_id": source_of_warning(found),
        "may_open": request.user.may("incidents.work"),
        "followed": followed_by(found),
    }
    return render(request, "warnings/warning.html", context)


def _indicator(name: str) -> Indicator:
    found = library_in_force().indicators.get(name)
    if found is None:
        raise Http404
    return found


def _movers_now(found: Indicator, newest: Reading | None) -> list[dict[str, Any]]:
    """What moved the newest value in a week: as its warning says it, or computed where that is
    quick.
    """
    warning = RaisedWarning.objects.filter(indicator=found.id, state="open").first()
    if warning is not None and warning.movers:
        return told_movers(found, warning.movers)
    if newest is None or not found.segments:
        return []
    table, report = table_and_report(found.source, today=timezone.localdate())
    if table is None or not report.state.usable or table.height > _QUICK_ROWS:
        return []
    parts = movers(found, table, day=newest.day, against=a_week_before(newest.day), at_most=5)
    return told_movers(
        found, [[one.segment, one.part, one.before, one.now, one.moved] for one in parts]
    )


def _rules(found: Indicator) -> list[dict[str, Any]]:
    """Its thresholds with what they rest on; fixed bounds in the indicator's unit."""
    library = library_in_force()
    rows = []
    for one in found.thresholds.rules:
        ground = library.reference(one.reference)
        is_fixed = isinstance(one.rule, Fixed)
        bounds_of = {
            name: _bound(getattr(one.rule, name), found if is_fixed else None)
            for name in ("yellow", "orange", "red")
        }
        rows.append(
            {
                "from": one.effective_from,
                "kind": RULE_WORDS[type(one.rule).__name__],
                "reference": said(ground.text),
                "basis": said(ground.basis.word),
                "tone": BASIS_TONES[ground.basis.value],
                **bounds_of,
            }
        )
    return rows


def _bound(value: float | None, found: Indicator | None) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if found is None else shown(value, found)


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
