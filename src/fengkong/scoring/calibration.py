"""From the number a model gives to a probability that is right on average, as data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fengkong.scoring.content import Content
from fengkong.scoring.errors import InvalidModelError

KNOTS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Either a curve or Platt's two numbers.

    A curve goes linearly through (`knots`, `heights`), from the uncalibrated probability (of an
    anomaly: similarity to outliers) to the calibrated one, flat beyond its ends; this is what an
    isotonic regression is, and a table of quantiles. Platt's is ``1 / (1 + exp(-(slope * raw +
    offset)))`` of the raw score, of a random forest's mean over its trees (Platt, 1999).
    """

    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    slope: float = 0.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise InvalidModelError(fault, path="$.calibration")

    def content(self) -> dict[str, Any]:
        """The calibration as plain data."""
        return {
            "knots": list(map(float, self.knots)),
            "heights": list(map(float, self.heights)),
            "slope": float(self.slope),
            "offset": float(self.offset),
        }


def _faults(calibration: Calibration) -> list[str]:
    knots, heights = calibration.knots, calibration.heights
    numbers = [*knots, *heights, calibration.slope, calibration.offset]
    if not all(map(math.isfinite, numbers)):
        return ["its numbers are finite"]
    if len(knots) != len(heights) or len(knots) > KNOTS_MAX:
        return [f"a curve has as many heights as knots, at most {KNOTS_MAX}"]
    if any(a >= b for a, b in itertools.pairwise(knots)):
        return ["the knots of a curve rise"]
    if any(a > b for a, b in itertools.pairwise(heights)):
        return ["the heights of a curve never fall"]
    if heights and not 0.0 <= heights[0] <= heights[-1] <= 1.0:
        return ["the heights of a curve are from 0 to 1"]
    if not knots and calibration.slope <= 0.0:
        return ["a higher score never means a lower probability: the slope is above 0"]
    return []


def isotonic(knots: Sequence[float], heights: Sequence[float]) -> Calibration:
    """The curve of a fitted isotonic regression (scikit-learn: X_thresholds_, y_thresholds_)."""
    return Calibration(knots=tuple(map(float, knots)), heights=tuple(map(float, heights)))


def platt(*, slope: float, offset: float) -> Calibration:
    """Platt's scaling of the raw score."""
    return Calibration(slope=float(slope), offset=float(offset))


def read_calibration(content: Content) -> Calibration:
    """A calibration from plain data."""
    read = Calibration(
        knots=tuple(content.numbers("knots").tolist()),
        heights=tuple(content.numbers("heights").tolist()),
        slope=content.number("slope"),
        offset=content.number("offset"),
    )
    content.nothing_else()
    return read
