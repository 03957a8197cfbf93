"""What the loop tells the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import register_act
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.feedback.desk import count_desk
from fengkong.console.feedback.sampling import ACT, SHARE_ACT
from fengkong.console.feedback.truths import forget_truths, take_truths
from fengkong.console.journaled.intake import also_forgotten_by, also_taken_by
from fengkong.console.outbox.jobs import every
from fengkong.console.shell.menu import MenuEntry, add_to_menu

COUNT_S: Final = 30


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(take_truths)
    also_forgotten_by(forget_truths)
    register_act(SHARE_ACT, ACT)
    every(COUNT_S, "count_desk", count_desk)
    counted = "counted from the journal and from closed alerts; counted again at need"
    names = ("segment", "placed", "daytally", "fraudtally", "ruleday", "modelday", "labelled")
    desk = ("alertend", "arrival", "mark")
    unrecorded({f"feedback_{name}": counted for name in (*names, *desk)})
    register_actions(
        {
            "draw_second_looks": _("Drew closed alerts for a second look"),
            "judge_again": _("Judged a closed alert a second time"),
            "set_loop": _("Changed what is judged twice and what an hour costs"),
            "set_random_share": _("Changed the share of allowed traffic that is reviewed"),
        },
        targets={
            "second_look": _("second look"),
            "loop_settings": _("settings of the loop"),
        },
    )
    register_details({"count": _("Count")})
    add_to_menu(
        MenuEntry("desk", _("The loop"), "feedback:loop", "refresh", "feedback.view", 60),
        MenuEntry("desk", _("Second looks"), "feedback:waiting", "eyeglass", "sampling.work", 62),
        MenuEntry("desk", _("Agreement"), "feedback:quality", "scale", "feedback.view", 64),
        MenuEntry(
            "desk", _("What is missed"), "feedback:unseen", "report-search", "feedback.view", 66
        ),
        MenuEntry("desk", _("Staffing"), "feedback:staffing", "calendar", "feedback.view", 68),
    )
