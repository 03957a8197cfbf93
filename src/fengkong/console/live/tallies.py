"""Counts of a period, from tallies alone: days inside, hours and minutes at its edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from fengkong.console.journaled.models import Grain, OutcomeTally, RuleTally
from fengkong.console.live.filters import STOPPING, Filter
from fengkong.console.live.periods import DAY, HOUR, MINUTE, Period, whole_minute

MINUTES_KEPT: Final = 7 * DAY
"""Minutes of tallies are forgotten after a week."""


@dataclass(slots=True)
class Counted:
    """Decisions and their amounts by currency, in minor units."""

    count: int = 0
    amounts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, count: int, *, amount: int, currency: str) -> None:
        """Count more."""
        self.count += count
        if currency:
            self.amounts[currency] += amount


@dataclass(slots=True)
class Totals:
    """What happened in a period, by outcome, by event type, and by policy and version."""

    whole: Counted = field(default_factory=Counted)
    outcomes: dict[str, Counted] = field(default_factory=lambda: defaultdict(Counted))
    types: dict[str, Counted] = field(default_factory=lambda: defaultdict(Counted))
    policies: dict[tuple[str, int], Counted] = field(default_factory=lambda: defaultdict(Counted))

    def share(self, outcome: str) -> float | None:
        """The share of an outcome, None of no decisions."""
        counted = self.outcomes.get(outcome, Counted()).count
        return counted / self.whole.count if self.whole.count else None

    def stopped(self) -> dict[str, int]:
        """Amounts that did not go through, by currency."""
        amounts: dict[str, int] = defaultdict(int)
        for outcome in STOPPING & self.outcomes.keys():
            for currency, amount in self.outcomes[outcome].amounts.items():
                amounts[currency] += amount
        return amounts


def spans(start: datetime, end: datetime) -> list[tuple[Grain, datetime, datetime]]:
    """The buckets that make up a time of whole minutes exactly: a grain, and from when to when."""
    found: list[tuple[Grain, datetime, datetime]] = []
    days = _rounded_up(start, DAY), _rounded_down(end, DAY)
    if days[0] < days[1]:
        found += _below_days(start, days[0])
        found.append((Grain.DAY, *days))
        found += _below_days(days[1], end)
        return found
    return _below_days(start, end)


def _below_days(start: datetime, end: datetime) -> list[tuple[Grain, datetime, datetime]]:
    hours = _rounded_up(start, HOUR), _rounded_down(end, HOUR)
    if hours[0] >= hours[1]:
        return [(Grain.MINUTE, start, end)] if start < end else []
    found = [
        (Grain.MINUTE, start, hours[0]),
        (Grain.HOUR, *hours),
        (Grain.MINUTE, hours[1], end),
    ]
    return [one for one in found if one[1] < one[2]]


def _rounded_down(moment: datetime, grain: timedelta) -> datetime:
    """The beginning of its hour, or of its day in the time zone of the setting TIME_ZONE."""
    local = timezone.localtime(moment, timezone.get_default_timezone())
    changed = local.replace(minute=0, second=0, microsecond=0)
    return changed.replace(hour=0) if grain == DAY else changed


def _rounded_up(moment: datetime, grain: timedelta) -> datetime:
    down = _rounded_down(moment, grain)
    return down if down == moment else _rounded_down(down + grain + HOUR * (grain == DAY), grain)


def can_count(wanted: Filter, *, now: datetime) -> bool:
    """Whether tallies hold what a filter asks: whole minutes, of the last week or whole hours.

    Or all that ever was, where nothing says from when and until when.
    """
    if not wanted.is_of_tallies:
        return False
    if wanted.start is None or wanted.end is None:
        return wanted.start is None and wanted.end is None
    edges = (wanted.start, wanted.end)
    if any(edge != whole_minute(edge) for edge in edges):
        return False
    kept = now - MINUTES_KEPT + HOUR
    return all(edge >= kept or edge == _rounded_down(edge, HOUR) for edge in edges)


def _in_time(start: datetime, end: datetime) -> Q:
    asked = Q(pk__in=[])
    for grain, first, last in spans(start, end):
        asked |= Q(grain=grain, bucket__gte=first, bucket__lt=last)
    return asked


def _narrowed(rows: QuerySet[Any], wanted: Filter) -> QuerySet[Any]:
    if wanted.event_type:
        rows = rows.filter(event_type=wanted.event_type)
    if wanted.policy:
        rows = rows.filter(policy=wanted.policy)
    if wanted.version is not None:
        rows = rows.filter(policy_version=wanted.version)
    if wanted.outcomes:
        rows = rows.filter(outcome__in=wanted.outcomes)
    return rows


def totals(wanted: Filter, *, start: datetime, end: datetime) -> Totals:
    """Everything of a time, by one statement."""
    rows = _narrowed(OutcomeTally.objects.filter(_in_time(start, end)), wanted)
    grouped = rows.values_list("outcome", "event_type", "policy", "policy_version", "currency")
    found = Totals()
    for outcome, kind, policy, version, currency, count, amount in grouped.annotate(
        Sum("count"), Sum("amount_minor")
    ).order_by():
        for counted in (
            found.whole,
            found.outcomes[outcome],
            found.types[kind],
            found.policies[policy, version],
        ):
            counted.add(count, amount=amount, currency=currency)
    return found


def number(wanted: Filter) -> int:
    """How many decisions a filter that tallies can count asks for."""
    rows: QuerySet[Any] = OutcomeTally.objects.all()
    if wanted.rule:
        rows = RuleTally.objects.filter(rule=wanted.rule)
    if wanted.start is None or wanted.end is None:
        rows = rows.filter(grain=Grain.DAY)
    else:
        rows = rows.filter(_in_time(wanted.start, wanted.end))
    return _narrowed(rows, wanted).aggregate(whole=Sum("count"))["whole"] or 0


def rules(wanted: Filter, *, start: datetime, end: datetime, most: int) -> list[tuple[str, int]]:
    """The rules that hit most often, with how often."""
    rows = _narrowed(RuleTally.objects.filter(_in_time(start, end)), wanted)
    grouped = rows.values_list("rule").annotate(Sum("count")).order_by("-count__sum", "rule")
    return [(rule, count) for rule, count in grouped[:most]]


@dataclass(slots=True)
class Series:
    """Counts step by step: by outcome, and of all."""

    steps: list[datetime]
    outcomes: dict[str, list[int]]
    amounts: list[int]
    stopped: list[int]

    @property
    def whole(self) -> list[int]:
        """All decisions of each step."""
        return [sum(row) for row in zip(*self.outcomes.values(), strict=True)] or [0] * len(
            self.steps
        )

    def shares(self, outcome: str) -> list[float]:
        """The share of an outcome in each step; none of none."""
        counts = self.outcomes.get(outcome, [0] * len(self.steps))
        return [part / all_ if all_ else 0.0 for part, all_ in zip(counts, self.whole, strict=True)]


def series(wanted: Filter, period: Period) -> Series:
    """A period step by step; steps begin where buckets of their grain do, so the last is whole."""
    grain, unit = _grain(period.step)
    end = period.end if grain is Grain.MINUTE else _rounded_down(period.end, unit)
    shown = Period(end - (period.end - period.start), end, period.step)
    rows = OutcomeTally.objects.filter(grain=grain, bucket__gte=shown.start, bucket__lt=shown.end)
    grouped = _narrowed(rows, wanted).values_list("bucket", "outcome", "currency")
    steps = shown.steps
    found = Series(steps, defaultdict(lambda: [0] * len(steps)), [0] * len(steps), [0] * len(steps))
    sums = list(grouped.annotate(Sum("count"), Sum("amount_minor")).order_by())
    currency = main_currency((kind, count) for _, _, kind, count, _ in sums)
    for bucket, outcome, kind, count, amount in sums:
        place = shown.place(bucket)
        found.outcomes[outcome][place] += count
        if kind == currency:
            found.amounts[place] += amount
            found.stopped[place] += amount if outcome in STOPPING else 0
    return found


def _grain(step: timedelta) -> tuple[Grain, timedelta]:
    if step >= DAY:
        return Grain.DAY, DAY
    return (Grain.HOUR, HOUR) if step >= HOUR else (Grain.MINUTE, MINUTE)


def main_currency(counts: Iterable[tuple[str, int]]) -> str:
    """The currency of most, CNY where there is none."""
    seen: dict[str, int] = defaultdict(int)
    for currency, count in counts:
        if currency:
            seen[currency] += count
    return max(sorted(seen), key=seen.__getitem__, default="CNY")
