"""A page that shows every component, for those who build screens; off unless a setting is on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.project.declared import operators
from fengkong.console.shell.charts import OUTCOME_TONES, Chart, Series
from fengkong.console.shell.outcomes import LAMPS, OUTCOMES
from fengkong.console.shell.paging import Page

SAID_MAX: Final = 100
CHARTS_MAX: Final = 3


class GalleryForm(forms.Form):
    """A field of each kind."""

    event_id = forms.CharField(
        label=_("Event"), required=False, help_text=_("The whole identifier")
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        required=False,
        choices=[("", _("Any"))] + [(name, sign.title) for name, sign in OUTCOMES.items()],
    )
    since = forms.DateField(
        label=_("Since"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    amount = forms.DecimalField(label=_("Amount of at least"), required=False, min_value=0)
    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea)
    late = forms.BooleanField(label=_("Only late ones"), required=False)


def _charts() -> list[Chart]:
    hours = [f"{hour:02d}:00" for hour in range(24)]
    waves = {
        name: [round(400 / (place * place + 1) * (1 + (hour * 7 % 11) / 11)) for hour in range(24)]
        for place, name in enumerate(OUTCOMES)
    }
    shares = [0.012 + 0.004 * ((hour * 5) % 7) / 7 for hour in range(24)]
    series = [Series(OUTCOMES[n].title, v, OUTCOME_TONES[n]) for n, v in waves.items()]
    totals = [sum(values) for values in waves.values()]
    titles = [sign.title for sign in OUTCOMES.values()]
    hour = _("Hour")
    return [
        Chart(
            title=_("Decisions by hour"),
            kind="stacked",
            labels=hours,
            series=series,
            label_title=hour,
        ),
        Chart(
            title=_("Share of fraud"),
            kind="area",
            labels=hours,
            label_title=hour,
            unit="share",
            series=[Series(_("Share of fraud"), shares, "red")],
            limit=0.015,
            limit_title=_("Limit"),
        ),
        Chart(
            title=_("Amount by outcome"),
            kind="bars_across",
            labels=titles,
            unit="money",
            label_title=_("Outcome"),
            label_tones=list(OUTCOME_TONES.values()),
            series=[Series(_("Amount"), [t * 12_345_600 for t in totals])],
        ),
        Chart(
            title=_("Share of outcomes"),
            kind="pie",
            labels=titles,
            label_title=_("Outcome"),
            label_tones=list(OUTCOME_TONES.values()),
            series=[Series(_("Decisions"), totals)],
        ),
    ]


@operators
def said(request: HttpRequest) -> HttpResponse:
    """Texts of the address (``?said=``) through every component that takes a text."""
    texts = request.GET.getlist("said")[:SAID_MAX]
    charts = [
        Chart(
            title=text,
            kind="bar",
            labels=[text],
            series=[Series(text, [1])],
            label_title=text,
            notes=text,
            height="small",
        )
        for text in texts[:CHARTS_MAX]
    ]
    choices = [(text, text) for text in texts]
    form = GalleryForm({"event_id": texts[0] if texts else "", "since": texts[-1] if texts else ""})
    form.fields["outcome"] = forms.ChoiceField(label=_("Outcome"), choices=choices)
    context = {"texts": texts, "charts": charts, "form": form}
    return render(request, "shell/gallery_said.html", context)


@operators
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component."""
    now = timezone.now()
    names = list(OUTCOMES)
    rows: list[dict[str, Any]] = [
        {
            "id": f"evt-{number:05d}",
            "at": now - timedelta(seconds=37 * number * number),
            "outcome": names[number % 5],
            "amount": 12_345_678 * (number + 1) ** 2,
            "points": 7 * number % 100,
        }
        for number in range(12)
    ]
    context = {
        "form": GalleryForm(request.GET or None),
        "faulty": GalleryForm({"since": "not a day", "amount": "-1"}),
        "rows": rows,
        "page": Page(rows=rows, total=1_234_567, previous=None, following="?after=x"),
        "charts": _charts(),
        "outcomes": names,
        "lamps": list(LAMPS),
        "now": now,
        "wave": [3, 5, 4, 6, 8, 7, 9, 12, 10, 13, 12, 15],
        "tones": ("blue", "green", "amber", "yellow", "orange", "red", "violet", "teal", "grey"),
    }
    return render(request, "shell/gallery.html", context)
