"""How long the truth takes: from the event to its label, in microseconds.

Shapes, not measurements: a customer who is called by the bank reports within hours, one who
reads the statement within days; a chargeback goes through the issuer and takes weeks.
"""

from __future__ import annotations

import math

from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US


def chargeback_delay(dice: Generator) -> int:
    """Three to ninety days, half of them within eighteen."""
    return _bounded(dice.lognormal(math.log(18.0), 0.6), low=3.0, high=90.0, unit=DAY_US)


def customer_report_delay(dice: Generator) -> int:
    """Half of the customers notice within hours, the others within days."""
    median = 3.0 if dice.random() < 0.5 else 34.0
    return _bounded(dice.lognormal(math.log(median), 0.8), low=0.3, high=400.0, unit=HOUR_US)


def investigation_delay(dice: Generator) -> int:
    """One day to two months, half of them within six days."""
    return _bounded(dice.lognormal(math.log(6.0), 0.7), low=1.0, high=60.0, unit=DAY_US)


def clearing_delay(dice: Generator) -> int:
    """A reviewer or a call to the customer clears a false alarm within three days."""
    return _bounded(dice.lognormal(math.log(16.0), 0.8), low=0.5, high=72.0, unit=HOUR_US)


def _bounded(value: float, *, low: float, high: float, unit: int) -> int:
    return int(min(max(value, low), high) * unit)
