"""How old a day must be before its labels can be called complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from django.utils import timezone

from fengkong.console.feedback.models import Labelled
from fengkong.evaluation.labels import observed_delay

NEWEST: Final = 5_000
"""The newest fraud labels of which the delay is taken."""
DAYS: Final = {"7d": 7, "30d": 30, "90d": 90, "180d": 180, "365d": 365}
DEFAULT: Final = "90d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maturity:
    """Days up to and including `until` are mature: 95 % of fraud labels came within `delay_s`."""

    delay_s: int
    labels: int
    until: date


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` to `last`, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many they are."""
        return max(0, (self.last - self.first).days + 1)

    def upto(self, last: date) -> Days:
        """The part of them that is not later than a day."""
        return Days(self.first, min(self.last, last))


def today() -> date:
    """The day in the setting TIME_ZONE, as counts have it."""
    return timezone.localtime(timezone.now(), timezone.get_default_timezone()).date()


def maturity() -> Maturity:
    """How long fraud labels take, by the newest of them."""
    waits = Labelled.objects.filter(is_fraud=True).order_by("-place")
    seconds = np.array(list(waits.values_list("waited_s", flat=True)[:NEWEST]), dtype=np.int64)
    delay = observed_delay(seconds)
    late = timedelta(seconds=delay + 86_399) // timedelta(days=1)
    return Maturity(delay_s=delay, labels=len(seconds), until=today() - timedelta(days=late + 1))


def days_of(key: str | None) -> tuple[str, Days]:
    """The days of a key of DAYS, today the last."""
    key = key if key in DAYS else DEFAULT
    last = today()
    return key, Days(last - timedelta(days=DAYS[key] - 1), last)
