"""What every page's frame shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest

from fengkong.console.approvals.four_eyes import acts
from fengkong.console.approvals.models import Proposal
from fengkong.console.shell.menu import MenuEntry, MenuGroup, menu_of
from fengkong.console.shell.words import script_words

THEMES: Final = ("light", "dark", "system")
THEME_COOKIE: Final = "fengkong_theme"
MENU_COOKIE: Final = "fengkong_menu"
"""Names of the groups of the menu that the operator unfolded, with full stops between them."""
UNFOLDED: Final = "now"
"""The group that is unfolded until the operator says otherwise."""
DRAWER: Final = "drawer-content"
"""The element that asks when a page is shown in the drawer (htmx's HX-Target)."""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Menu, theme, texts of the scripts, and the template that frames the page.

    A page extends `frame_template`: the whole frame, or the drawer's where the drawer asks.
    """
    htmx = getattr(request, "htmx", None)
    in_drawer = getattr(htmx, "target", None) == DRAWER
    theme = request.COOKIES.get(THEME_COOKIE, "")
    shown: dict[str, Any] = {
        "frame_template": f"shell/{'drawer' if in_drawer else 'base'}.html",
        "in_drawer": in_drawer,
        "theme": theme if theme in THEMES else "system",
        "script_words": script_words,
        "menu": [],
    }
    operator = getattr(request, "user", None)
    if operator is None or not operator.is_authenticated or in_drawer:
        return shown
    menu = menu_of(operator)
    here = _entry_of(request.path, [entry for group in menu for entry in group.entries])
    return shown | {
        "menu": _unfolded(menu, here, request.COOKIES.get(MENU_COOKIE, UNFOLDED)),
        "here": here,
        "waiting_approvals": lambda: _waiting_for(operator),
    }


def _entry_of(path: str, entries: list[MenuEntry]) -> MenuEntry | None:
    """The entry of the menu that a page belongs to: the one whose address leads furthest."""
    holding = [entry for entry in entries if path.startswith(entry.address)]
    found = max(holding, key=lambda entry: len(entry.address), default=None)
    return None if found is None or (found.address == "/" and path != "/") else found


def _unfolded(menu: list[MenuGroup], here: MenuEntry | None, kept: str) -> list[MenuGroup]:
    """The menu with the groups unfolded that the operator keeps so, and the page's own."""
    names = set(kept.split("."))
    return [replace(one, unfolded=one.name in names or here in one.entries) for one in menu]


def _waiting_for(operator: Any) -> int:
    """How many open proposals this operator may decide; those of their own do not count."""
    kinds = [kind for kind, act in acts().items() if operator.may(act.approve)]
    if not kinds:
        return 0
    waiting = Proposal.objects.filter(state=Proposal.State.OPEN, kind__in=kinds)
    return waiting.exclude(proposed_by=operator).count()
