"""The menu: each app adds its screens, and an operator sees those that are theirs."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A screen in the menu; `permission` None is for every operator, `icon` a Tabler icon.

    `key` is the letter after `g` that goes there; where none is given, or it is taken, the first
    free letter of `url_name` is.
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
    "desk": _("Review desk"),
    "warning": _("Early warning"),
    "policy": _("Policies"),
    "people": _("People"),
    "system": _("System"),
}
"""The groups of the menu, in order."""

_ENTRIES: Final[list[MenuEntry]] = []


def add_to_menu(*entries: MenuEntry) -> None:
    """Add screens; each app does so for its own when Django starts."""
    for entry in entries:
        _ENTRIES.append(replace(entry, key=_free_key(entry)))


def _free_key(entry: MenuEntry) -> str:
    taken = {one.key for one in _ENTRIES}
    wished = entry.key + entry.url_name.rpartition(":")[2] + string.ascii_lowercase
    return next((one for one in wished if one in string.ascii_lowercase and one not in taken), "")


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A heading of the menu with its screens; `unfolded` is whether they are seen."""

    name: str
    title: Words
    entries: list[MenuEntry]
    unfolded: bool = True


def menu_of(operator: Operator) -> list[MenuGroup]:
    """Groups with the screens an operator may see."""
    shown = [e for e in _ENTRIES if e.permission is None or operator.may(e.permission)]
    shown.sort(key=lambda entry: entry.order)
    groups = [
        MenuGroup(name, title, [entry for entry in shown if entry.group == name])
        for name, title in GROUPS.items()
    ]
    return [group for group in groups if group.entries]
