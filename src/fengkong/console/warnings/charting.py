"""Charts of early warning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from django.utils.translation import gettext as _

from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.spoken import said
from fengkong.console.warnings.models import Reading
from fengkong.indicators.indicator import Indicator, Unit

_POINTS_MAX = 400


def indicator_chart(indicator: Indicator, readings: Sequence[Reading]) -> Chart:
    """The values of an indicator with its bounds as bands."""
    shown = readings[-_POINTS_MAX:]
    series = [Series(_("Value"), [one.value for one in shown], tone="blue")]
    for name, title, tone in (
        ("yellow", _("Yellow from"), "yellow"),
        ("orange", _("Orange from"), "orange"),
        ("red", _("Red from"), "red"),
    ):
        bounds = [_own_bound(one, name) for one in shown]
        if any(bound is not None for bound in bounds):
            series.append(Series(title, bounds, tone=tone))
    return Chart(
        title=said(indicator.title),
        kind="line",
        labels=[f"{one.day:%Y-%m-%d}" for one in shown],
        series=series,
        unit=_unit(indicator.unit),
        currency=indicator.source.currency,
        label_title=_("Day"),
        height="large",
    )


def trend_chart(points: Sequence[tuple[date, float]]) -> Chart:
    """The composite of the firm over time."""
    return Chart(
        title=_("Composite of the firm"),
        kind="area",
        labels=[f"{day:%Y-%m-%d}" for day, _points in points],
        series=[Series(_("Points"), [round(value, 1) for _day, value in points], tone="blue")],
        unit="number",
        label_title=_("Day"),
        height="small",
    )


def segment_chart(indicator: Indicator, segment: str, parts: Sequence[tuple[str, float]]) -> Chart:
    """The newest value of each part of a segment."""
    return Chart(
        title=f"{said(indicator.title)}: {segment}",
        kind="bars_across",
        labels=[name for name, _value in parts],
        series=[Series(_("Value"), [value for _name, value in parts], tone="blue")],
        unit=_unit(indicator.unit),
        currency=indicator.source.currency,
        label_title=segment,
    )


def _own_bound(reading: Reading, name: str) -> Any:
    """A bound where it is one of the value itself, and not of a chart's statistic."""
    is_own = reading.statistic is None or reading.statistic == reading.value
    return getattr(reading, name) if is_own else None


def _unit(unit: Unit) -> Literal["count", "share", "money", "seconds", "number"]:
    if unit in {Unit.RATIO, Unit.PROBABILITY}:
        return "share"
    return "money" if unit is Unit.MONEY else "number"
