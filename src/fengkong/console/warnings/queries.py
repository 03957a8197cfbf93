"""What the screens of early warning ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from fengkong.console.notices.models import Notice
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.spoken import said
from fengkong.console.warnings.computing import FIRM
from fengkong.console.warnings.models import (
    CompositeReading,
    PullResult,
    RaisedWarning,
    Reading,
    SourceStatus,
)
from fengkong.console.warnings.telling import owner_word
from fengkong.console.warnings.words import LAMP_OF, LEVEL_WORDS
from fengkong.indicators.indicator import Indicator, Library
from fengkong.indicators.level import Level
from fengkong.indicators.warnings import shown

TREND_DAYS: Final = 90
_BANDS: Final = (0.0, 0.2, 0.5)
"""Where likelihoods begin to be low, middle, high."""
_IMPACTS: Final = (0, 10_000_000, 1_000_000_000)
"""Where impacts begin to be small, middle, large: minor units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An indicator with its newest value and lamp."""

    id: str
    title: str
    group: str
    value: str
    level: str
    day: date | None
    owner: str
    source: str

    @property
    def owner_word(self) -> Any:
        """Who answers for it, in words."""
        return owner_word(self.owner)

    @property
    def lamp(self) -> str:
        """The lamp of its level."""
        return LAMP_OF[self.level]

    @property
    def level_word(self) -> Any:
        """Its level in words."""
        return LEVEL_WORDS[self.level]


def newest_readings(until: date) -> dict[str, Reading]:
    """The reading of each indicator's newest day."""
    since = until - timedelta(days=400)
    rows = Reading.objects.filter(day__gte=since, day__lte=until).order_by("day")
    newest = dict(rows.values_list("indicator", "day"))
    days = set(newest.values())
    found = Reading.objects.filter(day__in=days)
    return {one.indicator: one for one in found if newest[one.indicator] == one.day}


def indicator_rows(library: Library, asked: Mapping[str, Any]) -> list[Row]:
    """Every indicator that a form asked for, the worst first."""
    newest = newest_readings(timezone.localdate())
    rows = [_row(one, newest.get(one.id)) for one in library.indicators.values()]
    text = str(asked.get("text") or "").strip().lower()
    kept = [
        row
        for row in rows
        if (not text or text in row.title.lower() or text in row.id)
        and asked.get("level") in {None, "", row.level}
        and asked.get("group") in {None, "", row.group}
    ]
    order = {level.value: -level.severity for level in Level}
    kept.sort(key=lambda row: (row.day is None, order[row.level], row.id))
    return kept


def composites(day: date) -> dict[str, CompositeReading]:
    """The newest composites, by kind of risk."""
    found = CompositeReading.objects.filter(day__gte=day - timedelta(days=30)).order_by("day")
    return {one.group: one for one in found}


def trend(group: str = FIRM) -> list[tuple[date, float]]:
    """Points of a composite, day by day."""
    since = timezone.localdate() - timedelta(days=TREND_DAYS)
    rows = CompositeReading.objects.filter(group=group, day__gte=since).order_by("day")
    return list(rows.values_list("day", "points"))


def trends() -> dict[str, list[float]]:
    """Points of every composite over the last days, for sparks."""
    since = timezone.localdate() - timedelta(days=TREND_DAYS)
    rows = CompositeReading.objects.filter(day__gte=since).order_by("day")
    found: dict[str, list[float]] = {}
    for group, points in rows.values_list("group", "points"):
        found.setdefault(group, []).append(points)
    return found


def worst_first(found: Iterable[RaisedWarning]) -> list[RaisedWarning]:
    """Warnings by level, then by money at stake."""
    return sorted(
        found,
        key=lambda one: (-Level(one.level).severity, -(one.impact_minor or 0), -one.pk),
    )


def warnings(asked: Mapping[str, Any]) -> QuerySet[RaisedWarning]:
    """Warnings that match what a form asked."""
    return RaisedWarning.objects.filter(**{name: value for name, value in asked.items() if value})


def heat_map() -> list[list[list[RaisedWarning]]]:
    """Open warnings by likelihood (rows, the highest first) and impact (columns)."""
    cells: list[list[list[RaisedWarning]]] = [[[], [], []] for _ in range(3)]
    for one in RaisedWarning.objects.filter(state=RaisedWarning.State.OPEN):
        row = sum((one.likelihood or 0.0) >= bound for bound in _BANDS) - 1
        column = sum(abs(one.impact_minor or 0) >= bound for bound in _IMPACTS) - 1
        cells[2 - row][column].append(one)
    return cells


def notice_of(warning: RaisedWarning) -> Notice | None:
    """The notice that a warning sent to people."""
    return None if warning.notice is None else Notice.objects.filter(pk=warning.notice).first()


def sources(library: Library) -> Sequence[tuple[Any, SourceStatus | None]]:
    """Every source with what was found when it was looked at last."""
    known = {one.source: one for one in SourceStatus.objects.all()}
    return [(source, known.get(name)) for name, source in library.sources.items()]


def fault_of(status: SourceStatus | None) -> str:
    """The first fault of a source, in the reader's language."""
    if status is None or not status.faults:
        return ""
    zh, en = status.faults[0]
    return str(zh if reading_language() == "zh" else en)


def faults_of(status: SourceStatus | None) -> list[str]:
    """All faults of a source, in the reader's language."""
    at = 0 if reading_language() == "zh" else 1
    return [] if status is None else [str(one[at]) for one in status.faults]


def said_of(result: PullResult) -> str:
    """What was wrong with a pull, in the reader's language."""
    return result.said_zh if reading_language() == "zh" else result.said_en


def _row(indicator: Indicator, newest: Reading | None) -> Row:
    return Row(
        id=indicator.id,
        title=said(indicator.title),
        group=indicator.group.value,
        value=shown(None if newest is None else newest.value, indicator),
        level="no_data" if newest is None else newest.level,
        day=None if newest is None else newest.day,
        owner=indicator.owner,
        source=said(indicator.source.title),
    )
