"""The screens of the ledger."""

from __future__ import annotations

import tempfile
from typing import Any

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.accounts.duties import permissions_of
from fengkong.console.audit.actions import action_words, target_words
from fengkong.console.audit.entry_words import changes_of, facts_of_entry
from fengkong.console.audit.exporting import csv_lines, write_archive
from fengkong.console.audit.findings import finding_words, warning_words
from fengkong.console.audit.models import AuditCheckpoint, AuditEntry, Verification
from fengkong.console.audit.queries import EntriesForm
from fengkong.console.audit.recording import record
from fengkong.console.audit.tree import UnsignedEntryError, proof_of, sign_checkpoint, signer
from fengkong.console.audit.verification import begin, step
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor


@needs("audit.view")
@require_GET
def entries(request: OperatorRequest) -> HttpResponse:
    """The entries that are asked for, page by page."""
    form = EntriesForm(request.GET)
    found = form.entries()
    page = page_by_cursor(request, found, order=("-sequence",), total=form.total())
    shown: dict[str, Any] = {
        "form": form,
        "page": page,
        "rows": [_row(found) for found in page.rows],
        "permissions": _permissions(request),
        "checkpoint": AuditCheckpoint.objects.order_by("-size").first(),
        "key": signer().verifier,
        "verification": _shown(Verification.objects.order_by("-pk").first()),
        "asked": form.asked(),
    }
    return render(request, "audit/entries.html", shown)


@needs("audit.view")
@require_GET
def entry(request: OperatorRequest, sequence: int) -> HttpResponse:
    """One entry: what was before, what after."""
    found = get_object_or_404(AuditEntry, pk=sequence)
    signed = AuditCheckpoint.objects.filter(size__gte=sequence).exists()
    shown = {
        **_row(found),
        "changes": changes_of(found),
        "facts": facts_of_entry(found),
        "leaf": bytes(found.leaf).decode(),
        "hash": bytes(found.leaf_hash).hex(),
        "is_signed": signed,
    }
    return render(request, "audit/entry.html", shown)


@needs("audit.view")
@require_GET
def proof(request: OperatorRequest, sequence: int) -> HttpResponse:
    """The proof that an entry is in the ledger (C2SP tlog-proof)."""
    found = get_object_or_404(AuditEntry, pk=sequence)
    try:
        content = proof_of(found).render()
    except UnsignedEntryError as error:
        return render(request, "audit/refused.html", {"error": error}, status=409)
    return _download(content, f"entry-{sequence}.tlog-proof", media="text/plain; charset=utf-8")


@needs("audit.verify")
@require_POST
def checkpoint(request: OperatorRequest) -> HttpResponse:
    """Sign a checkpoint of everything there is now, this act included."""
    record(request.user, "sign_checkpoint", target_kind="ledger", target="console")
    sign_checkpoint()
    return redirect("audit:entries")


@needs("audit.verify")
@require_POST
def verify(request: OperatorRequest) -> HttpResponse:
    """Begin to verify the ledger."""
    begun = begin(request.user.username)
    if not request.htmx:
        return redirect("audit:verification", number=begun.pk)
    return render(request, "audit/verification_part.html", _verification(request, begun))


@needs("audit.view", act="audit.verify")
def verification(request: OperatorRequest, number: int) -> HttpResponse:
    """How far a verification came; a POST goes on."""
    found = get_object_or_404(Verification, pk=number)
    if request.method == "POST":
        found = step(found)
    template = "verification_part" if request.htmx else "verification"
    return render(request, f"audit/{template}.html", _verification(request, found))


@needs("audit.view")
@require_POST
def export_csv(request: OperatorRequest) -> HttpResponseBase:
    """The entries that are asked for, as CSV."""
    form = EntriesForm(request.POST)
    asked = form.asked()
    record(
        request.user,
        "export_ledger",
        target_kind="ledger",
        target="csv",
        detail={"form": "csv", "filter": asked},
    )
    answer = StreamingHttpResponse(
        [line.encode() for line in csv_lines(form)], content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="ledger-{_today()}.csv"'
    return answer


@needs("audit.view")
@require_POST
def export_archive(request: OperatorRequest) -> HttpResponseBase:
    """The whole ledger for the offline verifier, this act included."""
    record(
        request.user,
        "export_ledger",
        target_kind="ledger",
        target="archive",
        detail={"form": "archive"},
    )
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    write_archive(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"ledger-{_today()}.zip")


def _shown(verification: Verification | None) -> dict[str, Any] | None:
    if verification is None:
        return None
    return {
        "it": verification,
        "finding": finding_words(verification),
        "warnings": warning_words(verification),
        "root": bytes(verification.root or b"").hex(),
    }


def _verification(request: OperatorRequest, found: Verification) -> dict[str, Any]:
    return {"verification": _shown(found), "permissions": _permissions(request)}


def _row(found: AuditEntry) -> dict[str, Any]:
    return {
        "entry": found,
        "action": action_words(found.action),
        "target_kind": target_words(found.target_kind),
    }


def _permissions(request: OperatorRequest) -> frozenset[str]:
    return permissions_of(request.user.roles())


def _download(content: bytes, name: str, *, media: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _today() -> str:
    return timezone.localdate().isoformat()
