"""Lists, their entries, and how they change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from fengkong.console.lists import queries
from fengkong.console.lists.changing import (
    NewEntry,
    UndeclaredListError,
    UnlistableValueError,
    add_entries,
    declared_list,
)
from fengkong.console.lists.declared import DeclaredList
from fengkong.console.lists.forms import AddForm, EntryQuery, ImportForm, ReasonForm
from fengkong.console.lists.importing import (
    BYTES_MAX,
    confirm_import,
    keep_preview,
    read_import,
    revert_import,
)
from fengkong.console.lists.models import ListEntry, ListImport
from fengkong.console.lists.releasing import release
from fengkong.console.project.declared import needs, operator_of
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

PICKED_MAX = 200


@needs("lists.view")
def list_overview(request: HttpRequest) -> HttpResponse:
    """Every list of the policies in force."""
    return render(request, "lists/overview.html", {"summaries": queries.summaries()})


@needs("lists.view")
def entry_list(request: HttpRequest, name: str) -> HttpResponse:
    """The entries of a list."""
    form = EntryQuery(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = queries.entries(name, **asked)
    page = page_by_cursor(
        request, found, order=("-added_at", "-id"), total=found.order_by().count()
    )
    context = {
        "form": form,
        "page": page,
        "list": _declared(name),
        "imports": ListImport.objects.filter(list_name=name)[:5],
        "may_edit": operator_of(request).may("lists.edit"),
        "reason_form": ReasonForm(),
    }
    return render(request, "lists/entries.html", context)


@needs("lists.view")
def entry_page(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One entry, with the others of the same value."""
    entry = get_object_or_404(ListEntry, pk=entry_id)
    others = ListEntry.objects.filter(value_digest=entry.value_digest).exclude(pk=entry.pk)
    context = {
        "entry": entry,
        "others": others[:20],
        "may_edit": operator_of(request).may("lists.edit"),
        "reason_form": ReasonForm(),
    }
    return render(request, "lists/entry.html", context)


@needs("lists.edit")
def add_page(request: HttpRequest, name: str) -> HttpResponse:
    """List values by hand."""
    into = _declared(name)
    form = AddForm(request.POST or None, initial=AddForm.starting())
    if request.method == "POST" and form.is_valid():
        expires = form.expires_at()
        reason = form.cleaned_data["reason"]
        new = [NewEntry(value=v, reason=reason, expires_at=expires) for v in form.lines()]
        try:
            made = add_entries(operator_of(request), name, new)
        except RiskError as error:
            form.add_error(None, _told(error))
        else:
            _tell_listed(request, len(made))
            return redirect("list", name)
    return render(request, "lists/add.html", {"form": form, "list": into}, status=_status(form))


@needs("lists.edit")
def import_new(request: HttpRequest, name: str) -> HttpResponse:
    """Read a file of values; nothing is listed yet."""
    into = _declared(name)
    form = ImportForm(request.POST or None, request.FILES or None, initial=ImportForm.starting())
    if request.method == "POST" and form.is_valid():
        file, reason = form.cleaned_data["file"], form.cleaned_data["reason"]
        content = file.read(BYTES_MAX + 1)
        try:
            preview = read_import(content, into, reason=reason, expires_at=form.expires_at())
            kept = keep_preview(
                operator_of(request), name, preview, file_name=file.name or "", reason=reason
            )
        except RiskError as error:
            form.add_error("file", _told(error))
        else:
            return redirect("list_import", kept.pk)
    return render(
        request, "lists/import_new.html", {"form": form, "list": into}, status=_status(form)
    )


@needs("lists.view")
def import_page(request: HttpRequest, import_id: int) -> HttpResponse:
    """What an import holds, and what can be done with it."""
    kept = get_object_or_404(ListImport, pk=import_id)
    context = {
        "import": kept,
        "may_edit": operator_of(request).may("lists.edit"),
        "reason_form": ReasonForm(),
    }
    return render(request, "lists/import.html", context)


@require_POST
@needs("lists.edit")
def import_confirm(request: HttpRequest, import_id: int) -> HttpResponse:
    """List what was previewed."""
    get_object_or_404(ListImport, pk=import_id)
    try:
        kept = confirm_import(operator_of(request), import_id)
    except RiskError as error:
        messages.error(request, _told(error))
    else:
        _tell_listed(request, kept.rows)
    return redirect("list_import", import_id)


@require_POST
@needs("lists.edit")
def import_revert(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take back all of an import: at once, or by a proposal where that releases somebody."""
    kept = get_object_or_404(ListImport, pk=import_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why."))
        return redirect("list_import", import_id)
    reason = form.cleaned_data["reason"]
    if kept.state == ListImport.State.PREVIEWED:
        revert_import(operator_of(request), import_id, reason=reason)
        messages.success(request, _("Nothing of it was listed."))
        return redirect("list", kept.list_name)
    _release(request, kept.list_name, reason=reason, imported=kept)
    return redirect("list_import", import_id)


@require_POST
@needs("lists.edit")
def end_picked(request: HttpRequest, name: str) -> HttpResponse:
    """Take the picked entries off: at once, or by a proposal where that releases somebody."""
    form = ReasonForm(request.POST)
    picked = [int(text) for text in request.POST.getlist("picked") if text.isdigit()][:PICKED_MAX]
    if not form.is_valid() or not picked:
        messages.error(request, _("Pick entries and say why."))
        return redirect("list", name)
    _release(request, name, reason=form.cleaned_data["reason"], picked=picked)
    return redirect("list", name)


def _release(request: HttpRequest, name: str, **what: Any) -> None:
    try:
        ended, proposal = release(operator_of(request), name, **what)
    except RiskError as error:
        messages.error(request, _told(error))
        return
    if proposal is not None:
        messages.info(request, _("Proposed: a colleague has to approve it."))
    else:
        told = ngettext(
            "%(count)d entry was taken off.", "%(count)d entries were taken off.", ended
        )
        messages.success(request, told % {"count": ended})


def _told(error: RiskError) -> str:
    """What went wrong; what keeps a value off a list is said in the reader's language already."""
    return error.message if isinstance(error, UnlistableValueError) else told_error(error)


def _tell_listed(request: HttpRequest, count: int) -> None:
    told = ngettext("%(count)d value was listed.", "%(count)d values were listed.", count)
    messages.success(request, told % {"count": count})


def _declared(name: str) -> DeclaredList:
    try:
        return declared_list(name)
    except UndeclaredListError as error:
        raise Http404(error.message) from None


def _status(form: AddForm | ImportForm) -> int:
    return 422 if form.errors else 200
