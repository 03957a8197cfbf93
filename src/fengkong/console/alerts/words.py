"""What typologies, teams, reasons and tones are called on screen."""

from __future__ import annotations

from typing import Final

from fengkong.console.alerts.models import Disposition
from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.terms import Terms, reason_codes
from fengkong.console.shell.spoken import said

Choices = list[tuple[str, str]]
KEYS: Final = {
    Disposition.FALSE_POSITIVE: "a",
    Disposition.CONFIRMED_FRAUD: "r",
    Disposition.SUSPICIOUS: "e",
    Disposition.CUSTOMER_CONFIRMED: "c",
}
"""The key of each disposition: all clear, refuse, escalate, confirmed by the customer."""
TONES: Final = {
    Disposition.FALSE_POSITIVE: "green",
    Disposition.CONFIRMED_FRAUD: "red",
    Disposition.SUSPICIOUS: "amber",
    Disposition.CUSTOMER_CONFIRMED: "teal",
}


def typology_title(name: str, terms: Terms | None = None) -> str:
    """What a typology is called; its id where only a policy knows it.

    Terms that are not given are read: who names many gives them (`current_terms`).
    """
    found = (terms or current_terms()).typologies.get(name)
    return name if found is None else said(found.title)


def team_title(name: str, terms: Terms | None = None) -> str:
    """What a team is called."""
    found = (terms or current_terms()).teams.get(name)
    return name if found is None else said(found)


def team_choices() -> Choices:
    """Every team."""
    return [(name, said(title)) for name, title in current_terms().teams.items()]


def typology_choices() -> Choices:
    """Every typology, by its name."""
    found = [(name, said(one.title)) for name, one in current_terms().typologies.items()]
    return sorted(found, key=lambda one: one[1])


def reasons_for(disposition: str) -> Choices:
    """The reason codes of a disposition."""
    return [
        (one.code, said(one.title))
        for one in reason_codes().values()
        if disposition in one.dispositions
    ]


def reason_title(code: str) -> str:
    """What a reason code says."""
    found = reason_codes().get(code)
    return code if found is None else said(found.title)
