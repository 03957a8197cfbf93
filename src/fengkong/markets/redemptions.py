"""Redemptions forecast some days ahead, with intervals that cover what they claim.

Level and weekday of the logarithm: a season of seven days (holidays count as Sundays, make-up
working days as Mondays) estimated around a running median, then exponential smoothing of what is
left. Intervals come from the sizes of the forecaster's own newest errors at the same distance
(split conformal: Vovk, Gammerman and Shafer 2005; the newest alone, because errors drift: Barber,
Candès, Ramdas and Tibshirani 2023), so they widen and narrow by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
SEASON: Final = 7
_SUNDAY, _MONDAY, _SATURDAY = 6, 0, 5
_HALF_WIDTH: Final = 10
_ERRORS_LEAST: Final = 20


@dataclass(frozen=True, slots=True)
class Forecaster:
    """The settings; the defaults were chosen on the first eight months of the shared flows."""

    weeks: int = 12
    """How many weeks the season is estimated on."""
    smoothing: float = 0.3
    shrinkage: float = 1.0
    """How many days of no effect each weekday's effect is mixed with."""
    holidays: Collection[date] = field(default_factory=frozenset)
    """Days off that fall on a weekday, as they were known beforehand."""
    make_up_days: Collection[date] = field(default_factory=frozenset)
    """Weekend days that are worked."""
    errors_kept: int = 42
    """How many past errors of each distance an interval is made of: six weeks."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One day of a forecast, in the unit of the flows; None where the past is too short."""

    day: date
    expected: float
    lower: float | None
    upper: float | None


def forecast(
    days: Sequence[date],
    flows: Sequence[float],
    *,
    ahead: int = SEASON,
    coverage: float = 0.9,
    forecaster: Forecaster | None = None,
) -> list[Forecast]:
    """The forecast of the `ahead` days after the last of `days`, which follow each other.

    Flows must be positive. An interval needs 20 past forecasts of its distance.
    """
    with_settings = Forecaster() if forecaster is None else forecaster
    values = np.log(np.asarray(flows, dtype=np.float64))
    classes = weekday_classes(days, ahead=ahead, forecaster=with_settings)
    end = values.size
    expected = _ahead(values, classes, end=end, ahead=ahead, settings=with_settings)
    errors = past_errors(values, classes, end=end, ahead=ahead, settings=with_settings)
    found = []
    for step in range(ahead):
        low = high = None
        known = errors[step][np.isfinite(errors[step])][-with_settings.errors_kept :]
        if known.size >= _ERRORS_LEAST:
            half = half_width(known, coverage=coverage)
            low, high = float(np.exp(expected[step] - half)), float(np.exp(expected[step] + half))
        found.append(
            Forecast(days[-1] + timedelta(days=step + 1), float(np.exp(expected[step])), low, high)
        )
    return found


def half_width(errors: Floats, *, coverage: float) -> float:
    """The size within which the next error lies with the coverage: a rank of n + 1 sizes.

    With fewer errors than the coverage needs it is the largest, which then claims too much.
    """
    sizes = np.sort(np.abs(errors))
    rank = int(np.ceil(coverage * (sizes.size + 1)))
    return float(sizes[min(rank, sizes.size) - 1])


def weekday_classes(days: Sequence[date], *, ahead: int, forecaster: Forecaster) -> Whole:
    """0 (Monday) to 6 for each day and the `ahead` after them, holidays put where they behave."""
    every = [*days, *(days[-1] + timedelta(days=step + 1) for step in range(ahead))]

    def one(day: date) -> int:
        if day in forecaster.holidays and day.weekday() < _SATURDAY:
            return _SUNDAY
        if day in forecaster.make_up_days:
            return _MONDAY
        return day.weekday()

    return np.array([one(day) for day in every], dtype=np.int64)


def _ahead(values: Floats, classes: Whole, *, end: int, ahead: int, settings: Forecaster) -> Floats:
    """The forecast of the logarithms after position `end`, from those before it."""
    start = max(0, end - SEASON * settings.weeks)
    past, kinds = values[start:end], classes[start:end]
    level = _running_median(past)
    season = np.zeros(SEASON)
    for kind in range(SEASON):
        of_kind = (past - level)[kinds == kind]
        if of_kind.size:
            share = of_kind.size / (of_kind.size + settings.shrinkage)
            season[kind] = float(np.median(of_kind)) * share
    plain = past - season[kinds]
    smooth = float(plain[0])
    for seen in plain[1:]:
        smooth += settings.smoothing * (float(seen) - smooth)
    found: Floats = smooth + season[classes[end : end + ahead]]
    return found


def _running_median(values: Floats) -> Floats:
    series = pl.Series(values)
    return series.rolling_median(2 * _HALF_WIDTH + 1, min_samples=1, center=True).to_numpy()


def past_errors(
    values: Floats, classes: Whole, *, end: int, ahead: int, settings: Forecaster
) -> Floats:
    """float64[ahead, origins]: what came less what was forecast, for origins whose day had come.

    Only days before `end` are looked at; NaN where the day of the distance was not yet known.
    """
    first = max(2 * SEASON, end - settings.errors_kept - ahead)
    origins = range(first, end)
    errors = np.full((ahead, max(len(origins), 0)), np.nan)
    for column, origin in enumerate(origins):
        expected = _ahead(values, classes, end=origin, ahead=ahead, settings=settings)
        known = min(ahead, end - origin)
        errors[:known, column] = values[origin : origin + known] - expected[:known]
    return errors


def seasonal_naive(flows: Sequence[float], *, ahead: int = SEASON) -> list[float]:
    """The flows of a week before, as the forecast to beat."""
    return [float(flows[len(flows) - SEASON + step % SEASON]) for step in range(ahead)]


def weekday_means(
    days: Sequence[date], flows: Sequence[float], *, ahead: int = SEASON, weeks: int | None = None
) -> list[float]:
    """The mean of the same weekdays, of all of the past or of some weeks, as another to beat."""
    found = []
    for step in range(ahead):
        weekday = (days[-1] + timedelta(days=step + 1)).weekday()
        same = [flow for day, flow in zip(days, flows, strict=True) if day.weekday() == weekday]
        found.append(float(np.mean(same if weeks is None else same[-weeks:])))
    return found
