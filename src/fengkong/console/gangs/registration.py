"""What gangs tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.guard import unrecorded
from fengkong.console.entities.panels import register_panel
from fengkong.console.gangs.about import PANEL
from fengkong.console.gangs.finding import find_gangs, forget_gangs
from fengkong.console.gangs.following import follow_labels, forget_members
from fengkong.console.journaled.intake import also_forgotten_by, also_taken_by
from fengkong.console.outbox.jobs import every
from fengkong.console.shell.menu import MenuEntry, add_to_menu

EVERY_S: Final = 30


def register() -> None:
    """Once, when Django starts."""
    register_panel(PANEL)
    every(EVERY_S, "find_gangs", find_gangs)
    also_taken_by(forget_members)
    also_taken_by(follow_labels)
    also_forgotten_by(forget_gangs)
    unrecorded(
        {
            "gangs_gang": "found from the index of entities; what people judge of it is recorded",
            "gangs_member": "found from the index of entities, and found again",
            "gangs_search": "how far decisions were looked through",
        }
    )
    register_actions(
        {"judge_gang": _("Judged a gang"), "freeze_gang": _("Asked to freeze a gang")},
        targets={"gang": _("gang")},
    )
    add_to_menu(
        MenuEntry("desk", _("Gangs"), "gangs:gangs", "circles-relation", "entities.view", 50)
    )
