"""One level out of many: by risk group and for the firm, and how much each part contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.indicators.level import RISING, Level

POWER: Final = 3.0
"""The exponent of the mean: high enough that one red among greens is not averaged away."""
BEGINS: Final = {Level.YELLOW: 20.0, Level.ORANGE: 45.0, Level.RED: 75.0}
"""From which points a composite shows a level."""
_POINTS: Final = {
    Level.GREEN: 0.0,
    Level.YELLOW: 100.0 / 3.0,
    Level.NO_DATA: 100.0 / 3.0,
    Level.ORANGE: 200.0 / 3.0,
    Level.RED: 100.0,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that goes into a composite: an indicator, or the composite of a group."""

    id: str
    level: Level
    weight: float = 1.0
    critical: bool = False
    """A critical part keeps the composite from being more than one level better than itself."""
    points: float | None = None
    """Points of its own (a composite's) instead of those of its level."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much of a composite one part makes: shares of all parts sum to 1, or are all 0."""

    id: str
    level: Level
    share: float


@dataclass(frozen=True, slots=True)
class Composite:
    """Points from 0 (all green) to 100 (all red), the level, and what made it."""

    points: float
    level: Level
    contributions: tuple[Contribution, ...]
    unknown: int
    """How many parts have no data."""
    held_by: str | None = None
    """The critical part that keeps the level from being better, if one does."""


def composite(parts: Sequence[Part]) -> Composite:
    """The weighted power mean of the parts' points, ``(sum w p^3 / sum w)^(1/3)``.

    Contributions are each part's share of the sum under the root, largest first. Without parts, or
    when no part has data, the level is `NO_DATA`.
    """
    unknown = sum(part.level is Level.NO_DATA for part in parts)
    weighted = {part.id: part.weight * _points(part) ** POWER for part in parts}
    total, weights = sum(weighted.values()), sum(part.weight for part in parts)
    points = (total / weights) ** (1.0 / POWER) if weights > 0.0 else 0.0
    made = [
        Contribution(part.id, part.level, weighted[part.id] / total if total > 0.0 else 0.0)
        for part in parts
    ]
    made.sort(key=lambda one: (-one.share, one.id))
    if unknown == len(parts):
        return Composite(points, Level.NO_DATA, tuple(made), unknown)
    level = level_of_points(points)
    floor = max(
        (part for part in parts if part.critical),
        key=lambda part: part.level.severity,
        default=None,
    )
    if floor is not None and floor.level.severity - 1 > level.severity:
        return Composite(points, RISING[floor.level.severity - 1], tuple(made), unknown, floor.id)
    return Composite(points, level, tuple(made), unknown)


def _points(part: Part) -> float:
    return _POINTS[part.level] if part.points is None else part.points


def level_of_points(points: float) -> Level:
    """The level of a composite's points."""
    found = Level.GREEN
    for level, begin in BEGINS.items():
        if points >= begin:
            found = level
    return found


def firm(
    groups: Mapping[str, Sequence[Part]], *, weights: Mapping[str, float] | None = None
) -> tuple[Composite, dict[str, Composite]]:
    """The composite of the firm out of those of its risk groups, and these.

    A group is critical to the firm, so that a red group is at least orange for the firm. Groups
    without parts are left out.
    """
    of_groups = {name: composite(parts) for name, parts in groups.items() if parts}
    given = {} if weights is None else weights
    parts = [
        Part(name, one.level, weight=given.get(name, 1.0), critical=True, points=one.points)
        for name, one in of_groups.items()
    ]
    return composite(parts), of_groups
