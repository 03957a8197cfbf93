"""The inbox of appeals, links to customers, and the public page behind such a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from fengkong.console.customers import appeals, confirming
from fengkong.console.customers.deadlines import deadline_named
from fengkong.console.customers.errors import ClosedConfirmationError
from fengkong.console.customers.forms import (
    AnswerForm,
    AppealForm,
    AppealQuery,
    CodeForm,
    ConfirmForm,
    ExtendForm,
)
from fengkong.console.customers.models import Appeal, Confirmation
from fengkong.console.customers.throttling import is_too_much
from fengkong.console.customers.wordings import wordings_at
from fengkong.console.insiders.counting import counted
from fengkong.console.journaled.models import Decision
from fengkong.console.project.declared import needs, operator_of, public
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.spoken import event_title
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

LINKS_SHOWN: Final = 100
_OTHER: Final = {
    "zh": {"address": "?language=en", "code": "en", "name": "English"},
    "en": {"address": "?", "code": "zh-Hans", "name": "中文"},
}
"""The way to the other language of the public page."""


@needs("appeals.view")
def inbox(request: HttpRequest) -> HttpResponse:
    """Appeals, the most urgent first."""
    given = request.GET or {"state": Appeal.State.OPEN.value}
    form = AppealQuery(given)
    asked = form.cleaned_data if form.is_valid() else {}
    found = Appeal.objects.select_related("owner")
    if asked.get("state"):
        found = found.filter(state=asked["state"])
    if asked.get("mine"):
        found = found.filter(owner=operator_of(request))
    if asked.get("overdue"):
        found = found.filter(state=Appeal.State.OPEN, due_at__lte=timezone.now())
    if asked.get("reference"):
        found = found.filter(reference=asked["reference"].strip())
    page = page_by_cursor(request, found, order=("due_at", "id"), total=found.order_by().count())
    context = {"form": form, "page": page, "may_take": operator_of(request).may(appeals.TAKE)}
    return render(request, "customers/inbox.html", context)


@needs("appeals.view")
def appeal_page(request: HttpRequest, number: int) -> HttpResponse:
    """One appeal: what the customer says, the decision, and the answer."""
    appeal = get_object_or_404(Appeal.objects.select_related("owner"), pk=number)
    reader = operator_of(request)
    counted(reader, "appeal", str(number))
    barred = appeals.is_barred(reader, appeal)
    context = {
        "appeal": appeal,
        "grounds": appeals.grounds_of(appeal),
        "findings": appeals.findings_of(appeal),
        "decision": Decision.objects.filter(sequence=appeal.sequence).first(),
        "wording": appeals.wording_of(appeal),
        "deadline": deadline_named(appeal.deadline),
        "barred": barred,
        "may_work": reader.may(appeals.WORK) and not barred and appeal.is_open,
        "may_take": reader.may(appeals.TAKE) and appeal.is_open,
        "left": appeal.due_at - timezone.now(),
    }
    return render(request, "customers/appeal.html", context)


@needs("appeals.take")
def new_appeal(request: HttpRequest) -> HttpResponse:
    """Write an appeal down that a customer made."""
    form = AppealForm(request.POST or None, initial={"event_id": request.GET.get("event", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made = appeals.take_in(
                operator_of(request), came_by=Appeal.Came.OPERATOR, **form.cleaned_data
            )
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            return redirect("customers:appeal", made.pk)
    status = 422 if form.errors else 200
    title = _("Write an appeal down")
    return render(request, "customers/form.html", {"form": form, "title": title}, status=status)


@require_POST
@needs("appeals.work")
def claim_appeal(request: HttpRequest, number: int) -> HttpResponse:
    """Take an appeal to work it."""
    get_object_or_404(Appeal, pk=number)
    try:
        appeals.claim(operator_of(request), number)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("customers:appeal", number)


@needs("appeals.work")
def answer_appeal(request: HttpRequest, number: int) -> HttpResponse:
    """Answer an appeal."""
    return _filled_in(
        request,
        number,
        AnswerForm(request.POST or None),
        title=_("Answer the appeal"),
        act=lambda asked: appeals.answer(operator_of(request), number, **asked),
    )


@needs("appeals.work")
def extend_appeal(request: HttpRequest, number: int) -> HttpResponse:
    """Give a complex appeal the longest time allowed."""
    return _filled_in(
        request,
        number,
        ExtendForm(request.POST or None),
        title=_("Extend the deadline"),
        act=lambda asked: appeals.extend(operator_of(request), number, **asked),
    )


@require_POST
@needs("appeals.take")
def withdraw_appeal(request: HttpRequest, number: int) -> HttpResponse:
    """Write down that the customer took an appeal back."""
    get_object_or_404(Appeal, pk=number)
    try:
        appeals.withdraw(operator_of(request), number)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("customers:appeal", number)


@needs("appeals.view")
def wordings(request: HttpRequest) -> HttpResponse:
    """What customers are told today, in both languages."""
    today = wordings_at(timezone.localdate())
    own = [
        (event_title(name), outcome, wording)
        for name, by_outcome in today.event_types.items()
        for outcome, wording in by_outcome.items()
    ]
    context = {
        "wordings": today,
        "outcomes": [("", outcome, wording) for outcome, wording in today.outcomes.items()] + own,
        "appeals": [(_appeal_title(name), wording) for name, wording in today.appeals.items()],
    }
    return render(request, "customers/wordings.html", context)


@needs("cases.view", act="customers.confirm")
def confirmations(request: HttpRequest) -> HttpResponse:
    """Links to customers, the newest first; a POST asks another."""
    given = {name: request.GET.get(name, "") for name in ("event_id", "alert_id", "case_id")}
    form = ConfirmForm(request.POST or None, initial={**given, "minutes": 30})
    reader = operator_of(request)
    if request.method == "POST" and form.is_valid():
        try:
            confirming.ask_customer(reader, **form.cleaned_data)
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            messages.success(request, _("The core system is told; the customer is asked."))
            return redirect("customers:confirmations")
    context = {
        "form": form,
        "links": [
            (one, confirming.is_open(one)) for one in Confirmation.objects.all()[:LINKS_SHOWN]
        ],
        "may_ask": reader.may(confirming.PERMISSION),
    }
    status = 422 if form.errors else 200
    return render(request, "customers/confirmations.html", context, status=status)


@require_POST
@needs("customers.confirm")
def revoke_confirmation(request: HttpRequest, number: int) -> HttpResponse:
    """Take an open link back."""
    get_object_or_404(Confirmation, pk=number)
    try:
        confirming.revoke(operator_of(request), number)
    except RiskError as error:
        messages.error(request, told_error(error))
    return redirect("customers:confirmations")


@public
@never_cache
@sensitive_variables("secret")
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """Asks a customer for the code and whether it was them; says nothing of anybody."""
    language = "en" if request.GET.get("language") == "en" else ""
    with translation.override(language or "zh-hans"):
        return _confirm(request, secret, language=language or "zh")


@sensitive_variables("secret")
def _confirm(request: HttpRequest, secret: str, *, language: str) -> HttpResponse:
    page: dict[str, Any] = {"other": _OTHER[language], "form": CodeForm(request.POST or None)}
    if is_too_much(request):
        return _public(request, "busy", page, status=429)
    if request.method == "POST" and request.POST.get("answer") in ("yes", "no"):
        form = page["form"]
        if not form.is_valid():
            return _public(request, "ask", page, status=422)
        was_me = request.POST["answer"] == "yes"
        try:
            taken = confirming.answer_with(secret, form.cleaned_data["code"], was_me=was_me)
        except ClosedConfirmationError:
            return _public(request, "closed", page, status=410)
        if taken:
            return _public(request, "thanks" if was_me else "reported", page)
        form.add_error("code", _("The code is not right."))
        return _public(request, "ask", page, status=422)
    if not confirming.link_is_open(secret):
        return _public(request, "closed", page, status=410)
    return _public(request, "ask", page)


def _public(
    request: HttpRequest, step: str, page: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    answer = render(request, "customers/confirm.html", page | {"step": step}, status=status)
    answer["X-Robots-Tag"] = "noindex, nofollow"
    if status == 429:
        answer["Retry-After"] = "60"
    return answer


def _filled_in(
    request: HttpRequest,
    number: int,
    form: forms.Form,
    *,
    title: str,
    act: Callable[[dict[str, Any]], Appeal],
) -> HttpResponse:
    """A form about an appeal, and what is done once it is filled in."""
    appeal = get_object_or_404(Appeal, pk=number)
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data)
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            return redirect("customers:appeal", number)
    context = {"form": form, "title": title, "appeal": appeal}
    return render(request, "customers/form.html", context, status=422 if form.errors else 200)


def _appeal_title(name: str) -> str:
    return _("received") if name == "received" else str(Appeal.Outcome(name).label)
