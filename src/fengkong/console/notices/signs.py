"""Levels and kinds of risk, as words and lamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fengkong.console.shell.spoken import spoken_later
from fengkong.indicators.indicator import RiskGroup
from fengkong.indicators.level import Level

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

LEVELS: Final[dict[str, Words]] = {
    level.value: spoken_later(level.word) for level in (Level.YELLOW, Level.ORANGE, Level.RED)
}
"""The levels that are told, the mildest first."""
LAMP_OF: Final = {"yellow": "level_yellow", "orange": "level_orange", "red": "critical"}
GROUPS: Final[dict[str, Words]] = {one.value: spoken_later(one.word) for one in RiskGroup}
"""Kinds of risk; each has a team on duty of the same name."""
ANY: Final = ""


def level_choices() -> list[tuple[str, Words]]:
    """The levels that are told, as a field's choices: asked for when it is shown."""
    return list(LEVELS.items())


def group_choices() -> list[tuple[str, Words]]:
    """The kinds of risk, as a field's choices: asked for when they are shown."""
    return list(GROUPS.items())


def is_at_least(level: str, least: str) -> bool:
    """Whether a level is as bad as another, or worse."""
    order = list(LEVELS)
    return order.index(level) >= order.index(least)


def levels_from(least: str) -> list[str]:
    """The levels that are as bad as one, or worse."""
    order = list(LEVELS)
    return order[order.index(least) :]


def group_words(group: str) -> Words:
    """The words of a kind of risk; its name where it has none."""
    return GROUPS.get(group, group)
