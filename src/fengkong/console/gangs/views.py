"""Screens of gangs."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong.console.actions.models import Action
from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.rows import rows_of
from fengkong.console.entities.naming import named
from fengkong.console.entities.queries import hour
from fengkong.console.gangs import judging
from fengkong.console.gangs.finding import MEMBERS_MAX
from fengkong.console.gangs.forms import RING_MEMBER, FreezeForm, GangForm, JudgeForm
from fengkong.console.gangs.models import Gang
from fengkong.console.gangs.summary import members_of, summary_of
from fengkong.console.insiders.counting import counted
from fengkong.console.live.reader import reader_of
from fengkong.console.project.declared import needs
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.paging import Page, page_by_cursor
from fengkong.console.shell.spoken import field_title
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

ORDERS: Final = {
    "rank": ("-rank", "-id"),
    "grown": ("-grown", "-id"),
    "newest": ("-newest_at", "-id"),
}
GROWTH_POINTS: Final = 40
MEMBERS_A_PAGE: Final = 50
ALERTS_SHOWN: Final = 10


@needs("entities.view")
@transaction.non_atomic_requests
def gangs(request: HttpRequest) -> HttpResponse:
    """Gangs, those with the most at stake first."""
    form = GangForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = Gang.objects.filter(state=asked.get("state") or Gang.State.OPEN)
    if asked.get("least"):
        rows = rows.filter(members__gte=asked["least"])
    order = ORDERS.get(asked.get("order") or "rank", ORDERS["rank"])
    page = page_by_cursor(request, rows, order=order, total=rows.count())
    return render(
        request,
        "gangs/gangs.html",
        {"form": form, "page": page, "rows": [(one, _ties(one)) for one in page.rows]},
    )


@needs("entities.view")
@transaction.non_atomic_requests
def gang(request: HttpRequest, number: int) -> HttpResponse:
    """One gang: its members, its net, its growth, and what freezing all of it would do."""
    shown = _gang(number)
    operator = reader_of(request)
    with transaction.atomic():
        counted(operator, "gang", str(number))
    run = summary_of(shown)
    page = _page(shown, run.members, request.GET.get("from", ""))
    focus = shown.people.order_by("joined_h", "key").values_list("key", flat=True).first()
    names = named([one.key for one, _ in page.rows] + ([] if focus is None else [focus]))
    frozen = Action.objects.filter(
        subject__in=shown.people.exclude(entity="").values("entity"), kind=Action.Kind.FREEZE
    )
    alerts = judging.open_alerts_of(shown)
    return render(
        request,
        "gangs/gang.html",
        {
            "gang": shown,
            "ties": _ties(shown),
            "run": run,
            "rows": [
                (one, names[one.key], hour(joined_h))
                for one, joined_h in page.rows
                if one.key in names
            ],
            "page": page,
            "names_max": MEMBERS_MAX,
            "chart": _growth(shown),
            "subject": names[focus].entity if focus in names else "",
            "actions": list(frozen.order_by("-asked_at")[:50]),
            "alerts": rows_of(list(alerts[:ALERTS_SHOWN]), terms=current_terms()),
            "alert_count": alerts.count(),
            "freeze_form": FreezeForm(),
            "judge_form": JudgeForm(initial={"reason_code": RING_MEMBER}),
            "may_freeze": operator.may("actions.ask"),
            "may_judge": operator.may("alerts.work"),
            "is_live": shown.state in (Gang.State.OPEN, Gang.State.DISPOSED),
        },
    )


@needs("entities.view", act="actions.ask")
@require_POST
def freeze(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for a freeze of all members, or of some; a second person decides."""
    shown, form = _gang(number), FreezeForm(request.POST)
    whom = request.POST.get("whom") or "picked"
    picked = request.POST.getlist("picked") if whom == "picked" else ["all"]
    if not form.is_valid() or not picked:
        messages.error(request, _("Pick members, and say why they should be frozen."))
        return redirect("gangs:gang", number=number)
    try:
        with transaction.atomic():
            made = judging.freeze_all(
                *(shown, reader_of(request), form.cleaned_data["why"]),
                only=None if whom == "all" else _wanted(shown, whom, picked),
            )
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        waits = any(one.state == Action.State.PROPOSED for one in made)
        text = (
            _("%(n)s freezes were asked for; a second person decides.")
            if waits
            else _("%(n)s freezes are on their way.")
        )
        messages.success(request, text % {"n": len(made)})
    return redirect("gangs:gang", number=number)


@needs("entities.view", act="alerts.work")
@require_POST
def judge(request: HttpRequest, number: int) -> HttpResponse:
    """One disposition for all open alerts of all members."""
    shown, form = _gang(number), JudgeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a disposition and a reason that fits it."))
        return redirect("gangs:gang", number=number)
    try:
        with transaction.atomic():
            closing = judging.judge(shown, reader_of(request), **form.cleaned_data)
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        count = closing.alerts.count()
        messages.success(request, _("%(n)s alerts were closed.") % {"n": count})
    return redirect("gangs:gang", number=number)


def _wanted(gang: Gang, whom: str, picked: list[str]) -> list[str]:
    return judging.dry_run(gang).not_good if whom == "not_good" else picked


def _page(gang: Gang, whole: int, written: str) -> Page:
    """The members from a place on, those with most money first."""
    at = int(written) if written.isdecimal() and len(written) < 7 else 0
    at = min(at, max(0, whole - 1)) // MEMBERS_A_PAGE * MEMBERS_A_PAGE
    after, before = at + MEMBERS_A_PAGE, at - MEMBERS_A_PAGE
    return Page(
        rows=members_of(gang, start=at, count=MEMBERS_A_PAGE),
        total=whole,
        previous=f"?from={before}" if at else None,
        following=f"?from={after}" if after < whole else None,
    )


def _gang(number: int) -> Gang:
    found = Gang.objects.filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404
    return found


def _ties(gang: Gang) -> list[tuple[Any, int]]:
    """What holds a gang together, in words."""
    passed = _("money passed on")
    return [
        (passed if name == "passed_on" else field_title(name), count)
        for name, count in sorted(gang.ties.items(), key=lambda one: -one[1])
    ]


def _growth(gang: Gang) -> Chart | None:
    """How many members there were, over time."""
    hours = gang.people.values_list("joined_h").annotate(Count("key")).order_by("joined_h")
    count, days = 0, dict[str, int]()
    for joined, came in hours:
        count += came
        days[f"{timezone.localtime(hour(joined)):%F}"] = count
    if count < 2:
        return None
    labels = sorted(days)[-GROWTH_POINTS:]
    return Chart(
        title=_("Members over time"),
        kind="line",
        labels=labels,
        label_title=_("Day"),
        series=[Series(_("Members"), [days[day] for day in labels], "red")],
    )
