"""Thresholds: what a value is held against, by date, and what the past makes of it.

Every kind of threshold turns the values *before* a day into the bounds of that day; the value of
the day itself and what came later never move its own bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.indicators.level import Level

HISTORY_MAX: Final = 2000
"""The longest history a threshold looks at, in values."""
_TINY: Final = 1e-12
_PERSISTENCE_MAX: Final = 0.99
_WORTH_LEAST: Final = 1.5
"""However persistent values are, a baseline of them is worth more than one."""
_INSIDE: Final = 1e-9
"""How far outside of a quantile of the past its bound stands, as a share of it."""


class Direction(StrEnum):
    """On which side a value is bad."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class Bounds(NamedTuple):
    """Where yellow, orange and red begin; None where a level is not used.

    For `BOTH` these are distances from `centre`.
    """

    yellow: float | None = None
    orange: float | None = None
    red: float | None = None
    centre: float = 0.0


class Reading(NamedTuple):
    """What is compared (the value itself, or a chart's statistic) and with which bounds."""

    statistic: float
    bounds: Bounds


Floats = NDArray[np.float64]
Widths = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Bounds that somebody chose."""

    yellow: float | None = None
    orange: float | None = None
    red: float | None = None
    centre: float = 0.0
    lookback: int = 0

    def read(self, value: float, *, history: Floats, direction: Direction) -> Reading:  # noqa: ARG002
        """The value against the chosen bounds."""
        return Reading(value, Bounds(self.yellow, self.orange, self.red, self.centre))


@dataclass(frozen=True, slots=True)
class Quantile:
    """Bounds at quantiles of the values of the last `last` days; none before `least` values.

    Quantiles are probabilities of being *inside*: 0.99 is the 99th percentile for `ABOVE` and
    the 1st for `BELOW`. What was seen so often before is inside: a value that never changes is
    beyond no bound of its own.
    """

    yellow: float | None = 0.95
    orange: float | None = 0.99
    red: float | None = None
    red_times: float | None = None
    """Red at this many times the distance from the median to orange, where set."""
    floor: float | None = None
    """Yellow is not below this, orange not below its double, red not below three times it, where
    set and for `ABOVE`: after a past of nothing but zeros, one is little."""
    last: int = 365
    least: int = 60

    @property
    def lookback(self) -> int:
        """How many values before the day are looked at."""
        return self.last

    def read(self, value: float, *, history: Floats, direction: Direction) -> Reading:
        """The value against the quantiles of its past."""
        past = history[-self.last :]
        if past.size < self.least:
            return Reading(value, Bounds())
        middle = float(np.median(past))
        if direction is Direction.BOTH:
            past = np.abs(past - middle)

        def bound(quantile: float | None) -> float | None:
            if quantile is None:
                return None
            share = 1.0 - quantile if direction is Direction.BELOW else quantile
            found = float(np.quantile(past, share))
            beyond = _INSIDE * max(abs(found), 1.0)
            return found - beyond if direction is Direction.BELOW else found + beyond

        centre = middle if direction is Direction.BOTH else 0.0
        orange, red = bound(self.orange), bound(self.red)
        if self.red_times is not None and orange is not None:
            base = 0.0 if direction is Direction.BOTH else middle
            red = base + self.red_times * (orange - base)
        bounds = Bounds(bound(self.yellow), orange, red, centre)
        return Reading(value, _floored(bounds, self.floor, direction=direction))


@dataclass(frozen=True, slots=True)
class EwmaChart:
    """Exponentially weighted moving average chart (Roberts 1959).

    ``z = weight * x + (1 - weight) * z`` against the mean of the baseline plus or minus so many
    of its own standard deviations: ``sigma * sqrt(weight / (2 - weight))`` in the steady state,
    where one value says nothing of the next. Values that go on as they were (30-day sums) move
    further by themselves: their first autocorrelation r multiplies the variance by
    ``(1 + r (1 - weight)) / (1 - r (1 - weight))`` (Schmid 1997), and so many values are worth
    ``(1 - r) / (1 + r)`` of as many when mean and sigma are estimated (Jones, Champ, Rigdon 2001).
    The baseline is the `baseline` values that ended `guard` values ago, so that a slow drift does
    not pull its own bounds along. While there are fewer than `least` of them, the value itself is
    held against `first_yellow`, `first_orange` and `first_red`, where set.
    """

    weight: float = 0.2
    yellow: float | None = 2.0
    orange: float | None = 3.0
    red: float | None = 4.0
    baseline: int = 90
    guard: int = 14
    least: int = 30
    sigma_least: float = 0.0
    """The deviation counts as at least this: after a past of nothing but zeros, one is little."""
    first_yellow: float | None = None
    first_orange: float | None = None
    first_red: float | None = None

    @property
    def lookback(self) -> int:
        """How many values before the day are looked at."""
        return self.baseline + self.guard

    def read(self, value: float, *, history: Floats, direction: Direction) -> Reading:
        """The average of the last values against the limits of the chart."""
        past, recent = _split(history, baseline=self.baseline, guard=self.guard)
        if past.size < self.least:
            first = (self.first_yellow, self.first_orange, self.first_red)
            return Reading(value, Bounds(*first))
        mean = float(past.mean())
        sigma = max(float(past.std(ddof=1)), self.sigma_least)
        average = mean
        for seen in (*recent, value):
            average = self.weight * float(seen) + (1.0 - self.weight) * average
        unit = max(sigma * math.sqrt(_spread_of_average(past, weight=self.weight)), _TINY)
        return Reading(average, _around(mean, unit, self, direction=direction))


def _spread_of_average(past: Floats, *, weight: float) -> float:
    """The variance of an average of values like these about their mean, over theirs."""
    apart = past - past.mean()
    squares = float(apart @ apart)
    together = float(apart[1:] @ apart[:-1]) / squares if squares > 0 else 0.0
    persistence = min(max(together, 0.0), _PERSISTENCE_MAX)
    worth = max(past.size * (1.0 - persistence) / (1.0 + persistence), _WORTH_LEAST)
    kept = persistence * (1.0 - weight)
    spread = weight / (2.0 - weight) * (1.0 + kept) / (1.0 - kept) + 1.0 / worth
    return spread / (1.0 - 1.0 / max(worth, 2.0))


@dataclass(frozen=True, slots=True)
class CusumChart:
    """Cumulative sum chart (Page 1954): small shifts that last.

    ``S = max(0, S + (x - mean) / sigma - slack)`` over the values since the baseline; levels begin
    at so many sigmas of S. Both sides are summed where both are bad.
    """

    slack: float = 0.5
    yellow: float | None = 3.0
    orange: float | None = 5.0
    red: float | None = 8.0
    baseline: int = 90
    guard: int = 30
    least: int = 30

    @property
    def lookback(self) -> int:
        """How many values before the day are looked at."""
        return self.baseline + self.guard

    def read(self, value: float, *, history: Floats, direction: Direction) -> Reading:
        """The sum, signed so that it is beyond its bounds on the side of the direction."""
        past, recent = _split(history, baseline=self.baseline, guard=self.guard)
        if past.size < self.least:
            return Reading(0.0, Bounds())
        mean, sigma = float(past.mean()), max(float(past.std(ddof=1)), _TINY)
        up = down = 0.0
        for seen in (*recent, value):
            step = (float(seen) - mean) / sigma
            up, down = max(0.0, up + step - self.slack), max(0.0, down - step - self.slack)
        if direction is Direction.BELOW:
            return Reading(-down, _placed(0.0, _of(self), direction=direction))
        statistic = up if direction is Direction.ABOVE else max(up, down)
        return Reading(statistic, Bounds(*_of(self)))


@dataclass(frozen=True, slots=True)
class ForecastBand:
    """The band of a one-step forecast from the same weekdays of the past `weeks` weeks.

    Level and spread come from the values 7, 14, ... days back (medians, so that one bad week does
    not widen the band); coverages are two-sided probabilities of a normal law with that spread.
    """

    weeks: int = 8
    yellow: float | None = 0.95
    orange: float | None = 0.99
    red: float | None = 0.999
    season: int = 7
    spread_least: float = 0.0
    """The spread counts as at least this many units: where nothing ever happens, one is little."""

    @property
    def lookback(self) -> int:
        """How many values before the day are looked at."""
        return self.weeks * self.season + self.season

    def read(self, value: float, *, history: Floats, direction: Direction) -> Reading:
        """The value against the band of its forecast."""
        same = history[::-1][self.season - 1 :: self.season][: self.weeks]
        if same.size < 4:
            return Reading(value, Bounds())
        middle = float(np.median(same))
        least = max(abs(middle) * 1e-6, self.spread_least, _TINY)
        spread = max(1.4826 * float(np.median(np.abs(same - middle))), least)

        def width(cover: float | None) -> float | None:
            return None if cover is None else spread * NormalDist().inv_cdf(0.5 + cover / 2)

        widths = width(self.yellow), width(self.orange), width(self.red)
        return Reading(value, _placed(middle, widths, direction=direction))


Rule = Fixed | Quantile | EwmaChart | CusumChart | ForecastBand


def _of(rule: EwmaChart | CusumChart) -> Widths:
    return rule.yellow, rule.orange, rule.red


def _split(history: Floats, *, baseline: int, guard: int) -> tuple[Floats, Floats]:
    """The values of the baseline, and those between it and the day."""
    end = max(history.size - guard, 0)
    return history[max(end - baseline, 0) : end], history[end:]


def _floored(bounds: Bounds, floor: float | None, *, direction: Direction) -> Bounds:
    """Bounds that are not below a floor, its double and its triple; only upper ones have one."""
    if floor is None or direction is not Direction.ABOVE:
        return bounds
    yellow, orange, red = (
        None if bound is None else max(bound, times * floor)
        for times, bound in enumerate(bounds[:3], 1)
    )
    return Bounds(yellow, orange, red, bounds.centre)


def _around(mean: float, unit: float, rule: EwmaChart, *, direction: Direction) -> Bounds:
    def width(sigmas: float | None) -> float | None:
        return None if sigmas is None else sigmas * unit

    widths = width(rule.yellow), width(rule.orange), width(rule.red)
    return _placed(mean, widths, direction=direction)


def _placed(centre: float, widths: Widths, *, direction: Direction) -> Bounds:
    """Bounds at distances from a centre on the bad side."""
    yellow, orange, red = widths
    if direction is Direction.BOTH:
        return Bounds(yellow, orange, red, centre)
    sign = 1.0 if direction is Direction.ABOVE else -1.0

    def at(width: float | None) -> float | None:
        return None if width is None else centre + sign * width

    return Bounds(at(yellow), at(orange), at(red))


@dataclass(frozen=True, slots=True)
class DatedRule:
    """A rule, the day from which it holds, and why it is what it is."""

    effective_from: date
    rule: Rule
    reference: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All that decides the level of an indicator's values."""

    direction: Direction
    rules: tuple[DatedRule, ...] = field(default=())
    hysteresis: float = 0.0
    """How far inside its bound a value must be before the level falls, as a share of the bound."""
    pending: int = 1
    """How many values in a row must be at a level before the lamp shows it."""

    def __post_init__(self) -> None:
        days = [dated.effective_from for dated in self.rules]
        assert days == sorted(set(days)), "the dates of thresholds are ordered"
        assert 0.0 <= self.hysteresis < 1.0, "hysteresis is a share"
        assert self.pending >= 1, "a level must be seen at least once"

    def at(self, day: date) -> DatedRule | None:
        """The rule that holds on a day; None before the first."""
        holding = [dated for dated in self.rules if dated.effective_from <= day]
        return holding[-1] if holding else None

    @property
    def lookback(self) -> int:
        """How many values before a day any of the rules looks at."""
        return max((dated.rule.lookback for dated in self.rules), default=0)


def level_of(
    reading: Reading, *, direction: Direction, eased: float = 0.0, least: Level = Level.GREEN
) -> Level:
    """The level of a statistic; `eased` widens the bounds up to `least` inward (hysteresis)."""
    found = Level.GREEN
    distance = abs(reading.statistic - reading.bounds.centre)
    for level, bound in zip(
        (Level.YELLOW, Level.ORANGE, Level.RED), reading.bounds[:3], strict=True
    ):
        if bound is None:
            continue
        ease = eased * abs(bound) if level.severity <= least.severity else 0.0
        if direction is Direction.ABOVE:
            beyond = reading.statistic >= bound - ease
        elif direction is Direction.BELOW:
            beyond = reading.statistic <= bound + ease
        else:
            beyond = distance >= bound - ease
        if beyond:
            found = level
    return found
