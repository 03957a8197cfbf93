"""The list of cases, the page of one, and what is done there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong.console.cases import changing, opening, queries
from fengkong.console.cases.alerted import address_of, alerts_of, reason_title, typology_title
from fengkong.console.cases.checklist import tick, ticked_steps
from fengkong.console.cases.escalating import escalate
from fengkong.console.cases.evidence import evidence_of
from fengkong.console.cases.files import SIZE_MAX, add_file, clear_files, remove_file
from fengkong.console.cases.forms import (
    CaseQuery,
    CloseForm,
    EscalateForm,
    FileForm,
    HandOverForm,
    MergeForm,
    NoteForm,
    OpenForm,
    SplitForm,
    WhyForm,
)
from fengkong.console.cases.linked import entity_of, graph_of
from fengkong.console.cases.models import Case, CaseFile
from fengkong.console.cases.notes import clear_notes, write_note
from fengkong.console.cases.scanning import is_scanning
from fengkong.console.cases.similar import endings_of, similar_cases
from fengkong.console.cases.timeline import KINDS, timeline_of
from fengkong.console.entities.panels import panels_about
from fengkong.console.insiders.counting import counted
from fengkong.console.project.declared import needs, operator_of
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

NOTES_SHOWN: Final = 50
FILES_SHOWN: Final = 100
DECISIONS_SHOWN: Final = 200
GATHERED_MAX: Final = 200
"""Alerts that are put into a case at once."""


@needs("cases.view")
def cases(request: HttpRequest) -> HttpResponse:
    """The cases that fit a query."""
    form = CaseQuery(request.GET or None)
    asked = form.cleaned_data if form.is_valid() else {}
    found = queries.cases_found(asked, reader=operator_of(request))
    page = page_by_cursor(
        request, found, order=("-opened_at", "-id"), total=found.order_by().count()
    )
    rows = [(one, typology_title(one.typology)) for one in page.rows]
    return render(
        request,
        "cases/cases.html",
        {"form": form, "page": page, "rows": rows} | _may(request),
    )


@needs("cases.view")
@transaction.non_atomic_requests
def case_page(request: HttpRequest, number: int) -> HttpResponse:
    """What is known about a case, why it is one, and what is to be done."""
    case = _case(request, number)
    similar = similar_cases(case)
    context = {
        "evidence": evidence_of(case),
        "steps": ticked_steps(case),
        "similar": [(one, typology_title(one.case.typology)) for one in similar],
        "endings": endings_of(similar),
        "alerts": [(one, typology_title(one.typology), address_of(one)) for one in alerts_of(case)],
        "panels": panels_about([case.subject], operator_of(request), without=("alerts", "cases")),
    }
    return render(request, "cases/case.html", context | _head(request, case, "overview"))


@needs("cases.view")
@transaction.non_atomic_requests
def case_timeline(request: HttpRequest, number: int) -> HttpResponse:
    """Everything in the order of time, filtered by kind."""
    case = _case(request, number)
    kinds = [name for name in request.GET.getlist("kind") if name in KINDS]
    line = timeline_of(case, before=_before(request), kinds=kinds)
    older = ""
    if line.older is not None:
        query = request.GET.copy()
        query["before"] = line.older.isoformat()
        older = f"?{query.urlencode()}"
    context = {
        "moments": [(one, KINDS[one.kind]) for one in line.moments],
        "kinds": [(name, kind, name in kinds) for name, kind in KINDS.items()],
        "older": older,
    }
    return render(request, "cases/timeline.html", context | _head(request, case, "timeline"))


@needs("cases.view")
@transaction.non_atomic_requests
def case_links(request: HttpRequest, number: int) -> HttpResponse:
    """Who is connected with the case, where its money went, on which devices and where."""
    case = _case(request, number)
    entity_url, money_url = entity_of(case)
    context = {
        "evidence": evidence_of(case),
        "graph_url": graph_of(case),
        "entity_url": entity_url,
        "money_url": money_url,
    }
    return render(request, "cases/links.html", context | _head(request, case, "links"))


@needs("cases.view", act="cases.work")
def case_papers(request: HttpRequest, number: int) -> HttpResponse:
    """Notes and files; a POST adds one."""
    case = _case(request, number)
    note_form, file_form, status = NoteForm(), FileForm(), 200
    if request.method == "POST":
        if request.FILES:
            file_form = FileForm(request.POST, request.FILES)
            if _added_file(request, case, file_form):
                return redirect("cases:papers", number)
        else:
            note_form = NoteForm(request.POST)
            if _written_note(request, case, note_form):
                return redirect("cases:papers", number)
        status = 422
    context = {
        "notes": clear_notes(case, newest=NOTES_SHOWN),
        "files": clear_files(case, newest=FILES_SHOWN),
        "note_form": note_form,
        "file_form": file_form,
        "is_scanning": is_scanning(),
    }
    shown = context | _head(request, case, "papers")
    return render(request, "cases/papers.html", shown, status=status)


@needs("cases.view")
def case_history(request: HttpRequest, number: int) -> HttpResponse:
    """All that was done to a case, as the ledger has it."""
    case = _case(request, number)
    found = queries.history_of(case)
    page = page_by_cursor(request, found, order=("-sequence",), total=found.order_by().count())
    return render(request, "cases/history.html", {"page": page} | _head(request, case, "history"))


@needs("cases.view")
def case_decisions(request: HttpRequest, number: int) -> HttpResponse:
    """The decisions of a case; who works it picks those that become a case of their own."""
    case = _case(request, number)
    context = {"decisions": queries.decisions_of(case)[:DECISIONS_SHOWN], "split_form": SplitForm()}
    return render(request, "cases/decisions.html", context | _head(request, case, "decisions"))


@needs("cases.work")
def open_case(request: HttpRequest) -> HttpResponse:
    """Open a case by hand."""
    given = {"decisions": request.GET.get("decisions", "")}
    form = OpenForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            made = opening.open_by_hand(
                operator_of(request),
                asked["decisions"],
                typology=asked["typology"],
                why=asked["why"],
            )
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            return redirect("cases:case", made.pk)
    return render(request, "cases/open.html", {"form": form}, status=422 if form.errors else 200)


@needs("cases.work")
@require_POST
def gather_alerts(request: HttpRequest) -> HttpResponse:
    """Put alerts into the open case of their subject, or into a new one, and show it."""
    picked = request.POST.getlist("picked")[:GATHERED_MAX]
    try:
        case = opening.case_for(picked, operator_of(request))
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("alerts:queue")
    return redirect("cases:case", case.pk)


@needs("cases.work")
def close_case(request: HttpRequest, number: int) -> HttpResponse:
    """End a case with a disposition."""
    return _filled_in(
        request,
        number,
        CloseForm(request.POST or None),
        title=_("Close the case"),
        act=lambda asked: changing.close(operator_of(request), number, **asked),
    )


@needs("cases.work")
def reopen_case(request: HttpRequest, number: int) -> HttpResponse:
    """Open a closed case again."""
    return _filled_in(
        request,
        number,
        WhyForm(request.POST or None),
        title=_("Open the case again"),
        act=lambda asked: changing.reopen(operator_of(request), number, **asked),
    )


@needs("cases.work")
def hand_over_case(request: HttpRequest, number: int) -> HttpResponse:
    """Give a case to somebody else."""
    case = get_object_or_404(Case, pk=number)
    return _filled_in(
        request,
        number,
        HandOverForm(request.POST or None, case=case),
        title=_("Hand the case over"),
        act=lambda asked: changing.hand_over(operator_of(request), number, **asked),
    )


@needs("cases.work")
def merge_case(request: HttpRequest, number: int) -> HttpResponse:
    """Make a case part of another."""
    return _filled_in(
        request,
        number,
        MergeForm(request.POST or None),
        title=_("Merge into another case"),
        act=lambda asked: changing.merge(operator_of(request), number, into=asked["into"]),
    )


@needs("incidents.work")
def escalate_case(request: HttpRequest, number: int) -> HttpResponse:
    """Make an incident of a case."""
    return _filled_in(
        request,
        number,
        EscalateForm(request.POST or None),
        title=_("Escalate to an incident"),
        act=lambda asked: escalate(operator_of(request), number, **asked),
    )


@require_POST
@needs("cases.work")
def split_case(request: HttpRequest, number: int) -> HttpResponse:
    """Make a case of its own of the picked decisions."""
    get_object_or_404(Case, pk=number)
    picked = [int(text) for text in request.POST.getlist("picked")[:2_000] if text.isdigit()]
    try:
        part = changing.split(
            operator_of(request), number, picked, why=request.POST.get("why", "").strip()
        )
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("cases:decisions", number)
    return redirect("cases:case", part.pk)


@require_POST
@needs("cases.work")
def tick_step(request: HttpRequest, number: int) -> HttpResponse:
    """Write down what became of a step of the checklist."""
    get_object_or_404(Case, pk=number)
    try:
        tick(
            operator_of(request),
            number,
            request.POST.get("item", ""),
            request.POST.get("state", ""),
        )
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("cases:case", number)


@require_POST
@needs("cases.work")
def drop_file(request: HttpRequest, number: int, file_id: int) -> HttpResponse:
    """Remove a file of a case."""
    get_object_or_404(CaseFile, pk=file_id, case_id=number)
    try:
        remove_file(operator_of(request), file_id)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("cases:papers", number)


def _filled_in(
    request: HttpRequest,
    number: int,
    form: forms.Form,
    *,
    title: str,
    act: Callable[[dict[str, Any]], Case],
) -> HttpResponse:
    """A form about a case, and what is done once it is filled in."""
    case = get_object_or_404(Case, pk=number)
    if request.method == "POST" and form.is_valid():
        try:
            done = act(form.cleaned_data)
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            messages.success(request, _("Done: %(what)s") % {"what": title})
            return redirect("cases:case", done.pk)
    context = {"form": form, "title": title, "case": case}
    return render(request, "cases/form.html", context, status=422 if form.errors else 200)


def _added_file(request: HttpRequest, case: Case, form: FileForm) -> bool:
    if not form.is_valid():
        return False
    given = form.cleaned_data["file"]
    try:
        add_file(operator_of(request), case.pk, name=given.name, content=given.read(SIZE_MAX + 1))
    except RiskError as error:
        form.add_error("file", told_error(error))
        return False
    return True


def _written_note(request: HttpRequest, case: Case, form: NoteForm) -> bool:
    if not form.is_valid():
        return False
    try:
        write_note(operator_of(request), case.pk, form.cleaned_data["text"])
    except RiskError as error:
        form.add_error(None, told_error(error))
        return False
    return True


def _case(request: HttpRequest, number: int) -> Case:
    """The case of a page; that it was looked at is counted."""
    case = Case.objects.select_related("owner", "merged_into").filter(pk=number).first()
    if case is None:
        raise Http404
    with transaction.atomic():
        counted(operator_of(request), "case", str(number))
    return case


def _head(request: HttpRequest, case: Case, tab: str) -> dict[str, Any]:
    """What every page of a case shows."""
    return {
        "case": case,
        "typology": typology_title(case.typology),
        "reason_title": reason_title(case.reason_code) if case.reason_code else "",
        "tab_name": tab,
        "left": case.due_at - timezone.now() if case.is_open else timedelta(),
        "parts": list(case.parts.values_list("pk", flat=True)[:20]),
        "merged_here": list(case.merged.values_list("pk", flat=True)[:20]),
    } | _may(request)


def _may(request: HttpRequest) -> dict[str, Any]:
    reader = operator_of(request)
    return {
        "may_work": reader.may("cases.work"),
        "may_escalate": reader.may("cases.work") and reader.may("incidents.work"),
        "may_ask_customer": reader.may("customers.confirm"),
        "may_act": reader.may("actions.ask"),
    }


def _before(request: HttpRequest) -> datetime:
    """The instant before which moments are shown."""
    try:
        found = parse_datetime(request.GET.get("before", ""))
    except ValueError:
        found = None
    if found is None or timezone.is_naive(found):
        return timezone.now() + timedelta(days=1)
    return found
