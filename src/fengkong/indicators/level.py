"""Levels of warning, as lamps."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from fengkong.core.bilingual import Bilingual


class Level(StrEnum):
    """What a lamp shows. `NO_DATA` is a state of its own and never counts as green."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    NO_DATA = "no_data"

    @property
    def severity(self) -> int:
        """0 for green to 3 for red; `NO_DATA` ranks with yellow: someone has to look."""
        return _SEVERITY[self]

    @property
    def word(self) -> Bilingual:
        """The level's word in both languages."""
        return _TITLES[self]


_SEVERITY: Final = {
    Level.GREEN: 0,
    Level.YELLOW: 1,
    Level.NO_DATA: 1,
    Level.ORANGE: 2,
    Level.RED: 3,
}
_TITLES: Final = {
    Level.GREEN: Bilingual(zh="绿", en="green"),
    Level.YELLOW: Bilingual(zh="黄", en="yellow"),
    Level.ORANGE: Bilingual(zh="橙", en="orange"),
    Level.RED: Bilingual(zh="红", en="red"),
    Level.NO_DATA: Bilingual(zh="无数据", en="no data"),
}
RISING: Final = (Level.GREEN, Level.YELLOW, Level.ORANGE, Level.RED)
"""The levels of a value, from good to bad."""


def worst(levels: list[Level]) -> Level:
    """The most severe level; of equal ones a known one before `NO_DATA`; green for none."""
    return max(
        levels, key=lambda level: (level.severity, level is not Level.NO_DATA), default=Level.GREEN
    )
