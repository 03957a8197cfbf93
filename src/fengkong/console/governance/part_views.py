"""The screens on which one parameter or one model is changed, without writing the policy's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong.console.governance import actions, part_standing, parts, queries
from fengkong.console.governance.changes import changes
from fengkong.console.governance.faults import faults_shown
from fengkong.console.governance.forms import (
    DatedChangeForm,
    ModelChangeForm,
    PartForm,
    ReasonForm,
)
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.governance.part_text import DatedChange
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.project.declared import needs, operator_of
from fengkong.console.shell.spoken import said
from fengkong.core.errors import FaultsError, RiskError
from fengkong.scoring.model_file import parse_model

if TYPE_CHECKING:
    from fengkong.console.approvals.models import Proposal


@needs("policies.view", act="policies.edit")
def parameter_change(request: HttpRequest, name: str) -> HttpResponse:
    """One parameter: its dated values, and another one to preview and propose."""
    live = actions.live_version()
    rows = [] if live is None else queries.values_of(live, name)
    if not rows:
        raise Http404
    form = DatedChangeForm(request.POST or None)
    context: dict[str, Any] = {"name": name, "rows": rows, "form": form, "live": live}
    context["versions"] = queries.versions_of(PolicyVersion.Part.PARAMETER, parameter=name)
    if request.method != "POST":
        return render(request, "governance/parameter.html", context)
    if not form.is_valid():
        return render(request, "governance/parameter.html", context, status=422)
    given = form.cleaned_data
    asked = DatedChange(
        parameter=name, since=given["since"], value=given["value"], reference=given["reference"]
    )
    if "preview" in request.POST:
        return _previewed(request, "governance/parameter.html", context, asked)
    return _made(
        request,
        lambda: parts.dated_change(asked),
        form=form,
        again=("governance/parameter.html", context),
    )


@needs("models.view", act="policies.edit")
def model_change(request: HttpRequest) -> HttpResponse:
    """Another model: as challenger with a share, as champion, or a challenger that wins or goes."""
    live = actions.live_version()
    policy = None if live is None else read_policy(live.text)
    form = ModelChangeForm(
        request.POST or None,
        request.FILES or None,
        names=[] if policy is None else list(policy.models),
        initial={"used_as": request.GET.get("used_as"), "how": request.GET.get("how")},
    )
    context = {
        "form": form,
        "live": live,
        "versions": queries.versions_of(PolicyVersion.Part.MODEL),
    }
    if request.method != "POST":
        return render(request, "governance/model.html", context)
    if not form.is_valid():
        return render(request, "governance/model.html", context, status=422)
    return _made(
        request,
        lambda: _model_change(form),
        form=form,
        again=("governance/model.html", context),
    )


def _model_change(form: ModelChangeForm) -> parts.PartChange:
    given = form.cleaned_data
    file = given["file"]
    return parts.model_change(
        parts.ModelAsked(
            how=given["how"],
            used_as=given["used_as"],
            model=None if file is None else parse_model(file.read(), source=file.name),
            share=float(given["share_percent"] or 0) / 100,
            by=given["by"],
        )
    )


def _previewed(
    request: HttpRequest, template: str, context: dict[str, Any], asked: DatedChange
) -> HttpResponse:
    """What the change says in words, and what it would have done in the newest days."""
    try:
        change = parts.dated_change(asked)
        context |= {"told": parts.report_of(change), "words": _words(change)}
    except RiskError as error:
        context["faults"] = _faults(error)
        return render(request, template, context, status=422)
    return render(request, template, context)


@require_POST
@needs("policies.view", act="policies.edit")
def make_again(request: HttpRequest, version_id: int) -> HttpResponse:
    """Make the change of a version again, of the policy that is live now."""
    version = get_object_or_404(PolicyVersion, pk=version_id)
    try:
        draft = part_standing.make_again(operator_of(request), version)
    except RiskError as error:
        messages.error(request, _faults(error)[0]["text"])
        return redirect("policy_version", version_id)
    messages.success(request, _("%(version)s was begun.") % {"version": draft})
    return redirect("policy_version", draft.pk)


@require_POST
@needs("policies.view", act="policies.edit")
def take_back(request: HttpRequest, version_id: int) -> HttpResponse:
    """Propose a version without the change of this one, and all else as it is."""
    version = get_object_or_404(PolicyVersion, pk=version_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why it is to change."))
        return redirect("policy_version", version_id)
    try:
        change = part_standing.taken_back(version)
        proposal = parts.propose_part(
            operator_of(request), change, reason=form.cleaned_data["reason"]
        )
    except RiskError as error:
        messages.error(request, _faults(error)[0]["text"])
        return redirect("policy_version", version_id)
    return _to_proposed(request, proposal)


def _made(
    request: HttpRequest,
    change: Callable[[], parts.PartChange],
    *,
    form: PartForm,
    again: tuple[str, dict[str, Any]],
) -> HttpResponse:
    """Keep as a draft or propose, and go to the version; what is wrong is shown here again."""
    who = operator_of(request)
    try:
        made = change()
        if "draft" in request.POST:
            draft = parts.begin_part(who, made)
            messages.success(request, _("%(version)s was begun.") % {"version": draft})
            return redirect("policy_version", draft.pk)
        reason = form.cleaned_data["reason"]
        proposal = parts.propose_part(who, made, reason=reason, run=form.run())
    except RiskError as error:
        template, context = again
        return render(request, template, context | {"faults": _faults(error)}, status=422)
    return _to_proposed(request, proposal)


def _to_proposed(request: HttpRequest, proposal: Proposal) -> HttpResponse:
    messages.success(
        request, _("Proposed. A colleague who may approve finds it among the approvals.")
    )
    return redirect("policy_version", proposal.content["version_id"])


def _words(change: parts.PartChange) -> list[tuple[str, str]]:
    """Effect and words of everything that changes."""
    found = changes(read_policy(change.base.text), read_policy(change.text))
    return [(str(one.effect), said(one)) for one in found if one.part != "version"]


def _faults(error: RiskError) -> list[dict[str, Any]]:
    told = error.faults if isinstance(error, FaultsError) else [error.fault()]
    return faults_shown(told)
