"""What an incident may be about: the kinds of things, their words, and where they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.incidents.models import IncidentLink

LINKED: Final[dict[str, tuple[Words, str]]] = {
    "alert": (_("alert"), "alerts:alert"),
    "case": (_("case"), "cases:case"),
    "warning": (_("early warning"), "warnings:warning"),
    "policy": (_("policy"), "policy_version"),
    "action": (_("action"), "actions:action"),
    "decision": (_("decision"), "decision"),
    "incident": (_("incident"), "incident"),
}
"""The words of each kind, and the name of the address that shows one."""


def shown_link(link: IncidentLink) -> tuple[Words, str, str]:
    """A link's kind in words, what it names, and its page; empty where there is no such page."""
    words, name = LINKED[link.kind]
    try:
        return words, link.reference, reverse(name, args=[link.reference])
    except NoReverseMatch:
        return words, link.reference, ""
