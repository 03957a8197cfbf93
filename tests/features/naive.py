"""What features mean, in the plainest Python: every event kept for ever, every window scanned.

Nothing here is shared with the kernel but the words: no batches, no rings, no forgetting. What is
summed is summed as whole numbers and fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from fengkong.events.catalogue import Field, Kind
from fengkong.features.declarations import Aggregate, WindowFeature

MILLIONTHS = 1_000_000
KNOWN_ONLY = {Aggregate.FIRST, Aggregate.LAST, Aggregate.DISTANCE, Aggregate.SPEED}
WITH_ARGUMENT_AS_KEY = {Aggregate.SHARE, Aggregate.SEEN_BEFORE}
Value = float | tuple[float, float] | str


@dataclass(frozen=True, kw_only=True)
class Happening:
    """An event as the tests make it: fields without a value are missing."""

    time: int
    type: str
    values: dict[str, Value]
    holds: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Counted:
    """An event that was counted, at its effective time."""

    time: int
    event: Happening


@dataclass(kw_only=True)
class Naive:
    """The features of events taken one after the other."""

    features: list[WindowFeature]
    fields: dict[str, Field]
    default_types: tuple[str, ...]
    late_after: int
    newest: int = 0
    counted: list[Counted] = field(default_factory=list)
    clocks: dict[tuple[object, ...], int] = field(default_factory=dict)

    def take(self, event: Happening) -> tuple[list[Value], bool]:
        """Count one event; the features as it sees them, and whether it came too late."""
        late = event.time < self.newest - self.late_after
        self.newest = max(self.newest, event.time)
        known = [entity for entity in self.entities(event) if self.remembered(entity)]
        time = max([event.time, self.newest - self.late_after, *(self.clocks[e] for e in known)])
        if not late:
            self.counted.append(Counted(time=time, event=event))
            known += self.entities(event, counted=True)
        for entity in known:
            self.clocks[entity] = time
        values = [self.value(feature, event, time=time, late=late) for feature in self.features]
        return values, late

    def remembered(self, entity: tuple[tuple[str, ...], object]) -> bool:
        """Whether an entity was counted, and not so long ago that it has been forgotten."""
        if entity not in self.clocks:
            return False
        ever = [f for f in self.features if f.last is None and entity[0] in self.keyspaces(f)]
        longest = max((f.last or 0) + f.delayed for f in self.features)
        return bool(ever) or self.clocks[entity] > self.newest - self.late_after - longest

    def keyspaces(self, feature: WindowFeature) -> set[tuple[str, ...]]:
        """What a feature counts by; a share counts its part and its whole."""
        return {self.keyspace(feature), *([feature.over] if feature.aggregate == "share" else [])}

    def keyspace(self, feature: WindowFeature) -> tuple[str, ...]:
        if feature.aggregate in WITH_ARGUMENT_AS_KEY and feature.argument is not None:
            return (*feature.over, feature.argument)
        return feature.over

    def entities(self, event: Happening, *, counted: bool = False) -> list[tuple[object, ...]]:
        """The entities of an event; or those of them that some feature counts it for."""
        found = {}
        for feature in self.features:
            for space in self.keyspaces(feature):
                key = tuple(event.values.get(name) for name in space)
                if None not in key and (not counted or self.belongs(feature, event)):
                    found[space, key] = None
        return list(found)

    def belongs(self, feature: WindowFeature, event: Happening) -> bool:
        """Whether a feature counts this event at all."""
        if event.type not in (feature.event_types or self.default_types):
            return False
        if feature.where is not None and feature.where not in event.holds:
            return False
        return feature.aggregate not in KNOWN_ONLY or feature.argument in event.values

    def value(self, feature: WindowFeature, event: Happening, *, time: int, late: bool) -> Value:
        """One feature as an event sees it; NaN where missing."""
        key = [event.values.get(name) for name in feature.over]
        if None in key:
            return math.nan
        if len(self.keyspace(feature)) > len(key) and feature.argument not in event.values:
            return math.nan
        rows = []
        for row in self.counted:
            if [row.event.values.get(name) for name in feature.over] != key:
                continue
            if not self.belongs(feature, row.event):
                continue
            if row.event is event and feature.current_excluded and not feature.delayed:
                continue
            until = time - feature.delayed
            if row.time <= until and (feature.last is None or row.time > until - feature.last):
                rows.append(row)
        found = self.aggregate(feature, event, rows=rows, time=time)
        missing = found != found  # only NaN is unlike itself; the last city is a text
        return feature.default if missing and feature.default is not None else found

    def aggregate(
        self, feature: WindowFeature, event: Happening, *, rows: list[Counted], time: int
    ) -> Value:
        aggregate, argument = feature.aggregate, feature.argument
        values = [row.event.values.get(argument) for row in rows]
        known = [value for value in values if value is not None]
        match aggregate:
            case Aggregate.COUNT:
                return float(len(rows) if argument is None else len(known))
            case Aggregate.SUM | Aggregate.MEAN | Aggregate.STD:
                return self.moment(aggregate, known, kind=self.fields[argument].kind)
            case Aggregate.MIN | Aggregate.MAX:
                return math.nan if not known else float({"min": min, "max": max}[aggregate](known))
            case Aggregate.DISTINCT:
                return float(len(set(known)))
            case Aggregate.FIRST:
                return known[0] if known else math.nan
            case Aggregate.LAST:
                return known[-1] if known else math.nan
            case Aggregate.SINCE_FIRST:
                return (time - rows[0].time) / 1e6 if rows else math.nan
            case Aggregate.SINCE_PREVIOUS:
                return (time - rows[-1].time) / 1e6 if rows else math.nan
            case Aggregate.SEEN_BEFORE:
                same = [value for value in values if value == event.values.get(argument)]
                return float(bool(same))
            case Aggregate.SHARE:
                same = [value for value in values if value == event.values[argument]]
                return len(same) / len(rows) if rows else math.nan
        if not rows or argument not in event.values:
            return math.nan
        distance = kilometres(values[-1], event.values[argument])
        if aggregate is Aggregate.DISTANCE:
            return distance
        return distance / max(1.0, (time - rows[-1].time) / 1e6) * 3600

    def moment(self, aggregate: Aggregate, known: list[float], *, kind: Kind) -> float:
        scale = MILLIONTHS if kind is Kind.NUMBER else 1
        whole = [round(value * scale) for value in known]
        n, total = len(whole), sum(whole)
        if aggregate is Aggregate.SUM:
            return float(Fraction(total, scale))
        if aggregate is Aggregate.MEAN:
            return float(Fraction(total, scale * n)) if n else math.nan
        if n < 2:
            return math.nan
        mean = Fraction(total, n)
        return math.sqrt(sum((value - mean) ** 2 for value in whole) / (n - 1)) / scale


def kilometres(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Great-circle distance by the spherical law of haversines."""
    (south, west), (north, east) = ([math.radians(degree) for degree in p] for p in (start, end))
    across, along = math.sin((north - south) / 2) ** 2, math.sin((east - west) / 2) ** 2
    share = across + math.cos(south) * math.cos(north) * along
    return 2 * 6371.0088 * math.asin(math.sqrt(min(1.0, share)))
