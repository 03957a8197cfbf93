"""What lists tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.audit.actions import register_actions
from fengkong.console.insiders.watches import register_loosening
from fengkong.console.journaled.intake import also_taken_by
from fengkong.console.lists.changing import SEND_JOB
from fengkong.console.lists.finding import find_lists
from fengkong.console.lists.releasing import RELEASE, describe_release, perform_release
from fengkong.console.lists.sending import send_list_changes, sweep_list_changes
from fengkong.console.lists.taking import take_lists
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.search import add_finder

SWEEP_S: Final = 60


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(take_lists)
    add_finder(find_lists, order=70)
    register_job(SEND_JOB, send_list_changes)
    every(SWEEP_S, "sweep_list_changes", sweep_list_changes)
    register_act(
        RELEASE,
        Act(
            _("Take values off a black list"),
            propose="lists.edit",
            approve="lists.release",
            perform=perform_release,
            describe=describe_release,
            loosens="what was on a black list is let go",
        ),
    )
    register_loosening({"end_list_entries": "values were taken off a list"})
    register_actions(
        {
            "add_list_entries": _("Listed values"),
            "end_list_entries": _("Took values off a list"),
            "send_list_entries": _("Told the engine of changes of a list"),
            "preview_list_import": _("Read a file of values to be listed"),
            "revert_list_import": _("Took an import back"),
        },
        targets={"list": _("list"), "list_import": _("import of a list")},
    )
    add_to_menu(
        MenuEntry(
            group="policy",
            title=_("Lists"),
            url_name="lists",
            icon="list-check",
            permission="lists.view",
            order=40,
        )
    )
