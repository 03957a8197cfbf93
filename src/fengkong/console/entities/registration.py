"""What entities tell the other parts of the console when Django starts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.guard import unrecorded
from fengkong.console.entities.calling import forget_names, take_names
from fengkong.console.entities.finding import find_decisions, find_entities
from fengkong.console.entities.taking import forget_index, take_entities
from fengkong.console.journaled.intake import also_forgotten_by, also_taken_by
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.search import add_finder


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(take_entities)
    also_taken_by(take_names)
    also_forgotten_by(forget_index)
    also_forgotten_by(forget_names)
    unrecorded(
        {
            f"entities_{table}": "the index of entities: made from the journal, and made again"
            for table in ("entity", "seen", "link", "flow", "called")
        }
    )
    add_finder(find_entities)
    add_finder(find_decisions)
    add_to_menu(
        MenuEntry(
            "desk", _("Find anything"), "entities:find", "zoom-check", "entities.view", 60, key="f"
        )
    )
