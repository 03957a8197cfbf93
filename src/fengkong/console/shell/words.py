"""Texts that scripts show: one JSON catalogue in every page, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

_WORDS: Final[dict[str, Words]] = {
    "cancel": _("Cancel"),
    "confirm": _("Confirm"),
    "confirm_title": _("Are you sure?"),
    "close": _("Close"),
    "picked": _("{count} selected"),
    "loading": _("Loading …"),
    "failed": _(
        "The console could not do that. Try again; if it happens again, tell whoever runs it."
    ),
    "offline": _("The console does not answer. Check the network; what you wrote is still here."),
    "copied": _("Copied"),
    "just_now": _("just now"),
    "seconds_ago": _("{count} s ago"),
    "minutes_ago": _("{count} min ago"),
    "hours_ago": _("{count} h ago"),
    "days_ago": _("{count} d ago"),
    "in_future": _("soon"),
    "shortcuts_off": _("Keyboard shortcuts are off"),
    "shortcuts_on": _("Keyboard shortcuts are on"),
    "menu_closed": _("Menu folded"),
    "menu_open": _("Menu unfolded"),
}


def add_script_words(app: str, words: Mapping[str, Words]) -> None:
    """Give an app's scripts texts under ``app.name``; each app does so when Django starts."""
    for name, text in words.items():
        _WORDS[f"{app}.{name}"] = text


def script_words() -> dict[str, str]:
    """The catalogue in the language of the page; ``{count}`` and the like are filled in there."""
    return {name: str(text) for name, text in _WORDS.items()}
