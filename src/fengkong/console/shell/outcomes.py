"""What a decision ends with and how well something is, as words, colours and shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words


@dataclass(frozen=True, slots=True)
class Sign:
    """A word with the icon and the tone that say the same to the eye."""

    title: Words
    icon: str
    tone: str


OUTCOMES: Final[dict[str, Sign]] = {
    "allow": Sign(_("Allow"), "circle-check", "green"),
    "challenge": Sign(_("Challenge"), "password-fingerprint", "violet"),
    "delay": Sign(_("Delay"), "clock-pause", "teal"),
    "review": Sign(_("Review"), "eyeglass", "amber"),
    "deny": Sign(_("Deny"), "ban", "red"),
}
"""The outcomes of a decision, weakest first."""

LAMPS: Final[dict[str, Sign]] = {
    "ok": Sign(_("Normal"), "lamp-ok", "green"),
    "level_yellow": Sign(_("Notice"), "lamp-notice", "yellow"),
    "level_orange": Sign(_("Warning"), "lamp-warning", "orange"),
    "notice": Sign(_("Notice"), "lamp-notice", "blue"),
    "warning": Sign(_("Warning"), "lamp-warning", "amber"),
    "critical": Sign(_("Critical"), "lamp-critical", "red"),
    "unknown": Sign(_("Unknown"), "lamp-unknown", "grey"),
}
"""Lamps: each has a shape of its own, so that nobody has to tell colours apart."""

STATES: Final[dict[str, str]] = {
    "draft": "grey",
    "checked": "blue",
    "backtested": "blue",
    "proposed": "amber",
    "open": "amber",
    "on": "amber",
    "approved": "teal",
    "shadow": "violet",
    "canary": "violet",
    "live": "green",
    "active": "green",
    "done": "green",
    "running": "blue",
    "rejected": "red",
    "failed": "red",
    "expired": "grey",
    "withdrawn": "grey",
    "retired": "grey",
    "locked": "red",
}
"""The tone of states that several screens show."""
