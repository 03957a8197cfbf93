"""The menu: each app adds its screens, and an operator sees those that are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A screen in the menu; `permission` None is for every operator, `icon` a Tabler icon.

    `key` is the letter after `g` that goes there.
    """

    group: str
    title: Words
    url_name: str
    icon: str
    permission: str | None = None
    order: int = 100
    key: str = ""

    @property
    def address(self) -> str:
        """Where it leads."""
        return reverse(self.url_name)


GROUPS: Final[dict[str, Words]] = {
    "now": _("Now"),
    "policy": _("Policies"),
    "people": _("People"),
    "system": _("System"),
}
"""The groups of the menu, in order."""

_ENTRIES: Final[list[MenuEntry]] = []


def add_to_menu(*entries: MenuEntry) -> None:
    """Add screens; each app does so for its own when Django starts."""
    _ENTRIES.extend(entries)


def menu_of(operator: Operator) -> list[tuple[Words, list[MenuEntry]]]:
    """Groups with the screens an operator may see."""
    shown = [e for e in _ENTRIES if e.permission is None or operator.may(e.permission)]
    shown.sort(key=lambda entry: entry.order)
    groups = [(title, [e for e in shown if e.group == key]) for key, title in GROUPS.items()]
    return [(title, entries) for title, entries in groups if entries]
