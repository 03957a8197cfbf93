"""Levels and kinds of risk, as words and lamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

LEVELS: Final[dict[str, Words]] = {
    "yellow": _("yellow"),
    "orange": _("orange"),
    "red": _("red"),
}
"""The levels that are told, the mildest first."""
LAMP_OF: Final = {"yellow": "notice", "orange": "warning", "red": "critical"}
GROUPS: Final[dict[str, Words]] = {
    "credit": _("Credit risk"),
    "market": _("Market risk"),
    "liquidity": _("Liquidity risk"),
    "funds": _("Funds and custody"),
    "operational": _("Operational risk"),
    "technical": _("Technical risk"),
    "fraud": _("Fraud"),
    "compliance": _("Compliance"),
}
"""Kinds of risk; each has a team on duty of the same name."""
ANY: Final = ""


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
