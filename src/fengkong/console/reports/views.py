"""The screens of dashboards and reports, and their files."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from fengkong.console.feedback.forms import DAYS_CHOICES
from fengkong.console.feedback.maturity import Maturity, days_of, maturity, today
from fengkong.console.live.forms import type_choices
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.reports.dashboard import (
    Dashboard,
    Wanted,
    channels_sheet,
    charts_of,
    currencies,
    dashboard,
    sheets_of,
    steps_sheet,
    types_sheet,
)
from fengkong.console.reports.quarterly import Quarter, quarter_of, quarterly_sheets, quarters
from fengkong.console.reports.words import CHANNELS
from fengkong.console.shell.figures import (
    duration_text,
    reading_language,
    share_text,
    short_money_text,
    short_text,
)
from fengkong.console.shell.sheet_files import FORMS, sheets_answer
from fengkong.console.shell.sheets import written

VIEW: Final = "reports.view"
_ALL: Final = ("", gettext_lazy("All"))


def _currency_choices() -> list[tuple[str, str]]:
    return [(one, one) for one in currencies() or ["CNY"]]


class DashboardForm(forms.Form):
    """What a dashboard looks at."""

    days = forms.ChoiceField(label=gettext_lazy("Period"), choices=DAYS_CHOICES, required=False)
    type = forms.ChoiceField(label=gettext_lazy("Product"), choices=type_choices, required=False)
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"),
        choices=[_ALL, *((name, words) for name, words in CHANNELS.items() if name)],
        required=False,
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=_currency_choices, required=False
    )


class QuarterForm(forms.Form):
    """Which quarter is reported."""

    quarter = forms.ChoiceField(
        label=gettext_lazy("Quarter"),
        choices=lambda: [(one.key, one.key) for one in quarters(today())],
        required=False,
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=_currency_choices, required=False
    )


@needs(VIEW)
@require_GET
def main(request: OperatorRequest) -> HttpResponse:
    """The dashboard."""
    wanted, key = _wanted(request)
    found, mature = dashboard(wanted), maturity()
    shown = {
        "form": DashboardForm(request.GET.dict() | {"days": key, "currency": wanted.currency}),
        "mature": mature,
        "cards": _cards(found),
        "charts": charts_of(found),
        "sheets": [types_sheet(found), channels_sheet(found), steps_sheet(found)],
        "days": wanted.days,
        "files": _files(request, "reports:file"),
    }
    return render(request, "reports/dashboard.html", shown)


@needs(VIEW)
@require_GET
def file(request: OperatorRequest, form: str) -> HttpResponse:
    """The dashboard as a file."""
    if form not in FORMS:
        raise Http404
    wanted, _key = _wanted(request)
    days, mature = wanted.days, maturity()
    about = [
        _("%(first)s to %(last)s") % {"first": f"{days.first:%F}", "last": f"{days.last:%F}"},
        *_mature(mature),
    ]
    title = _("Fraud dashboard")
    sheets = sheets_of(dashboard(wanted))
    return sheets_answer(sheets, form=form, name="fengkong-dashboard", title=title, about=about)


@needs(VIEW)
@require_GET
def quarterly(request: OperatorRequest) -> HttpResponse:
    """The quarterly fraud report."""
    quarter, currency = _quarter(request)
    shown = {
        "form": QuarterForm({"quarter": quarter.key, "currency": currency}),
        "quarter": quarter,
        "mature": maturity(),
        "sheets": quarterly_sheets(quarter, currency=currency),
        "files": _files(request, "reports:quarterly_file"),
    }
    return render(request, "reports/quarterly.html", shown)


@needs(VIEW)
@require_GET
def quarterly_file(request: OperatorRequest, form: str) -> HttpResponse:
    """The quarterly fraud report as a file."""
    if form not in FORMS:
        raise Http404
    quarter, currency = _quarter(request)
    return sheets_answer(
        quarterly_sheets(quarter, currency=currency),
        form=form,
        name=f"fengkong-fraud-{quarter.key}",
        title=_("Quarterly fraud report %(quarter)s") % {"quarter": quarter.key},
        about=[_("Amounts in %(currency)s.") % {"currency": currency}, *_mature(maturity())],
    )


def _wanted(request: OperatorRequest) -> tuple[Wanted, str]:
    key, days = days_of(request.GET.get("days"))
    form = DashboardForm(request.GET)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    return (
        Wanted(
            days=days,
            event_type=given.get("type", ""),
            channel=given.get("channel", ""),
            currency=given.get("currency") or _currency_choices()[0][0],
        ),
        key,
    )


def _quarter(request: OperatorRequest) -> tuple[Quarter, str]:
    form = QuarterForm(request.GET)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    quarter = quarter_of(given.get("quarter"), today=today())
    return quarter, given.get("currency") or _currency_choices()[0][0]


def _files(request: OperatorRequest, name: str) -> list[tuple[str, str]]:
    query = request.GET.urlencode()
    return [(one, f"{reverse(name, args=(one,))}?{query}") for one in FORMS]


def _mature(mature: Maturity) -> list[str]:
    if not mature.labels:
        return [_("No fraud label has come yet.")]
    return [_("Labels are mature up to %(day)s.") % {"day": f"{mature.until:%F}"}]


def _cards(found: Dashboard) -> list[dict[str, Any]]:
    whole, work, steps = found.whole, found.work, list(found.steps.values())
    currency, language = found.wanted.currency, reading_language()

    def money(amount: int) -> str:
        return short_money_text(amount, currency=currency, language=language)

    def bps(rate: float | None) -> str:
        return f"{written(rate, 'bps', currency=currency)} bp"

    false = _("for each fraud that was flagged")
    return [
        _card(_("Decisions"), short_text(whole.decisions, language=language)),
        _card(
            _("Net loss"),
            money(whole.net_loss),
            hint=_("Lost %(lost)s, recovered %(back)s")
            % {
                "lost": money(whole.sums["loss_minor"]),
                "back": money(whole.sums["recovered_minor"]),
            },
            values=[one.net_loss for one in steps],
        ),
        _card(
            _("Fraud rate of what went through"),
            bps(whole.fraud_rate_through),
            hint=_("by amount %(rate)s") % {"rate": bps(whole.fraud_value_rate)},
            values=[one.fraud_rate_through for one in steps],
        ),
        _card(
            _("Fraud rate, all decisions"),
            bps(whole.fraud_rate),
            values=[one.fraud_rate for one in steps],
        ),
        _card(
            _("Approval rate"),
            share_text(whole.share("allow")),
            values=[one.share("allow") for one in steps],
        ),
        _card(
            _("Challenge rate"),
            share_text(whole.share("challenge")),
            values=[one.share("challenge") for one in steps],
        ),
        _card(
            _("False alarms"),
            written(whole.false_positives, "number", currency=currency),
            hint=false,
        ),
        _card(
            _("Alerts that were closed"),
            short_text(work.closed, language=language),
            hint=_("of %(count)s that arrived") % {"count": f"{work.arrived:,}"},
        ),
        _card(
            _("Mean time to decision"),
            duration_text(work.waited_s, language=language),
            hint=_("%(share)s in time") % {"share": share_text(work.in_time)},
        ),
    ]


def _card(title: str, value: str, *, hint: str = "", values: Any = ()) -> dict[str, Any]:
    return {"title": title, "value": value, "hint": hint, "values": list(values)}
