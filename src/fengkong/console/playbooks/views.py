"""The library of playbooks, one playbook, and its editor."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.incidents.models import Incident
from fengkong.console.playbooks import changing
from fengkong.console.playbooks.library import InUse, in_use
from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.response.kinds import shipped_scale
from fengkong.response.phases import WORKING
from fengkong.response.playbook import read_playbook


class TextForm(forms.Form):
    """The text of a playbook, and the edition it was opened at."""

    text = forms.CharField(
        label=_("Text"),
        max_length=changing.TEXT_MAX,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "class": "fk-mono", "spellcheck": "false"}),
    )
    edition = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ReasonForm(forms.Form):
    """Why it is to be put in use."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


@needs("incidents.view")
@require_GET
def library(request: OperatorRequest) -> HttpResponse:
    """Every playbook in use, and the drafts."""
    shown = {
        "rows": [_row(one) for one in in_use().values()],
        "drafts": PlaybookVersion.objects.filter(state__in=("draft", "proposed")),
        "may_edit": request.user.may("playbooks.edit"),
    }
    return render(request, "playbooks/library.html", shown)


def _row(one: InUse) -> dict[str, Any]:
    scale = shipped_scale()
    return {
        "one": one,
        "kind": scale.kinds[one.playbook.kind].title,
        "severity": scale.severities[one.playbook.severity].title,
        "used": Incident.objects.filter(playbook_name=one.playbook.playbook).count(),
    }


@needs("incidents.view")
@require_GET
def page(request: OperatorRequest, playbook: str) -> HttpResponse:
    """One playbook: triggers, roles, steps by phase, and what it rests on."""
    one = in_use().get(playbook)
    if one is None:
        raise Http404(playbook)
    shown = _row(one) | {
        "book": one.playbook,
        "phases": _phases(one),
        "versions": PlaybookVersion.objects.filter(name=playbook),
        "may_edit": request.user.may("playbooks.edit"),
    }
    return render(request, "playbooks/playbook.html", shown)


def _phases(one: InUse) -> list[tuple[str, Any]]:
    words = dict(Incident.PhaseName.choices)
    return [(str(words[phase.value]), one.playbook.steps_of(phase.value)) for phase in WORKING]


@needs("playbooks.edit")
@require_POST
def edit(request: OperatorRequest, playbook: str) -> HttpResponse:
    """Open the draft of a playbook; begun where there is none."""
    if playbook not in in_use():
        raise Http404(playbook)
    return redirect("playbook_editor", changing.begin_draft(request.user, playbook).pk)


@needs("playbooks.edit")
def new(request: OperatorRequest) -> HttpResponse:
    """A playbook that there is not yet."""
    form = TextForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            draft = changing.begin_new(request.user, form.cleaned_data["text"])
        except RiskError as error:
            form.add_error("text", told_error(error))
        else:
            return redirect("playbook_editor", draft.pk)
    context = {"form": form}
    return render(request, "playbooks/new.html", context, status=422 if form.errors else 200)


@needs("playbooks.edit")
def editor(request: OperatorRequest, draft_id: int) -> HttpResponse:
    """Write a draft; every fault is shown with its line."""
    draft = get_object_or_404(PlaybookVersion, pk=draft_id)
    start = {"text": draft.text, "edition": draft.edition}
    form = TextForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            draft = changing.save_draft(
                request.user, draft_id, edition=given["edition"] or 0, text=given["text"]
            )
        except RiskError as error:
            form.add_error("text", told_error(error))
        else:
            messages.success(request, _now("The draft is saved."))
            return redirect("playbook_editor", draft_id)
    shown = {
        "form": form,
        "draft": draft,
        "faults": _faults(draft.text),
        "reason_form": ReasonForm(),
        "editable": draft.state == PlaybookVersion.State.DRAFT,
    }
    return render(request, "playbooks/editor.html", shown, status=422 if form.errors else 200)


@needs("playbooks.edit")
@require_POST
def propose(request: OperatorRequest, draft_id: int) -> HttpResponse:
    """Ask a colleague to approve a draft."""
    get_object_or_404(PlaybookVersion, pk=draft_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _now("Say why."))
        return redirect("playbook_editor", draft_id)
    try:
        changing.propose_draft(request.user, draft_id, reason=form.cleaned_data["reason"])
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        messages.info(request, _now("Proposed: a colleague has to approve it."))
    return redirect("playbook_editor", draft_id)


def _faults(text: str) -> tuple[Fault, ...]:
    try:
        read_playbook(text, "playbook")
    except FaultsError as error:
        return error.faults
    return ()
