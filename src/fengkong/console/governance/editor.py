"""The rule editor: the whole policy as text, one rule as text or form, its faults, its preview."""

from __future__ import annotations

import json
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong.console.governance import actions, queries, row_inputs
from fengkong.console.governance.actions import StaleDraftError
from fengkong.console.governance.condition_form import (
    Group,
    Join,
    Operator,
    Row,
    UnshownConditionError,
    form_of,
    text_of,
)
from fengkong.console.governance.faults import faults_shown
from fengkong.console.governance.forms import BenchForm, DraftForm, TemplateForm
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.governance.names import names_of, outcomes_of
from fengkong.console.governance.policy_texts import check_policy, policy_or_none, read_policy
from fengkong.console.governance.preview_socket import ask_preview
from fengkong.console.governance.rule_templates import template_of, with_template
from fengkong.console.governance.rule_text import (
    UnreadableRuleError,
    rule_of,
    rules_of,
    with_condition,
)
from fengkong.console.governance.views import line_changes
from fengkong.console.project.declared import needs, operator_of
from fengkong.core.errors import FaultsError, RiskError
from fengkong.decisions.policy import Policy

_NAMED: Final = ("field", "feature", "model")
_BENCH_S: Final = 120.0


@needs("policies.view", act="policies.edit")
def editor(request: HttpRequest, version_id: int) -> HttpResponse:
    """The text of a draft; saving one that somebody else has saved shows the difference."""
    version = _editable(request, version_id)
    if request.method != "POST":
        return _editor(request, version, text=version.text)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return _editor(request, version, text=request.POST.get("text", ""), form=form, status=422)
    text = form.cleaned_data["text"].replace("\r\n", "\n")
    try:
        saved = actions.save_draft(
            operator_of(request),
            version_id,
            edition=form.cleaned_data["edition"],
            text=text,
            note=form.cleaned_data["note"],
        )
    except StaleDraftError as error:
        return _conflict(request, error.current, text)
    except RiskError as error:
        faults = faults_shown([error.fault()])
        return _editor(request, version, text=text, faults=faults, status=422)
    messages.success(request, _("Saved as edition %(edition)s.") % {"edition": saved.edition})
    return redirect("policy_editor", version_id)


def _editable(request: HttpRequest, version_id: int) -> PolicyVersion:
    version = get_object_or_404(PolicyVersion, pk=version_id)
    if not version.editable:
        raise Http404(_("This version can no longer be edited."))
    return version


def _editor(
    request: HttpRequest,
    version: PolicyVersion,
    *,
    text: str,
    status: int = 200,
    faults: Any = None,
    **more: Any,
) -> HttpResponse:
    context = {
        "version": version,
        "text": text,
        "edition": version.edition,
        "rules": rules_of(text),
        "faults": faults_of(text) if faults is None else faults,
        "template_form": TemplateForm(),
    }
    return render(request, "governance/editor.html", context | more, status=status)


def _conflict(request: HttpRequest, current: PolicyVersion, text: str) -> HttpResponse:
    """Somebody else was quicker: what they saved, and what differs."""
    return _editor(
        request,
        current,
        text=text,
        status=409,
        conflict=current,
        lines=line_changes(current.text, text),
    )


def faults_of(text: str) -> list[dict[str, Any]]:
    """Every fault of a text as people read it; none where it loads."""
    try:
        read_policy(text)
    except FaultsError as error:
        return faults_shown(error.faults)
    except RiskError as error:
        return faults_shown([error.fault()])
    return []


@require_POST
@needs("policies.view", act="policies.edit")
def faults(request: HttpRequest, version_id: int) -> HttpResponse:
    """The faults of a text that is being written; its examples too where `examples` is asked."""
    version = _editable(request, version_id)
    text = _text_asked(request, version)
    found = faults_of(text)
    if not found and request.POST.get("examples"):
        try:
            check_policy(text)
        except FaultsError as error:
            found = faults_shown(error.faults)
    if request.headers.get("Accept", "").startswith("application/json"):
        shown = render_to_string("governance/parts/faults.html", {"faults": found, "asked": True})
        return JsonResponse({"faults": found, "shown": shown})
    context = {"faults": found, "asked": True}
    return render(request, "governance/parts/faults.html", context)


def _text_asked(request: HttpRequest, version: PolicyVersion) -> str:
    """The text that was sent, or the version's own with the condition that was sent."""
    text = request.POST.get("text", version.text).replace("\r\n", "\n")
    if "when" in request.POST and request.POST.get("rule"):
        return with_condition(text, request.POST["rule"], request.POST["when"])
    return text


@needs("policies.view")
def names(request: HttpRequest, version_id: int) -> HttpResponse:
    """What an expression of the version may name, with titles and live distributions."""
    version = get_object_or_404(PolicyVersion, pk=version_id)
    policy = _nearest_policy(version)
    language = get_language() or "en"
    found: dict[str, Any] = {"names": [], "outcomes": []}
    if policy is not None:
        found = {
            "names": names_of(policy, language=language, spreads=queries.spreads()),
            "outcomes": outcomes_of(policy, language=language),
        }
    return JsonResponse(found)


def _nearest_policy(version: PolicyVersion) -> Policy | None:
    """The version's policy; while its text has faults that of its base, or the live one."""
    for one in (version, version.base, actions.live_version()):
        policy = None if one is None else policy_or_none(one.text)
        if policy is not None:
            return policy
    return None


@require_POST
@needs("policies.view", act="policies.edit")
def preview(request: HttpRequest, version_id: int) -> HttpResponse:
    """What a rule of the text would have done in the newest days."""
    version = _editable(request, version_id)
    rule = request.POST.get("rule", "")
    context: dict[str, Any] = {"rule": rule, "version": version}
    try:
        text = _text_asked(request, version)
        question = {"do": "preview", "text": text, "rule": rule or None}
        context["told"] = ask_preview(settings.CONSOLE.directory, question)
        context["chinese"] = (get_language() or "").startswith("zh")
    except FaultsError as error:
        context["faults"] = faults_shown(error.faults)
    except RiskError as error:
        context["faults"] = faults_shown([error.fault()])
    return render(request, "governance/parts/preview.html", context)


@require_POST
@needs("policies.view", act="policies.edit")
def add_template(request: HttpRequest, version_id: int) -> HttpResponse:
    """Add a rule from a template to the saved text, and go to it."""
    version = _editable(request, version_id)
    form = TemplateForm(request.POST)
    if not form.is_valid():
        return _editor(request, version, text=version.text, template_form=form, status=422)
    template = template_of(form.cleaned_data["template"])
    assert template is not None, "the form offers the templates there are"
    rule_id = form.cleaned_data["rule_id"] or _free_id(version.text, template.id)
    try:
        text = with_template(version.text, template, rule_id=rule_id)
        edition = int(request.POST.get("edition", version.edition))
        actions.save_draft(operator_of(request), version_id, edition=edition, text=text)
    except StaleDraftError as error:
        return _conflict(request, error.current, text)
    except RiskError as error:
        shown = faults_shown([error.fault()])
        return _editor(request, version, text=version.text, faults=shown, status=422)
    messages.success(request, _("%(rule)s was added.") % {"rule": rule_id})
    return redirect("policy_rule", version_id, rule_id)


def _free_id(text: str, wanted: str) -> str:
    taken = {rule.id for rule in rules_of(text)}
    found, number = wanted, 2
    while found in taken:
        found, number = f"{wanted}_{number}", number + 1
    return found


# -- one rule --------------------------------------------------------------------------------


@needs("policies.view", act="policies.edit")
def rule_editor(request: HttpRequest, version_id: int, rule: str) -> HttpResponse:
    """One rule's condition, as text and as a form; both say the same."""
    version = _editable(request, version_id)
    try:
        written = rule_of(version.text, rule)
    except UnreadableRuleError as error:
        raise Http404(str(error)) from error
    if request.method != "POST":
        return _rule_page(request, version, rule, when=written.when)
    do = request.POST.get("do", "save")
    when = request.POST.get("when", written.when)
    if do == "save":
        return _save_rule(request, version, rule, when=when)
    if do == "read":  # the text was changed: the form follows
        return _rule_page(request, version, rule, when=when)
    return _with_rows(request, version, rule, do=do, when=when)


def _with_rows(
    request: HttpRequest, version: PolicyVersion, rule: str, *, do: str, when: str
) -> HttpResponse:
    """The form was changed: the text follows where the form is complete."""
    group = row_inputs.changed(_group_sent(request, version), do)
    try:
        when = text_of(group)
        shown: list[dict[str, Any]] = []
    except RiskError as error:
        shown = faults_shown([error.fault()]) if do == "rows" else []
    return _rule_page(request, version, rule, when=when, group=group, row_faults=shown)


def _group_sent(request: HttpRequest, version: PolicyVersion) -> Group:
    policy = _nearest_policy(version)
    kinds: dict[str, str] = {}
    known: set[str] = set()
    if policy is not None:
        kinds = {name: kind.value for name, kind in policy.scope.names.items()}
        known = {*kinds, *policy.scope.parameters, *policy.scope.lists}
    sent = {name: str(value) for name, value in request.POST.items()}
    return row_inputs.group_of(sent, kinds=kinds, names=known)


def _save_rule(
    request: HttpRequest, version: PolicyVersion, rule: str, *, when: str
) -> HttpResponse:
    try:
        text = with_condition(version.text, rule, when)
        edition = int(request.POST.get("edition", version.edition))
        actions.save_draft(operator_of(request), version.pk, edition=edition, text=text)
    except StaleDraftError as error:
        return _conflict(request, error.current, text)
    except RiskError as error:
        shown = faults_shown([error.fault()])
        return _rule_page(request, version, rule, when=when, row_faults=shown, status=422)
    messages.success(request, _("The condition was saved."))
    return redirect("policy_rule", version.pk, rule)


def _rule_page(
    request: HttpRequest,
    version: PolicyVersion,
    rule: str,
    *,
    when: str,
    group: Group | None = None,
    row_faults: Any = (),
    status: int = 200,
) -> HttpResponse:
    why_not = ""
    if group is None:
        try:
            group = form_of(when)
        except UnshownConditionError as error:
            why_not, group = error.message, None
    found = (
        names_of(policy, language=get_language() or "en")
        if (policy := _nearest_policy(version))
        else []
    )
    try:
        faults_now = faults_of(with_condition(version.text, rule, when))
    except RiskError as error:
        faults_now = faults_shown([error.fault()])
    context = {
        "version": version,
        "rule": rule_of(version.text, rule),
        "when": when,
        "form": None if group is None else row_inputs.shown(_not_empty(group)),
        "why_not": why_not,
        "operators": list(Operator),
        "values": [one for one in found if one["sort"] in _NAMED],
        "limits": [one for one in found if one["sort"] in ("parameter", "list")],
        "row_faults": row_faults,
        "faults": faults_now,
        "edition": version.edition,
        "joins": list(Join),
    }
    return render(request, "governance/rule.html", context, status=status)


def _not_empty(group: Group) -> Group:
    return group if group.parts else Group(group.join, (Row("", Operator.ABOVE),))


# -- the test bench --------------------------------------------------------------------------


@needs("policies.view")
def bench(request: HttpRequest) -> HttpResponse:
    """An event under a version and under the live policy, every step side by side."""
    asked = any(request.GET.get(name) for name in ("event_id", "event"))
    live = actions.live_version()
    first = {"version": request.GET.get("version") or (None if live is None else live.pk)}
    form = BenchForm(request.GET) if asked else BenchForm(initial=first)
    context: dict[str, Any] = {"form": form}
    if asked and form.is_valid():
        context |= _benched(form.cleaned_data)
    return render(request, "governance/bench.html", context)


def _benched(asked: dict[str, Any]) -> dict[str, Any]:
    version = asked["version"]
    question: dict[str, Any] = {"do": "bench", "text": version.text}
    try:
        if asked["event_id"]:
            question["event_id"] = asked["event_id"]
        else:
            question["event"] = json.loads(asked["event"])
        found = ask_preview(settings.CONSOLE.directory, question, timeout=_BENCH_S)
    except ValueError as error:
        return {"faults": [{"text": f"JSON: {error}", "hint": "", "line": None, "column": None}]}
    except FaultsError as error:
        return {"faults": faults_shown(error.faults)}
    except RiskError as error:
        return {"faults": faults_shown([error.fault()])}
    chinese = (get_language() or "").startswith("zh")
    language = "zh" if chinese else "en"
    return {
        "sides": [(name, found[name]) for name in ("draft", "live") if name in found],
        "of": version,
        "language": language,
    }
