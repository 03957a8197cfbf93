"""Working days: dated data of public holidays and make-up working days.

Years without data have weekends only; `WorkingCalendar.years` says which years are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from fengkong.rules.errors import InvalidCalendarError

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2100, 1, 2)
"""One day later than any instant, because a zone may be ahead of UTC."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are working days, apart from the ordinary weekends."""

    name: str
    holidays: frozenset[date]
    working_days: frozenset[date]
    """Days worked although they fall on a weekend (调休)."""
    years: frozenset[int]
    """The years with data; in other years only weekends are days off."""

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day."""
        if day in self.working_days:
            return True
        return day not in self.holidays and day.weekday() < 5

    def __hash__(self) -> int:
        return hash((self.name, len(self.holidays), len(self.working_days)))


WEEKENDS_ONLY: Final = WorkingCalendar("weekends", frozenset(), frozenset(), frozenset())


def _days(values: object, *, year: int, what: str) -> set[date]:
    """Dates of one year from a list of days and ``first..last`` ranges."""
    if not isinstance(values, list):
        raise InvalidCalendarError(f"{what} of {year}: expected a list of dates")
    days: set[date] = set()
    for value in values:
        first, _, last = str(value).partition("..")
        try:
            start = date.fromisoformat(first)
            end = date.fromisoformat(last or first)
        except ValueError:
            raise InvalidCalendarError(f"{what} of {year}: {value!r} is not a date") from None
        if start.year != year or not start <= end <= start + timedelta(days=31):
            raise InvalidCalendarError(f"{what} of {year}: {value!r} does not fit the year")
        days.update(start + timedelta(days=step) for step in range((end - start).days + 1))
    return days


def parse_calendar(data: object, *, name: str) -> WorkingCalendar:
    """A calendar from plain data: ``years: {2026: {reference, holidays, working_days}}``."""
    if not isinstance(data, Mapping) or not isinstance(data.get("years"), Mapping):
        raise InvalidCalendarError("expected a mapping with years")
    holidays: set[date] = set()
    working_days: set[date] = set()
    for year, content in data["years"].items():
        if not isinstance(year, int) or not isinstance(content, Mapping):
            raise InvalidCalendarError(f"year {year!r}: expected a number with its days")
        if not str(content.get("reference") or ""):
            raise InvalidCalendarError(f"{year}: every year needs its reference")
        holidays |= _days(content.get("holidays", []), year=year, what="holidays")
        working_days |= _days(content.get("working_days", []), year=year, what="working_days")
    both = holidays & working_days
    if both:
        raise InvalidCalendarError(f"{min(both)} is both a holiday and a working day")
    years = frozenset(data["years"])
    return WorkingCalendar(name, frozenset(holidays), frozenset(working_days), years)


@cache
def shipped_calendar(name: str = "cn") -> WorkingCalendar:
    """A calendar that comes with Fengkong: ``cn`` is mainland China."""
    folder = files("fengkong") / "packs" / "calendars"
    known = sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml"))
    if name not in known:
        raise InvalidCalendarError(f"no calendar {name!r}; there is {', '.join(known)}")
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    return parse_calendar(yaml.safe_load(text), name=name)
