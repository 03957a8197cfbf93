"""The overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fengkong.console.live import tallies
from fengkong.console.live.filters import Filter, filter_of
from fengkong.console.live.forms import PeriodForm
from fengkong.console.live.freshness import Freshness, freshness
from fengkong.console.live.lamps import lamp_of
from fengkong.console.live.overview import FIGURES, Figure, Reading, Scene, change_of, scene_of
from fengkong.console.live.periods import DAY, HOUR, MINUTE, Period, period_of
from fengkong.console.live.titles import in_force, policy_of, rule_titles
from fengkong.console.project.declared import needs
from fengkong.console.shell.charts import OUTCOME_TONES, Chart, Series
from fengkong.console.shell.figures import (
    count_text,
    duration_text,
    reading_language,
    share_text,
    short_money_text,
    short_text,
)
from fengkong.console.shell.outcomes import OUTCOMES
from fengkong.console.shell.spoken import event_title

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

RULES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigure:
    """A card as the template shows it."""

    key: str
    title: Any
    hint: str
    value: str
    change: float | None
    better: str
    than: str
    values: Sequence[float | None]
    lamp: str
    address: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A row of a breakdown: what, how many, which share, where they are listed."""

    title: str
    count: int
    share: float
    address: str


@needs("now.view")
@transaction.non_atomic_requests
def overview(request: HttpRequest) -> HttpResponse:
    """Cards, the course of outcomes, and breakdowns of one period."""
    asked = filter_of(request.GET)
    wanted = Filter(event_type=asked.event_type, policy=asked.policy)
    key, period = period_of(request.GET.get("period"), end=end_of(request.GET.get("period")))
    scene = scene_of(key, wanted, period)
    fresh = freshness()
    return render(
        request,
        "live/overview.html",
        {
            "form": PeriodForm(request.GET or {"period": key}),
            "fresh": fresh,
            "period": period,
            "figures": [_shown(figure, scene, fresh) for figure in FIGURES],
            "course": _course(scene),
            **_parts(scene),
        },
    )


def end_of(key: str | None) -> datetime:
    """The end of a period: long ones end with a whole hour, since minutes are kept for a week."""
    now = timezone.now()
    return now.replace(minute=0) if key in ("7d", "30d") else now


def _shown(figure: Figure, scene: Scene, fresh: Freshness) -> ShownFigure:
    reading = figure.read(scene)
    change = change_of(reading)
    own = figure.key == "proposals"
    return ShownFigure(
        key=figure.key,
        title=figure.title,
        hint=_more(figure, reading, scene.period),
        value=_written(figure, reading.value, scene.currency),
        change=change,
        better=figure.better,
        than="" if change is None else _("than the same time before"),
        values=list(reading.values),
        lamp=lamp_of(
            figure.limits, reading.value, change=change, stale=fresh.stale and not own
        ).value,
        address=_address(figure, reading),
        count=reading.count,
    )


def _address(figure: Figure, reading: Reading) -> str:
    if reading.listed is not None:
        return f"{reverse('decisions')}?{reading.listed.query}"
    return {"latency": reverse("live_health"), "proposals": "/approvals/"}.get(figure.key, "")


def _written(figure: Figure, value: float | None, currency: str) -> str:
    language = reading_language()
    if figure.unit == "money":
        amount = None if value is None else round(value)
        return short_money_text(amount, currency=currency, language=language)
    if figure.unit == "share":
        return share_text(value, digits=2 if value is not None and value < 0.1 else 1)
    if figure.unit == "seconds":
        return duration_text(value, language=language)
    return count_text(None if value is None else round(value))


def _more(figure: Figure, reading: Reading, period: Period) -> str:
    """What stands below a figure: its rate, or how many decisions it counts."""
    if figure.key == "decisions" and reading.value:
        length = period.end - period.start
        rates = [reading.value / (length / unit) for unit in (MINUTE, HOUR, DAY)]
        minute, hour, day = (short_text(rate, language=reading_language()) for rate in rates)
        return _("%(minute)s a minute · %(hour)s an hour · %(day)s a day") % {
            "minute": minute,
            "hour": hour,
            "day": day,
        }
    if reading.count is None:
        return str(figure.hint)
    counted = ngettext("%(count)s decision", "%(count)s decisions", reading.count)
    return counted % {"count": count_text(reading.count)}


def _course(scene: Scene) -> Chart:
    """Decisions by outcome, step by step."""
    series = scene.series
    form = "%H:%M" if scene.period.step < DAY and scene.key in ("1h", "24h") else "%m-%d %H:%M"
    form = "%m-%d" if scene.period.step >= DAY else form
    return Chart(
        title=_("Decisions by outcome"),
        kind="stacked",
        labels=[timezone.localtime(step).strftime(form) for step in series.steps],
        label_title=_("From"),
        series=[
            Series(sign.title, series.outcomes[name], OUTCOME_TONES[name])
            for name, sign in OUTCOMES.items()
            if name in series.outcomes
        ],
    )


def _parts(scene: Scene) -> dict[str, list[Part]]:
    """Breakdowns by policy, event type, outcome and rule, the largest first."""
    now, listed = scene.now, scene.listed
    policy = in_force()
    titles = rule_titles(None if policy is None else policy_of(policy.policy_hash))
    hits = tallies.rules(
        scene.wanted, start=scene.period.start, end=scene.period.end, most=RULES_SHOWN
    )
    whole = now.whole.count
    return {
        "by_outcome": [
            _part(str(sign.title), now.outcomes[name].count, whole, listed.but(outcomes=(name,)))
            for name, sign in OUTCOMES.items()
            if name in now.outcomes
        ],
        "by_type": [
            _part(event_title(name), counted.count, whole, listed.but(event_type=name))
            for name, counted in _largest(now.types)
            if name
        ],
        "by_policy": [
            _part(f"{name} {version}", c.count, whole, listed.but(policy=name, version=version))
            for (name, version), c in _largest(now.policies)
        ],
        "by_rule": [
            _part(titles.get(rule, rule), count, whole, listed.but(rule=rule))
            for rule, count in hits
        ],
    }


def _largest(counted: dict[Any, tallies.Counted]) -> list[tuple[Any, tallies.Counted]]:
    return sorted(counted.items(), key=lambda one: (-one[1].count, one[0]))


def _part(title: str, count: int, whole: int, listed: Filter) -> Part:
    return Part(
        title=title,
        count=count,
        share=count / whole if whole else 0.0,
        address=f"{reverse('decisions')}?{listed.query}",
    )
