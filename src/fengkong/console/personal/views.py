"""The screens of personal data."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from fengkong.console.accounts.verification import recently_verified
from fengkong.console.approvals.four_eyes import propose
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.personal import exporting
from fengkong.console.personal.erasing import propose_erasure
from fengkong.console.personal.exporting import ExportNotReadyError
from fengkong.console.personal.forms import ErasureForm, ExportForm, RevealForm
from fengkong.console.personal.masking import masked, may_be_revealed
from fengkong.console.personal.models import Erasure, Export
from fengkong.console.personal.revealing import (
    SHOWN_SECONDS,
    NotRevealedError,
    TooManyRevealsError,
    reveal,
    reveals_left,
)
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.spoken import said
from fengkong.events.catalogue import shipped_catalogue
from fengkong.journal.errors import MissingJournalError

_MEDIA: Final = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


@needs("personal.reveal")
@recently_verified
@never_cache
def reveal_value(request: OperatorRequest, sequence: int, field: str) -> HttpResponse:
    """Asks why, and shows a value of an entry for a minute."""
    if not may_be_revealed(field):
        raise Http404
    form = RevealForm(request.POST or None)
    shown: dict[str, Any] = {
        "form": form,
        "title": _title(field),
        "left": reveals_left(request.user),
        "seconds": SHOWN_SECONDS,
        "again": request.path,
    }
    if request.method == "POST" and form.is_valid():
        try:
            value = reveal(request.user, sequence=sequence, field=field, **form.cleaned_data)
        except TooManyRevealsError:
            shown["refused"] = _("You have revealed as much as is allowed for now.")
            return render(request, "personal/reveal.html", shown, status=429)
        except (NotRevealedError, UnknownEntryError, MissingJournalError) as error:
            raise Http404 from error
        back = reverse("personal:masked", args=(sequence, field))
        return render(
            request, "personal/revealed.html", shown | {"value": value, "masked_address": back}
        )
    return render(request, "personal/reveal.html", shown)


@needs("personal.reveal")
@never_cache
def masked_value(request: OperatorRequest, sequence: int, field: str) -> HttpResponse:
    """The value masked again, once its time is over."""
    try:
        entry = clear_entry(sequence)
    except (UnknownEntryError, MissingJournalError) as error:
        raise Http404 from error
    value = None if entry.event is None else masked(field, entry.event.values.get(field))
    return render(request, "personal/masked.html", {"value": value})


@needs("personal.export")
def exports(request: OperatorRequest) -> HttpResponse:
    """One's exports, and the way to propose another."""
    found = Export.objects.filter(operator=request.user).select_related("approved_by")
    page = page_by_cursor(request, found, order=("-id",), total=found.count())
    return render(request, "personal/exports.html", {"page": page})


@needs("personal.export")
@recently_verified
def new_export(request: OperatorRequest) -> HttpResponse:
    """Propose an export."""
    form = ExportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        content = {
            "event_type": given["event_type"],
            "since": given["since"].isoformat(),
            "until": given["until"].isoformat(),
            "fields": given["fields_wanted"],
            "form": given["form"],
        }
        proposed = propose(
            request.user,
            exporting.KIND,
            target=given["event_type"],
            reason=given["purpose"],
            content=content,
        )
        messages.success(request, _("Proposed: a colleague decides."))
        return redirect("proposal", number=proposed.pk)
    return render(request, "personal/new_export.html", {"form": form})


@needs("personal.export")
@recently_verified
@never_cache
def download(request: OperatorRequest, number: int) -> HttpResponse:
    """The file, for whom it was made; the form that fetches it is posted."""
    if request.method != "POST":
        return redirect("personal:exports")
    get_object_or_404(Export, pk=number, operator=request.user)
    try:
        export, content = exporting.download(request.user, number)
    except ExportNotReadyError:
        messages.error(request, _("This file cannot be fetched any more."))
        return redirect("personal:exports")
    answer = HttpResponse(content, content_type=_MEDIA[export.form])
    name = f"export-{export.pk}.{export.form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@needs("personal.erase")
def erasures(request: OperatorRequest) -> HttpResponse:
    """Erasures, and the way to propose another."""
    found = Erasure.objects.select_related("proposed_by", "approved_by")
    page = page_by_cursor(request, found, order=("-id",), total=found.count())
    return render(request, "personal/erasures.html", {"page": page})


@needs("personal.erase")
@never_cache
@recently_verified
def new_erasure(request: OperatorRequest) -> HttpResponse:
    """Propose an erasure."""
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        proposed = propose_erasure(request.user, **form.cleaned_data)
        messages.success(request, _("Proposed: a colleague decides."))
        return redirect("proposal", number=proposed.pk)
    return render(request, "personal/new_erasure.html", {"form": form})


def _title(field: str) -> str:
    known = shipped_catalogue().fields.get(field)
    if known is None:
        raise PermissionDenied(field)
    return said(known.title)
