"""What actions tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.actions.about import PANEL
from fengkong.console.actions.port import (
    APPROVE,
    ASK,
    DANGEROUS,
    SEND_JOB,
    describe_dangerous,
    perform_dangerous,
)
from fengkong.console.actions.sending import send_action, sweep_actions
from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.audit.actions import register_actions
from fengkong.console.entities.panels import register_panel
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu

SWEEP_S: Final = 10
WAITS: Final = (2, 5, 15, 60, 300, 900, 1_800, 3_600, 10_800, 21_600)
"""Seconds between tries: some ten hours, after which the sweep begins again."""


def register() -> None:
    """Once, when Django starts."""
    register_job(SEND_JOB, send_action, waits=WAITS)
    every(SWEEP_S, "sweep_actions", sweep_actions)
    register_act(
        DANGEROUS,
        Act(
            _("Dangerous action on customers"),
            propose=ASK,
            approve=APPROVE,
            perform=perform_dangerous,
            describe=describe_dangerous,
            loosens="what was frozen may be let go",
        ),
    )
    register_panel(PANEL)
    register_actions(
        {
            "ask_action": _("Asked for an action on a customer"),
            "release_action": _("Had an approved action sent"),
            "tell_action": _("Told the core system of an action"),
            "answer_action": _("The core system answered"),
            "end_action": _("Ended an action"),
            "repeat_action": _("Had an action sent again"),
            "withdraw_action": _("Withdrew an action"),
            "add_core_system": _("Connected a core system"),
            "toggle_core_system": _("Switched a core system on or off"),
        },
        targets={"action": _("action on a customer"), "core_system": _("core system")},
    )
    add_to_menu(
        MenuEntry(
            "desk", _("Actions"), "actions:actions", "gavel", permission="actions.view", order=40
        ),
        MenuEntry(
            "system", _("Core systems"), "actions:systems", "server", "system.edit", order=45
        ),
    )
