"""What moved an indicator: the part of a change that each value of a segment made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from fengkong.indicators.columns import DAY
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.values import SEGMENT, VALUE, values_of

PARTS_MAX = 200
"""More values of a segment than this and only the largest by rows are looked at."""


@dataclass(frozen=True, slots=True)
class Mover:
    """One value of a segment: its own value then and now, and its part of the firm's change."""

    segment: str
    part: str
    before: float | None
    now: float | None
    moved: float
    """How much smaller the firm's change would have been without this part."""


def movers(
    indicator: Indicator,
    table: pl.DataFrame,
    *,
    day: date,
    against: date,
    at_most: int = 10,
) -> list[Mover]:
    """The parts that moved the value from one day to another most, largest first.

    A part is taken out and the indicator computed without it: what then lacks of the change is what
    the part moved. This works for every formula, ratios included; the moves of parts need not sum
    to the change. Parts without which there is no value are left out.
    """
    whole = _change(indicator, table, day=day, against=against)
    if whole is None:
        return []
    found = []
    for segment in indicator.segments:
        parts = table.group_by(segment).len().sort("len", descending=True)[segment]
        of_parts = _own_values(indicator, table, segment=segment, day=day, against=against)
        for part in parts.head(PARTS_MAX).to_list():
            rest = table.filter(pl.col(segment) != part)
            without = _change(indicator, rest, day=day, against=against)
            if without is None:
                continue
            before, now = of_parts.get((against, part)), of_parts.get((day, part))
            found.append(Mover(segment, str(part), before, now, whole - without))
    found.sort(key=lambda one: (-abs(one.moved), one.segment, one.part))
    return found[:at_most]


def _change(indicator: Indicator, table: pl.DataFrame, *, day: date, against: date) -> float | None:
    values = values_of(indicator, table, as_of=day, since=min(day, against))
    known = dict(values.select(DAY, VALUE).iter_rows())
    now, before = known.get(day), known.get(against)
    return None if now is None or before is None else now - before


def _own_values(
    indicator: Indicator, table: pl.DataFrame, *, segment: str, day: date, against: date
) -> dict[tuple[date, str], float | None]:
    values = values_of(indicator, table, by=segment, as_of=day, since=min(day, against))
    return {
        (when, part): value
        for when, part, value in values.select(DAY, SEGMENT, VALUE).iter_rows()
        if when in (day, against)
    }


def a_week_before(day: date) -> date:
    """The day a value is compared with unless another is chosen: same weekday, a week earlier."""
    return day - timedelta(days=7)
