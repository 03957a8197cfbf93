"""The library of playbooks, one playbook, and its editor."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.governance.faults import faults_shown
from fengkong.console.incidents.models import Incident, IncidentRole
from fengkong.console.incidents.switch_kinds import KINDS
from fengkong.console.incidents.trigger_words import condition_of
from fengkong.console.playbooks import changing
from fengkong.console.playbooks.checking import faults_of
from fengkong.console.playbooks.differing import Difference, differences
from fengkong.console.playbooks.library import InUse, in_use
from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.reasons import KeptText
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError
from fengkong.response.kinds import shipped_scale
from fengkong.response.phases import WORKING
from fengkong.response.playbook import Step, shipped_playbooks
from fengkong.response.strict import Text

_PARTS: Final = dict(IncidentRole.Part.choices)


class TextForm(forms.Form):
    """The text of a playbook, and the edition it was opened at."""

    text = forms.CharField(
        label=_("Text"),
        max_length=changing.TEXT_MAX,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 30,
                "class": "fk-mono",
                "spellcheck": "false",
                "data-policy-editor": "yaml",
                "data-faults": reverse_lazy("playbook_faults"),
            }
        ),
    )
    edition = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ReasonForm(forms.Form):
    """Why it is to be put in use."""

    reason = KeptText(max_length=500)


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
        "triggers": [(trigger, condition_of(trigger)) for trigger in one.playbook.triggers],
        "roles": [(_PARTS[role.part], role.duty) for role in one.playbook.roles],
        "versions": PlaybookVersion.objects.filter(name=playbook).select_related("author"),
        "may_edit": request.user.may("playbooks.edit"),
    }
    return render(request, "playbooks/playbook.html", shown)


def _phases(one: InUse) -> list[tuple[str, Any]]:
    words = dict(Incident.PhaseName.choices)
    return [
        (str(words[phase.value]), [_step(step) for step in one.playbook.steps_of(phase.value)])
        for phase in WORKING
    ]


def _step(step: Step) -> dict[str, Any]:
    switch = None if step.switch is None else KINDS[step.switch].title
    return {"step": step, "part": _PARTS[step.part], "switch": switch}


@needs("incidents.view")
@require_GET
def version(request: OperatorRequest, playbook: str, number: int) -> HttpResponse:
    """One version: its text, and what it changed against the version before."""
    found = get_object_or_404(PlaybookVersion, name=playbook, number=number)
    before = PlaybookVersion.objects.filter(
        name=playbook, number__lt=number, state__in=("in_use", "retired")
    ).first()
    shown = {
        "version": found,
        "before": before,
        "differences": _differences(found, before),
        "may_edit": request.user.may("playbooks.edit"),
    }
    return render(request, "playbooks/version.html", shown)


def _differences(found: PlaybookVersion, before: PlaybookVersion | None) -> list[Difference]:
    """What a version changes against the one before, or against the one that was shipped."""
    new = changing.playbook_or_none(found.text)
    if new is None:
        return []
    if before is not None:
        return differences(changing.playbook_or_none(before.text), new)
    shipped = shipped_playbooks().get(found.name)
    return differences(None if shipped is None else shipped[0], new)


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
            messages.success(request, gettext("The draft is saved."))
            return redirect("playbook_editor", draft_id)
    shown = {
        "form": form,
        "draft": draft,
        "title": _title_of(draft),
        "faults": faults_shown(faults_of(draft.text)),
        "asked": True,
        "differences": _against_use(draft),
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
        messages.error(request, gettext("Say why."))
        return redirect("playbook_editor", draft_id)
    try:
        changing.propose_draft(request.user, draft_id, reason=form.cleaned_data["reason"])
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        messages.info(request, gettext("Proposed: a colleague has to approve it."))
    return redirect("playbook_editor", draft_id)


@needs("playbooks.edit")
@require_POST
def drop(request: OperatorRequest, draft_id: int) -> HttpResponse:
    """Throw a draft away."""
    get_object_or_404(PlaybookVersion, pk=draft_id)
    try:
        changing.drop_draft(request.user, draft_id)
    except RiskError as error:
        messages.error(request, told_error(error))
        return redirect("playbook_editor", draft_id)
    messages.success(request, gettext("The draft is given up."))
    return redirect("playbooks")


def _title_of(draft: PlaybookVersion) -> Text | None:
    """Its title; where it has faults, that of the playbook in use, if any."""
    used, made = in_use().get(draft.name), changing.playbook_or_none(draft.text)
    if made is not None:
        return made.title
    return None if used is None else used.playbook.title


def _against_use(draft: PlaybookVersion) -> list[Difference]:
    """What a draft would change in the playbook in use."""
    new, used = changing.playbook_or_none(draft.text), in_use().get(draft.name)
    return [] if new is None else differences(None if used is None else used.playbook, new)


@needs("playbooks.edit")
@require_POST
def faults(request: OperatorRequest) -> HttpResponse:
    """The faults of a text that is being written."""
    found = faults_shown(faults_of(request.POST.get("text", "")[: changing.TEXT_MAX]))
    shown = {"faults": found, "asked": True}
    if request.headers.get("Accept", "").startswith("application/json"):
        part = render_to_string("governance/parts/faults.html", shown)
        return JsonResponse({"faults": found, "shown": part})
    return render(request, "governance/parts/faults.html", shown)
