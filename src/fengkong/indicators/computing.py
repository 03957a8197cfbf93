"""The whole library over the tables of a day: values, levels, warnings, composites.

Computing everything anew and carrying on from the day before give the same; the second looks at no
more rows than the formulas reach back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from fengkong.indicators.assessment import Assessment, Memory, Value, assess
from fengkong.indicators.columns import DAY
from fengkong.indicators.composite import Composite, Part, firm
from fengkong.indicators.drilldown import a_week_before, movers
from fengkong.indicators.indicator import Indicator, Library
from fengkong.indicators.level import Level
from fengkong.indicators.sources import Calendar, SourceReport, completed, examine
from fengkong.indicators.thresholds import Bounds
from fengkong.indicators.values import IMPACT, VALUE, values_of
from fengkong.indicators.warnings import EarlyWarning, warning_of


@dataclass(frozen=True, slots=True)
class Computed:
    """One indicator: its days, and what the next day needs."""

    indicator: Indicator
    assessments: tuple[Assessment, ...]
    memory: Memory
    impact: float | None
    """Money at stake on the last day, in minor units."""

    @property
    def latest(self) -> Assessment | None:
        """The last day."""
        return self.assessments[-1] if self.assessments else None


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is known at the end of a day."""

    day: date
    sources: Mapping[str, SourceReport]
    computed: Mapping[str, Computed]
    composite: Composite
    groups: Mapping[str, Composite]

    def level_of(self, indicator: str) -> Level:
        """The lamp of an indicator; no data where it was not computed."""
        found = self.computed.get(indicator)
        latest = None if found is None else found.latest
        return Level.NO_DATA if latest is None else latest.level


@dataclass(frozen=True, slots=True)
class Carried:
    """What the next day begins with: the memory and the last day of each indicator."""

    memories: Mapping[str, Memory] = field(default_factory=dict)
    last_days: Mapping[str, date] = field(default_factory=dict)


def compute(
    library: Library,
    tables: Mapping[str, pl.DataFrame | None],
    *,
    day: date,
    carried: Carried | None = None,
) -> Standing:
    """Every indicator whose source is among `tables`, as known at the end of `day`.

    A table that is missing (None), stale or broken gives `NO_DATA` for the day: the indicators of
    its source keep their values of before, and show no lamp that could be taken for good. With
    `carried` only the days after the last one are computed.
    """
    begun = Carried() if carried is None else carried
    sources = {
        name: examine(library.source(name), _until(table, day), today=day)
        for name, table in tables.items()
    }
    computed = {}
    for name, table in tables.items():
        usable = table is not None and sources[name].state.usable
        whole = completed(library.source(name), table) if usable and table is not None else None
        for indicator in library.of_source(name):
            computed[indicator.id] = _computed(indicator, whole, day=day, carried=begun)
    parts: dict[str, list[Part]] = {}
    for one in computed.values():
        latest = one.latest
        level = Level.NO_DATA if latest is None else latest.level
        parts.setdefault(one.indicator.group, []).append(
            Part(one.indicator.id, level, one.indicator.weight, one.indicator.critical)
        )
    of_firm, groups = firm(parts)
    return Standing(day, sources, computed, of_firm, groups)


def _until(table: pl.DataFrame | None, day: date) -> pl.DataFrame | None:
    if table is None or DAY not in table.columns:
        return table
    return table.filter(pl.col(DAY) <= day)


def _computed(
    indicator: Indicator, table: pl.DataFrame | None, *, day: date, carried: Carried
) -> Computed:
    memory = carried.memories.get(indicator.id)
    if table is None:
        kept = Memory() if memory is None else memory
        nothing = Assessment(day, None, Level.NO_DATA, Level.NO_DATA, None, Bounds(), "")
        return Computed(indicator, (nothing,), kept, None)
    last = carried.last_days.get(indicator.id)
    since = None if last is None or memory is None else _next_day(last)
    as_of = day if indicator.source.calendar is Calendar.DAILY else None
    rows = table.filter(pl.col(DAY) <= day)
    found = values_of(indicator, rows, as_of=as_of, since=since)
    values = [Value(when, value) for when, value in found.select(DAY, VALUE).iter_rows()]
    assessments, memory = assess(values, thresholds=indicator.thresholds, memory=memory)
    impact = found[IMPACT][-1] if found.height else None
    return Computed(indicator, tuple(assessments), memory, impact)


def _next_day(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def carried_from(standing: Standing, before: Carried | None = None) -> Carried:
    """What to hand to the day after: of indicators without new days, what was there before."""
    earlier = Carried() if before is None else before
    memories, last_days = dict(earlier.memories), dict(earlier.last_days)
    for name, one in standing.computed.items():
        usable = standing.sources[one.indicator.source.id].state.usable
        if usable and one.latest is not None:
            memories[name], last_days[name] = one.memory, one.latest.day
    return Carried(memories, last_days)


def warnings_of(
    standing: Standing,
    tables: Mapping[str, pl.DataFrame | None],
    *,
    before: Mapping[str, Level],
) -> list[EarlyWarning]:
    """The warnings of the day: what rose since the levels of the day before, worst first.

    Each says what moved the value since the same weekday a week earlier.
    """
    found = []
    for name, one in standing.computed.items():
        latest = one.latest
        if latest is None:
            continue
        table = tables.get(one.indicator.source.id)
        warning = warning_of(
            one.indicator,
            latest,
            before=before.get(name, Level.GREEN),
            history=[Value(past.day, past.value) for past in one.assessments],
            impact=one.impact,
        )
        if warning is None:
            continue
        if table is not None and latest.value is not None and one.indicator.segments:
            moved = movers(
                one.indicator,
                completed(one.indicator.source, table.filter(pl.col(DAY) <= latest.day)),
                day=latest.day,
                against=a_week_before(latest.day),
            )
            warning = warning.with_movers(moved)
        found.append(warning)
    found.sort(key=lambda one: (-one.assessment.level.severity, one.indicator.id))
    return found
