"""A comparison that may be looked at every day: a confidence sequence of paired differences.

A confidence sequence holds at all times at once with the stated probability, so that it may be
looked at after every event and stopped at will, which a fixed-sample interval does not allow. This
one is the predictable plug-in empirical-Bernstein sequence of Waudby-Smith and Ramdas, *Estimating
means of bounded random variables by betting*, JRSS B 86 (2024), theorem 2, for values in [0, 1]; it
needs no assumption but the bounds and adapts to the variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import RiskError

Values = NDArray[np.float64]
_BET_MAX: Final = 0.5


class InvalidPairsError(RiskError):
    """Two models cannot be compared on what was given."""

    code = "evaluation.invalid_pairs"
    hint = "Give both models' probabilities and the truth of the same events, in time order."


class Standing(StrEnum):
    """What the sequence says so far."""

    BETTER = "better"
    """The challenger's errors are smaller."""
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Bounds of the mean difference after 1, 2, ... pairs, float64[n] each.

    They hold together with probability `level`; each is the best one so far. Above 0 speaks for the
    challenger.
    """

    lower: Values
    upper: Values
    level: float

    @property
    def standing(self) -> Standing:
        """Whether 0 has been left behind."""
        if len(self.lower) and self.lower[-1] > 0.0:
            return Standing.BETTER
        if len(self.upper) and self.upper[-1] < 0.0:
            return Standing.WORSE
        return Standing.UNDECIDED

    @property
    def decided_after(self) -> int | None:
        """After how many pairs 0 was left behind; None while it is not."""
        decided = np.flatnonzero((self.lower > 0.0) | (self.upper < 0.0))
        return int(decided[0]) + 1 if len(decided) else None


def brier_differences(*, champion: Values, challenger: Values, fraud: Values) -> Values:
    """How much smaller the challenger's squared error is, event by event, float64[n] in [-1, 1].

    `champion` and `challenger` are probabilities, `fraud` is 1 or 0, of the same events in order of
    time. Raises `InvalidPairsError` for other values or lengths.
    """
    if not len(champion) == len(challenger) == len(fraud):
        raise InvalidPairsError("the lists differ in length")
    for values in (champion, challenger, fraud):
        if not ((values >= 0.0) & (values <= 1.0)).all():
            raise InvalidPairsError("a probability or truth is missing or not from 0 to 1")
    return (champion - fraud) ** 2 - (challenger - fraud) ** 2


def confidence_sequence(differences: Values, *, level: float = 0.95) -> Sequence:
    """Bounds of the mean of differences in [-1, 1], after each of them.

    The mean may drift slowly; the bounds are then of its average so far. Raises
    `InvalidPairsError` for a difference out of bounds or a level that is none.
    """
    if not 0.0 < level < 1.0:
        raise InvalidPairsError(f"a level is between 0 and 1, was {level}")
    if not (np.abs(differences) <= 1.0).all():
        raise InvalidPairsError("a difference is not from -1 to 1")
    values = (differences + 1.0) / 2.0
    count = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (count + 1)
    before = np.concatenate([[0.5], means[:-1]])
    spread = (0.25 + np.cumsum((values - means) ** 2)) / (count + 1)
    spread_before = np.concatenate([[0.25], spread[:-1]])
    odds = math.log(2.0 / (1.0 - level))
    bets = np.sqrt(2.0 * odds / (spread_before * count * np.log(count + 1.0))).clip(max=_BET_MAX)
    penalty = (values - before) ** 2 * (-np.log1p(-bets) - bets)
    staked = np.cumsum(bets)
    centre = np.cumsum(bets * values) / staked
    width = (odds + np.cumsum(penalty)) / staked
    lower = np.maximum.accumulate((centre - width).clip(min=0.0))
    upper = np.minimum.accumulate((centre + width).clip(max=1.0))
    return Sequence(lower=2.0 * lower - 1.0, upper=2.0 * upper - 1.0, level=level)
