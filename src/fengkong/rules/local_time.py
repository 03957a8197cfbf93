"""Time zones and working days as tables of floats, for the register machine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.instants import DAY_US, INSTANT_MAX, INSTANT_MIN, SECOND_US
from fengkong.rules.calendars import LAST_DAY, WorkingCalendar
from fengkong.rules.zones import zone

Table = NDArray[np.float64]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TABLE_START: Final = date(1999, 12, 30)
_STEP: Final = 7 * DAY_US
"""No zone changes its offset twice within a week."""


def _offset(instant: int, *, name: str) -> int:
    """Microseconds that a zone is ahead of UTC at an instant."""
    local = (_EPOCH + timedelta(microseconds=instant)).astimezone(zone(name))
    offset = local.utcoffset()
    assert offset is not None, "a zone has an offset"
    return offset // timedelta(microseconds=1)


@lru_cache(maxsize=64)
def zone_table(name: str) -> tuple[float, ...]:
    """The starts of all offsets of a zone from 2000 to 2100, then the offsets, in us."""
    starts, offsets = [INSTANT_MIN], [_offset(INSTANT_MIN, name=name)]
    for instant in range(INSTANT_MIN + _STEP, INSTANT_MAX + _STEP, _STEP):
        if _offset(instant, name=name) != offsets[-1]:
            low, high = instant - _STEP, instant
            while high - low > SECOND_US:
                middle = (low + high) // 2 // SECOND_US * SECOND_US
                if _offset(middle, name=name) == offsets[-1]:
                    low = middle
                else:
                    high = middle
            starts.append(high)
            offsets.append(_offset(high, name=name))
    return tuple(map(float, starts + offsets))


@lru_cache(maxsize=16)
def working_day_table(calendar: WorkingCalendar) -> tuple[float, ...]:
    """The running count of working days, a day per entry, from 1999-12-30."""
    days = (LAST_DAY - _TABLE_START).days + 1
    worked = [calendar.is_working_day(_TABLE_START + timedelta(days=step)) for step in range(days)]
    return tuple(np.cumsum(worked, dtype=np.float64).tolist())
