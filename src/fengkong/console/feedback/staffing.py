"""How many people the queue needs, hour by hour of the week."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from fengkong.console.feedback.models import Arrival
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.sheets import Column, Sheet
from fengkong.evaluation.staffing import people_needed

WEEKS_MAX: Final = 8
HOURS: Final = 24
WEEKDAYS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: `target` of the alerts taken up within `within_s` of their arrival."""

    team: str
    handling_s: float
    within_s: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Mean arrivals and people by weekday (Monday first) and hour; `weeks` were looked at."""

    weeks: int
    arrivals: dict[tuple[int, int], float]
    people: dict[tuple[int, int], int | None]

    @property
    def hours(self) -> float:
        """Hours of work in a week."""
        return float(sum(count or 0 for count in self.people.values()))


def forecast(wish: Wish) -> Forecast:
    """From the arrivals of the last whole weeks, at most eight."""
    zone = timezone.get_default_timezone()
    now = timezone.localtime(timezone.now(), zone).replace(minute=0, second=0, microsecond=0)
    rows = Arrival.objects.filter(hour__gte=now - timedelta(weeks=WEEKS_MAX), hour__lt=now)
    if wish.team:
        rows = rows.filter(team=wish.team)
    seen = [
        (timezone.localtime(hour, zone), count)
        for hour, count in rows.values_list("hour", "alerts")
    ]
    sums: dict[tuple[int, int], int] = defaultdict(int)
    first = min((at for at, _count in seen), default=now)
    weeks = max(1, -(-(now - first) // timedelta(weeks=1)))
    for at, count in seen:
        sums[at.weekday(), at.hour] += count
    cells = [(day, hour) for day in range(WEEKDAYS) for hour in range(HOURS)]
    arrivals = {cell: sums[cell] / weeks for cell in cells}
    people = {
        cell: people_needed(
            per_hour=rate,
            handling_s=wish.handling_s,
            seconds=wish.within_s,
            target=wish.target,
        )
        for cell, rate in arrivals.items()
    }
    return Forecast(weeks=weeks, arrivals=arrivals, people=people)


def staffing_sheet(found: Forecast) -> Sheet:
    """People by hour and weekday."""
    rows = [
        (f"{hour:02d}:00", *(found.people[day, hour] for day in range(WEEKDAYS)))
        for hour in range(HOURS)
    ]
    columns = [Column(name) for name in weekday_names()]
    return Sheet(
        key="staffing",
        title=_("People needed"),
        columns=(Column(_("Hour"), "text"), *columns),
        rows=rows,
    )


def staffing_chart(found: Forecast) -> Chart:
    """Arrivals and people through the week."""
    cells = sorted(found.arrivals)
    names = weekday_names()
    return Chart(
        title=_("Through the week"),
        kind="line",
        labels=[f"{names[day]} {hour:02d}:00" for day, hour in cells],
        label_title=_("Hour"),
        series=[
            Series(_("Alerts an hour"), [round(found.arrivals[cell], 2) for cell in cells], "blue"),
            Series(_("People needed"), [found.people[cell] for cell in cells], "amber"),
        ],
        unit="number",
    )


def weekday_names() -> list[str]:
    """Short names of the weekdays, Monday first."""
    monday = timezone.localtime().date()
    monday -= timedelta(days=monday.weekday())
    return [date_format(monday + timedelta(days=day), "D") for day in range(WEEKDAYS)]
