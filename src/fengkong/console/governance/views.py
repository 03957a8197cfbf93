"""The list of versions, one version, what is done with it, and what the service runs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong.console.accounts.verification import recently_verified
from fengkong.console.governance import actions, part_standing, queries
from fengkong.console.governance.changes import changes
from fengkong.console.governance.faults import faults_shown
from fengkong.console.governance.forms import (
    NewDraftForm,
    ProposalForm,
    ReasonForm,
    VersionQuery,
)
from fengkong.console.governance.models import PolicyVersion, ServiceChange, ServiceView
from fengkong.console.governance.policy_texts import policy_or_none
from fengkong.console.governance.preview_socket import ask_preview
from fengkong.console.governance.service_view import drifts, last_seen
from fengkong.console.governance.states import Step, allowed
from fengkong.console.project.declared import needs, operator_of
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.spoken import said
from fengkong.core.errors import FaultsError, RiskError


def may(request: HttpRequest) -> dict[str, bool]:
    """What who asks may do with policies, for the buttons."""
    verbs = ("edit", "approve", "activate")
    return {verb: operator_of(request).may(f"policies.{verb}") for verb in verbs}


@needs("policies.view")
def version_list(request: HttpRequest) -> HttpResponse:
    """Every version, with what the service runs above."""
    form = VersionQuery(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = queries.versions(**asked)
    page = page_by_cursor(
        request, found, order=("-changed_at", "-pk"), total=found.order_by().count()
    )
    view, canary = last_seen(), actions.canary_version()
    context = {
        "form": form,
        "page": page,
        "seen": view,
        "live": actions.live_version(),
        "shadow": PolicyVersion.objects.filter(state="shadow").first(),
        "canary": canary,
        "canary_step": None if canary is None else actions.canary_step(canary),
        "drifts": drifts(view),
        "waiting": ServiceChange.objects.filter(state="waiting").count(),
        "changes": queries.changes_shown(),
        "preview": queries.preview_status(),
        "reason_form": ReasonForm(),
        "may": may(request),
    }
    return render(request, "governance/versions.html", context)


@needs("policies.view")
def version_page(request: HttpRequest, version_id: int) -> HttpResponse:
    """One version: where it stands, how it came there, and what can be done next."""
    return _version_page(request, get_object_or_404(PolicyVersion, pk=version_id))


def _version_page(
    request: HttpRequest, version: PolicyVersion, *, status: int = 200, **more: Any
) -> HttpResponse:
    view = last_seen()
    live = actions.live_version()
    steps = {step.value: allowed(version.standing, step) for step in Step}
    modes = actions.modes_of(version)
    context = {
        "version": version,
        "steps": steps,
        "may_propose": bool(modes),
        "timeline": version.steps.all(),
        "proposal": queries.open_proposal(version),
        "changes": version.changes.all()[:10],
        "live": live,
        "others": PolicyVersion.objects.filter(name=version.name).exclude(pk=version.pk)[:20],
        "runs": [title for part, title in part_titles(view).items() if _runs(view, part, version)],
        "proposal_form": ProposalForm(modes=modes),
        "reason_form": ReasonForm(),
        "policy": policy_or_none(version.text),
        "seen": view,
        "begun": actions.canary_step(version),
        "part": {
            "holds": part_standing.holds(version),
            "of_another": part_standing.is_of_another_live(version),
            "may_be_taken_back": part_standing.may_be_taken_back(version),
        },
        "may": may(request),
    }
    return render(request, "governance/version.html", context | more, status=status)


def percent(share: float) -> str:
    """A share as people write it: 12.5%."""
    return f"{100 * share:.4g}%"


def part_titles(view: ServiceView) -> dict[str, str]:
    """What the parts of policies are called, that of a canary with its share."""
    canary = view.canary or {}
    return {
        "live": _("live"),
        "shadow": _("in shadow"),
        "canary": _("for %(share)s of the traffic")
        % {"share": percent(canary.get("share") or 0.0)},
    }


def _runs(view: Any, part: str, version: PolicyVersion) -> bool:
    seen = getattr(view, part)
    return bool(version.hash) and seen is not None and seen.get("hash") == version.hash


@needs("policies.view", act="policies.edit")
def new_draft(request: HttpRequest) -> HttpResponse:
    """Begin a draft from a version that there is."""
    base = request.GET.get("base") or getattr(actions.live_version(), "pk", None)
    form = NewDraftForm(request.POST or None, initial={"base": base})
    if request.method == "POST" and form.is_valid():
        begun = form.cleaned_data["base"]
        draft = actions.create_draft(
            operator_of(request), text=begun.text, note=form.cleaned_data["note"], base=begun
        )
        messages.success(request, _("%(version)s was begun.") % {"version": draft})
        return redirect("policy_editor", draft.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "governance/new_draft.html", {"form": form}, status=status)


@require_POST
@needs("policies.view", act="policies.edit")
def check(request: HttpRequest, version_id: int) -> HttpResponse:
    """Run the examples of a version."""
    return _done(
        request, version_id, lambda: actions.check_version(operator_of(request), version_id),
        _("The policy loads, and every example comes out as it says."),
    )  # fmt: skip


@require_POST
@needs("policies.view", act="policies.edit")
def backtest(request: HttpRequest, version_id: int) -> HttpResponse:
    """Compare a version with the live policy over the newest days."""
    version = get_object_or_404(PolicyVersion, pk=version_id)

    def work() -> None:
        from django.conf import settings  # noqa: PLC0415 - completed late

        report = ask_preview(
            settings.CONSOLE.directory, {"do": "preview", "text": version.text, "rule": None}
        )
        actions.note_backtest(
            operator_of(request), version_id, edition=version.edition, report=report
        )

    return _done(request, version_id, work, _("The version was compared with the live policy."))


@require_POST
@needs("policies.view", act="policies.edit")
def propose(request: HttpRequest, version_id: int) -> HttpResponse:
    """Ask a colleague to approve."""
    version = get_object_or_404(PolicyVersion, pk=version_id)
    form = ProposalForm(request.POST)
    if not form.is_valid():
        return _version_page(request, version, proposal_form=form, status=422)
    return _done(
        request,
        version_id,
        lambda: actions.propose_version(
            operator_of(request),
            version_id,
            mode=form.cleaned_data["mode"],
            reason=form.cleaned_data["reason"],
            **form.dealt(),
        ),
        _("Proposed. A colleague who may approve finds it among the approvals."),
    )


@require_POST
@needs("policies.view", act="policies.activate")
@recently_verified
def stop(request: HttpRequest, version_id: int) -> HttpResponse:
    """End a shadow or a canary."""
    reason = request.POST.get("reason", "").strip() or _("ended")
    return _done(
        request,
        version_id,
        lambda: actions.stop_version(operator_of(request), version_id, reason=reason),
        _("The service is asked to end it."),
    )


@require_POST
@needs("policies.view", act="policies.edit")
def abandon(request: HttpRequest, version_id: int) -> HttpResponse:
    """Give a version up."""
    reason = request.POST.get("reason", "").strip()
    return _done(
        request,
        version_id,
        lambda: actions.abandon_version(operator_of(request), version_id, reason=reason),
        _("The version was given up."),
    )


@require_POST
@needs("policies.view", act="policies.activate")
@recently_verified
def roll_back(request: HttpRequest) -> HttpResponse:
    """Put the policy before the live one in force again."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why you roll back."))
        return redirect("policies")
    actions.roll_back(operator_of(request), reason=form.cleaned_data["reason"])
    messages.success(request, _("The service is asked to roll back; it takes some seconds."))
    return redirect("policies")


def _done(request: HttpRequest, version_id: int, work: Any, said: str) -> HttpResponse:
    """Do something with a version and go back to it; what is wrong is shown there."""
    try:
        work()
    except PermissionDenied:
        raise
    except FaultsError as error:
        version = get_object_or_404(PolicyVersion, pk=version_id)
        faults = faults_shown(error.faults)
        return _version_page(request, version, faults=faults, status=422)
    except RiskError as error:
        messages.error(request, faults_shown([error.fault()])[0]["text"])
    else:
        messages.success(request, said)
    return redirect("policy_version", version_id)


@needs("policies.view")
def diff(request: HttpRequest, version_id: int, other_id: int) -> HttpResponse:
    """What changed from one version to another, in words and side by side."""
    after = get_object_or_404(PolicyVersion, pk=version_id)
    before = get_object_or_404(PolicyVersion, pk=other_id)
    old, new = policy_or_none(before.text), policy_or_none(after.text)
    found = changes(old, new) if old is not None and new is not None else None
    context = {
        "before": before,
        "after": after,
        "changes": None if found is None else [(one, said(one)) for one in found],
        "loosens": [one for one in found or () if one.effect == "looser"],
        "lines": line_changes(before.text, after.text),
    }
    return render(request, "governance/diff.html", context)


def line_changes(before: str, after: str) -> list[tuple[str, str]]:
    """Lines that went (-), came (+), and some around them, as (mark, line)."""
    import difflib  # noqa: PLC0415

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    return [
        ("@" if line.startswith("@@") else line[:1], line if line.startswith("@@") else line[1:])
        for line in list(lines)[2:]
    ]


@needs("policies.view")
def parameters(request: HttpRequest) -> HttpResponse:
    """Every dated value of the live policy's parameters, or of another version's."""
    asked = request.GET.get("version", "")
    version = (
        PolicyVersion.objects.filter(pk=int(asked)).first()
        if asked.isdigit()
        else actions.live_version()
    )
    rows = [] if version is None else queries.parameters_of(version, at=timezone.now())
    named = request.GET.get("name", "").strip()
    if named:
        rows = [row for row in rows if named in row.name]
    context = {
        "version": version,
        "rows": rows,
        "named": named,
        "is_live": version is not None and version.state == "live",
        "part_versions": queries.versions_of(PolicyVersion.Part.PARAMETER),
        "may": may(request),
        "versions": PolicyVersion.objects.exclude(hash="").order_by("name", "-number")[:100],
    }
    return render(request, "governance/parameters.html", context)


@needs("models.view")
def models(request: HttpRequest) -> HttpResponse:
    """The models that running versions use."""
    running = PolicyVersion.objects.filter(state__in=("live", "shadow", "canary"))
    rows = []
    for version in running:
        policy = policy_or_none(version.text)
        used = queries.models_of(policy) if policy is not None else ()
        rows += [one | {"of": version} for one in used]
    context = {
        "rows": rows,
        "part_versions": queries.versions_of(PolicyVersion.Part.MODEL),
        "may": may(request),
    }
    return render(request, "governance/models.html", context)
