"""The screens of the loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengkong.console.alerts.explaining import READ_MAX, explained
from fengkong.console.alerts.organising import ORGANISE as ORGANISE_ALERTS
from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.queries import decisions_of
from fengkong.console.alerts.words import typology_title
from fengkong.console.feedback import figures
from fengkong.console.feedback.forms import (
    HANDLING_LEAST,
    DaysForm,
    LoopForm,
    ModelsForm,
    SecondForm,
    ShareForm,
    StaffingForm,
)
from fengkong.console.feedback.maturity import Days, Maturity, days_of, maturity
from fengkong.console.feedback.missed import coverage_sheet, missed
from fengkong.console.feedback.models import SecondLook
from fengkong.console.feedback.quality import WORK, judge, judged_on, quality, waiting_for
from fengkong.console.feedback.sampling import propose_random_share, random_share, waiting_share
from fengkong.console.feedback.settings import ORGANISE, loop_settings, set_loop
from fengkong.console.feedback.staffing import Wish, forecast, staffing_chart, staffing_sheet
from fengkong.console.live.rows import row_of
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.figures import count_text, share_text
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.sheet_files import FORMS, sheets_answer
from fengkong.console.shell.sheets import Sheet
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

VIEW: Final = "feedback.view"
THRESHOLD: Final = 0.5
WITHIN_MINUTES: Final = 30
TARGET_PERCENT: Final = 90
HANDLING_S: Final = 300.0
WHAT: Final = {
    "rules": gettext_lazy("Rules"),
    "typologies": gettext_lazy("Typologies"),
    "analysts": gettext_lazy("Analysts"),
    "models": gettext_lazy("Models"),
}
_MADE: Final[Mapping[str, Callable[[Days, Maturity, float], Sheet]]] = {
    "rules": lambda days, mature, _at: figures.rules_sheet(days, mature),
    "typologies": lambda days, _mature, _at: figures.typologies_sheet(days, current_terms()),
    "analysts": lambda days, _mature, _at: figures.analysts_sheet(days),
    "models": lambda days, mature, at: figures.models_sheet(days, mature, threshold=at),
}


@needs(VIEW)
@require_GET
def loop(request: OperatorRequest, what: str = "rules") -> HttpResponse:
    """Figures of rules, typologies, analysts or models."""
    key, days = days_of(request.GET.get("days"))
    mature, form, threshold = maturity(), _form(request, what, key), _threshold(request)
    query = request.GET.urlencode()
    shown = {
        "what": what,
        "tabs": [
            {"key": name, "title": title, "address": f"{_address(name)}?days={key}"}
            for name, title in WHAT.items()
        ],
        "form": form,
        "days": days,
        "mature": mature,
        "sheet": _sheet(what, days, mature, threshold),
        "reliability": _reliability(days) if what == "models" else None,
        "files": [(one, f"{reverse('feedback:file', args=(what, one))}?{query}") for one in FORMS],
        "may_organise": request.user.may(ORGANISE),
    }
    return render(request, "feedback/loop.html", shown)


@needs(VIEW)
@require_GET
def file(request: OperatorRequest, what: str, form: str) -> HttpResponse:
    """The same figures as a file."""
    if what not in _MADE or form not in FORMS:
        raise Http404
    _key, days = days_of(request.GET.get("days"))
    mature = maturity()
    made = _sheet(what, days, mature, _threshold(request))
    about = [
        _("%(first)s to %(last)s") % {"first": f"{days.first:%F}", "last": f"{days.last:%F}"},
        _("Labels are mature up to %(day)s.") % {"day": f"{mature.until:%F}"},
    ]
    return sheets_answer(
        [made], form=form, name=f"fengkong-{what}", title=str(made.title), about=about
    )


@needs(VIEW)
@require_GET
def staffing(request: OperatorRequest) -> HttpResponse:
    """How many people the queue needs."""
    measured = figures.mean_handling_s() or None
    handling = HANDLING_S if measured is None else measured
    minutes = max(round(handling / 60, 1), HANDLING_LEAST)
    first = {
        "team": "",
        "within": WITHIN_MINUTES,
        "target": TARGET_PERCENT,
        "handling": minutes,
    }
    form = StaffingForm(first | {name: value for name, value in request.GET.items() if value})
    shown: dict[str, Any] = {"form": form, "measured": measured}
    if form.is_valid():
        given = form.cleaned_data
        wish = Wish(
            team=given["team"],
            handling_s=60 * (given["handling"] or minutes),
            within_s=60.0 * given["within"],
            target=given["target"] / 100,
        )
        found = forecast(wish)
        shown |= {
            "found": found,
            "sheet": staffing_sheet(found),
            "chart": staffing_chart(found),
            "alerts": round(sum(found.arrivals.values())),
        }
    return render(request, "feedback/staffing.html", shown)


@needs(VIEW)
@require_GET
def second_looks(request: OperatorRequest) -> HttpResponse:
    """How far two people agree, and where they do not."""
    key, days = days_of(request.GET.get("days"))
    found = quality(days)
    apart = judged_on(days).exclude(first=F("second")).select_related("first_by", "second_by")
    page = page_by_cursor(request, apart, order=("-id",), total=apart.count())
    shown = {
        "form": DaysForm({"days": key}),
        "found": found,
        "page": page,
        "rows": _looks(page.rows),
        "settings": loop_settings(),
        "settings_form": LoopForm(initial=LoopForm.initial_of(loop_settings())),
        "may_organise": request.user.may(ORGANISE),
        "may_work": request.user.may(WORK),
    }
    return render(request, "feedback/quality.html", shown)


@needs(WORK)
@require_GET
def waiting(request: OperatorRequest) -> HttpResponse:
    """The second looks that wait for somebody like me."""
    found = waiting_for(request.user)
    page = page_by_cursor(request, found, order=("id",), total=found.count())
    shown = {"page": page, "rows": _looks(page.rows)}
    return render(request, "feedback/waiting.html", shown)


@needs(WORK)
@require_http_methods(["GET", "POST"])
def look(request: OperatorRequest, number: int) -> HttpResponse:
    """One closed alert as if it were open: nothing tells how it was closed, or by whom."""
    found = waiting_for(request.user).select_related("alert").filter(pk=number).first()
    if found is None:
        raise Http404
    form = SecondForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _judged(request, found, form)
    decisions = list(decisions_of([found.alert_id])[:READ_MAX])
    shown = {
        "look": found,
        "alert": found.alert,
        "typology": typology_title(found.typology),
        "why": explained(decisions),
        "decisions": [row_of(one) for one in decisions],
        "second_form": form,
    }
    return render(request, "feedback/look.html", shown)


def _looks(rows: Iterable[SecondLook]) -> list[dict[str, Any]]:
    terms = current_terms()
    return [{"look": one, "typology": typology_title(one.typology, terms)} for one in rows]


@needs(VIEW)
@require_GET
def unseen(request: OperatorRequest) -> HttpResponse:
    """Where the truth is known, and what is missed among allowed decisions."""
    key, days = days_of(request.GET.get("days"))
    share = random_share()
    shown = {
        "form": DaysForm({"days": key}),
        "missed": missed(days),
        "coverage": coverage_sheet(days),
        "share": share,
        "waiting": waiting_share(),
        "share_form": ShareForm(initial={"percent": round(100 * share, 4)}),
        "may_organise": request.user.may(ORGANISE_ALERTS),
    }
    return render(request, "feedback/unseen.html", shown)


@needs(ORGANISE_ALERTS)
@require_POST
def change_share(request: OperatorRequest) -> HttpResponse:
    """Propose to review more or less of the allowed traffic at random."""
    form = ShareForm(request.POST)
    if form.is_valid():
        propose_random_share(request.user, form.share, reason=form.cleaned_data["reason"])
        messages.success(request, _("It was proposed; it holds once a second person approves it."))
    else:
        messages.error(request, _("Give a percentage between 0 and 5, and say why."))
    return redirect("feedback:unseen")


@needs(ORGANISE)
@require_POST
def change_loop(request: OperatorRequest) -> HttpResponse:
    """Change what is judged twice, and what an hour costs."""
    form = LoopForm(request.POST)
    if form.is_valid():
        set_loop(request.user, **form.terms(loop_settings()))
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Give a percentage and a cost."))
    return redirect("feedback:quality")


def _judged(request: OperatorRequest, found: SecondLook, form: SecondForm) -> HttpResponse:
    try:
        judge(found.pk, request.user, **form.cleaned_data)
    except RiskError as error:
        messages.error(request, told_error(error))
    following = waiting_for(request.user).first()
    if following is None:
        return redirect("feedback:waiting")
    return redirect("feedback:look", number=following.pk)


def _sheet(what: str, days: Days, mature: Maturity, threshold: float) -> Sheet:
    return _MADE[what](days, mature, threshold)


def _address(what: str) -> str:
    return reverse("feedback:loop") if what == "rules" else reverse(f"feedback:{what}")


def _form(request: OperatorRequest, what: str, key: str) -> DaysForm:
    if what == "models":
        return ModelsForm({"days": key, "threshold": _threshold(request)})
    return DaysForm({"days": key})


def _threshold(request: OperatorRequest) -> float:
    form = ModelsForm(request.GET)
    given = form.cleaned_data.get("threshold") if form.is_valid() else None
    return THRESHOLD if given is None else float(given)


def _reliability(days: Days) -> Chart:
    """What was said beside what came of it."""
    steps = figures.reliability_of(days)
    return Chart(
        title=_("What the model said, and what it was"),
        kind="line",
        labels=[share_text(middle) for middle, _frauds, _known in steps],
        label_title=_("Probability"),
        series=[
            Series(_("Said"), [middle for middle, _frauds, _known in steps], "grey"),
            Series(
                _("Frauds among the known"),
                [frauds / known if known else None for _middle, frauds, known in steps],
                "red",
            ),
        ],
        unit="share",
        notes=_("Labels are known of %(count)s decisions; of flagged ones more than of others.")
        % {"count": count_text(sum(known for _m, _f, known in steps))},
    )
