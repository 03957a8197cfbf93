"""The period a screen looks at, and the same time before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A period to choose: how long it is, and how long one step of its sparkline."""

    title: Words
    whole: timedelta
    step: timedelta


LENGTHS: Final[dict[str, Length]] = {
    "1h": Length(title=_("Last hour"), whole=HOUR, step=MINUTE),
    "24h": Length(title=_("Last 24 hours"), whole=DAY, step=HOUR),
    "7d": Length(title=_("Last 7 days"), whole=7 * DAY, step=6 * HOUR),
    "30d": Length(title=_("Last 30 days"), whole=30 * DAY, step=DAY),
}
DEFAULT: Final = "24h"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, not including, `end`; both at whole minutes."""

    start: datetime
    end: datetime
    step: timedelta

    @property
    def before(self) -> Period:
        """The same time before."""
        return Period(self.start - (self.end - self.start), self.start, self.step)

    @property
    def steps(self) -> list[datetime]:
        """The beginnings of its steps."""
        count = int((self.end - self.start) / self.step)
        return [self.start + number * self.step for number in range(count)]

    def place(self, moment: datetime) -> int:
        """In which step a moment of the period is."""
        return int((moment - self.start) / self.step)


def whole_minute(moment: datetime) -> datetime:
    """The beginning of its minute."""
    return moment.replace(second=0, microsecond=0)


def period_of(key: str | None, *, end: datetime) -> tuple[str, Period]:
    """The period of a key of `LENGTHS` (any other is the default) that ends at a whole minute."""
    key = key if key in LENGTHS else DEFAULT
    length = LENGTHS[key]
    end = whole_minute(end)
    return key, Period(end - length.whole, end, length.step)
