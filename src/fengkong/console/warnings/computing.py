"""Computes values and levels, raises and closes warnings; by the worker, again and again.

Values of the last days are computed again each time, because sources correct themselves; older ones
when a source was delivered anew. Each day's level follows from all values before it, so computing
twice gives the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fengkong.console.outbox.models import Job
from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import CompositeReading, Reading, SourceStatus
from fengkong.console.warnings.own.sources import OWN, SIGNS
from fengkong.console.warnings.raising import judge_indicator, judge_source
from fengkong.console.warnings.tables import stamp_of, table_and_report
from fengkong.indicators.assessment import Assessment, Value, assess
from fengkong.indicators.composite import Composite, Part, firm
from fengkong.indicators.indicator import Indicator, Library
from fengkong.indicators.level import Level
from fengkong.indicators.sources import SourceReport, SourceState
from fengkong.indicators.values import IMPACT, VALUE, values_of
from fengkong.journal.errors import MissingJournalError

AGAIN_DAYS: Final = 7
PAST_DAYS: Final = 90
"""Composites of so many earlier days are made where there are values but no composites."""
FIRM: Final = "firm"
_BATCH: Final = 500
_SEEN: Final[dict[tuple[Path, str], str]] = {}
"""The signs of own sources that were seen last, by data directory and source."""
_TURNS: Final[dict[tuple[Path, str], threading.Lock]] = {}
_TURNS_TAKEN: Final = threading.Lock()
_WRITTEN: Final = (
    *("value", "impact_minor", "level", "plain", "statistic"),
    *("yellow", "orange", "red"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What came of one indicator: its days in order, and the money at stake of each."""

    indicator: Indicator
    assessments: Sequence[Assessment]
    values: Sequence[Value]
    impacts: Mapping[date, float | None]


def watch_indicators(_job: Job) -> None:
    """Follow the journal and judge the indicators that are computed as events arrive."""
    try:
        changed = journal_rows().step()
    except MissingJournalError:
        return
    if not changed:
        return
    library = library_in_force()
    for name in sorted(changed & set(library.sources)):
        _compute_source(library, name, only_streaming=True)
    keep_composites(library)


def watch_own(_job: Job) -> None:
    """Judge the indicators of the console's own sources as things happen there."""
    library = library_in_force()
    changed = False
    for name in SIGNS.keys() & library.sources.keys():
        sign, seen = SIGNS[name](), (settings.CONSOLE.directory, name)
        if _SEEN.get(seen) != sign:
            _compute_source(library, name, only_streaming=True)
            _SEEN[seen] = sign
            changed = True
    if changed:
        keep_composites(library)


def compute_indicators(_job: Job) -> None:
    """Look at every source and compute what is new; a job of the outbox."""
    recompute()


def recompute(*, everything: bool = False) -> int:
    """Compute the indicators of every source that has something new; how many sources."""
    library, done = library_in_force(), 0
    for name in library.sources:
        done += _compute_source(library, name, everything=everything)
    keep_composites(library)
    return done


def _compute_source(
    library: Library, name: str, *, everything: bool = False, only_streaming: bool = False
) -> bool:
    """Whether there was something to compute.

    Two threads take turns at a source: whoever judges it has read what is there now, so a long
    computation never ends a warning that was raised while it went on.
    """
    with _TURNS_TAKEN:
        turn = _TURNS.setdefault((settings.CONSOLE.directory, name), threading.Lock())
    with turn:
        return _compute_in_turn(library, name, everything=everything, only_streaming=only_streaming)


def _compute_in_turn(
    library: Library, name: str, *, everything: bool, only_streaming: bool
) -> bool:
    source, today = library.source(name), timezone.localdate()
    known = SourceStatus.objects.filter(pk=name).first()
    stamp = stamp_of(source)
    is_same = known is not None and stamp != "" and stamp == known.stamp
    looked_today = known is not None and timezone.localdate(known.checked_at) == today
    if is_same and looked_today and not everything and name not in OWN:
        return False
    table, report = table_and_report(source, today=today)
    if known is None and report.newest is None and not report.rows:
        return False  # nobody has set it up
    since = None if everything or (not is_same and stamp) else today - timedelta(days=AGAIN_DAYS)
    indicators = library.of_source(name)
    if only_streaming:
        indicators = [one for one in indicators if one.streaming]
    for indicator in indicators:
        usable = table if report.state.usable else None
        computed = compute_indicator(indicator, usable, since=since, today=today)
        with transaction.atomic():
            _keep(computed)
            judge_indicator(computed.indicator, computed, table=usable)
    with transaction.atomic():
        _keep_status(report, stamp=stamp)
        if not _is_told_of_its_past(report):
            judge_source(source, report)
    return True


def _is_told_of_its_past(report: SourceReport) -> bool:
    """Whether a source is stale because what came so far is of days gone by, and more is coming."""
    return report.state is SourceState.STALE and journal_rows().is_arriving(report.source)


def compute_indicator(
    indicator: Indicator, table: pl.DataFrame | None, *, since: date | None, today: date
) -> Computed:
    """All values and levels of an indicator; without a usable table today has no data."""
    if table is None:
        before = [
            Value(day, value)
            for day, value in Reading.objects.filter(indicator=indicator.id, day__lt=today)
            .order_by("day")
            .values_list("day", "value")
        ]
        values = [*before, Value(today, None)]
        impacts: dict[date, float | None] = {}
    else:
        frame = values_of(indicator, table, as_of=today)
        values = [Value(day, value) for day, value in frame.select("day", VALUE).iter_rows()]
        impacts = dict(frame.select("day", IMPACT).iter_rows())
    assessments, _ = assess(values, thresholds=indicator.thresholds)
    shown = [one for one in assessments if since is None or one.day >= since]
    return Computed(indicator=indicator, assessments=shown, values=values, impacts=impacts)


def keep_composites(library: Library) -> None:
    """The composites of today: of each kind of risk, and of the firm."""
    today = timezone.localdate()
    latest = latest_levels(today)
    groups: dict[str, list[Part]] = {}
    for indicator in library.indicators.values():
        level = latest.get(indicator.id)
        if level is None:
            continue
        part = Part(indicator.id, level, weight=indicator.weight, critical=indicator.critical)
        groups.setdefault(indicator.group.value, []).append(part)
    if not groups:
        return
    _write_composites(_rows_of_day(groups, today))
    _keep_past_composites(library, today)


def _keep_past_composites(library: Library, today: date) -> None:
    """Composites of earlier days out of the readings there are, where there is none yet."""
    since = today - timedelta(days=PAST_DAYS)
    had = CompositeReading.objects.filter(group=FIRM, day__gte=since, day__lt=today)
    if had.exists():
        return
    readings = Reading.objects.filter(day__gte=since - timedelta(days=40), day__lt=today)
    by_day: dict[date, dict[str, Level]] = {}
    for name, day, level in readings.values_list("indicator", "day", "level"):
        by_day.setdefault(day, {})[name] = Level(level)
    known: dict[str, Level] = {}
    for day in sorted(by_day):
        known |= by_day[day]
        groups: dict[str, list[Part]] = {}
        for name, level in known.items():
            one = library.indicators.get(name)
            if one is not None:
                part = Part(name, level, weight=one.weight, critical=one.critical)
                groups.setdefault(one.group.value, []).append(part)
        if groups and day >= since:
            _write_composites(_rows_of_day(groups, day))


def _rows_of_day(groups: dict[str, list[Part]], day: date) -> list[CompositeReading]:
    whole, of_groups = firm(groups)
    return [_row(FIRM, day, whole), *(_row(name, day, one) for name, one in of_groups.items())]


def _write_composites(rows: list[CompositeReading]) -> None:
    CompositeReading.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["group", "day"],
        update_fields=["points", "level", "parts", "unknown"],
    )


def latest_levels(today: date) -> dict[str, Level]:
    """The level of each indicator's newest day, of those that were ever computed."""
    since = today - timedelta(days=400)
    rows = Reading.objects.filter(day__gte=since, day__lte=today).order_by("day")
    return {name: Level(level) for name, level in rows.values_list("indicator", "level")}


def _row(group: str, day: date, found: Composite) -> CompositeReading:
    parts = [[one.id, one.level.value, round(one.share, 4)] for one in found.contributions[:20]]
    return CompositeReading(
        group=group,
        day=day,
        points=found.points,
        level=found.level.value,
        parts=parts,
        unknown=found.unknown,
    )


def _keep(computed: Computed) -> None:
    """Write what differs from what is written: most days of a long past are as they were."""
    if not computed.assessments:
        return
    name, now = computed.indicator.id, timezone.now()
    written = {
        day: kept
        for day, *kept in Reading.objects.filter(
            indicator=name, day__gte=computed.assessments[0].day
        ).values_list("day", *_WRITTEN)
    }
    rows = []
    for one in computed.assessments:
        bounds = (one.bounds.yellow, one.bounds.orange, one.bounds.red)
        levels = (one.level.value, one.plain.value)
        fields = [one.value, computed.impacts.get(one.day), *levels, one.statistic, *bounds]
        if written.get(one.day) != fields:
            known = dict(zip(_WRITTEN, fields, strict=True))
            rows.append(Reading(indicator=name, day=one.day, computed_at=now, **known))
    _write(rows)


def _write(rows: Iterable[Reading]) -> None:
    Reading.objects.bulk_create(
        rows,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["indicator", "day"],
        update_fields=[*_WRITTEN, "computed_at"],
    )


def _keep_status(report: SourceReport, *, stamp: str) -> None:
    SourceStatus.objects.update_or_create(
        source=report.source,
        defaults={
            "state": report.state.value,
            "newest": report.newest,
            "rows": report.rows,
            "faults": [[fault.zh, fault.en] for fault in report.faults],
            "stamp": stamp,
            "checked_at": timezone.now(),
        },
    )
