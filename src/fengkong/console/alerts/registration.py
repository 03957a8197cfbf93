"""What alerts tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.alerts.about import PANEL, open_counts
from fengkong.console.alerts.closing import LABEL_JOB
from fengkong.console.alerts.finding import find_alerts
from fengkong.console.alerts.labelling import send_alert_labels
from fengkong.console.alerts.organising import ORGANISE
from fengkong.console.alerts.snoozing import wake_alerts
from fengkong.console.alerts.taking import take_alerts
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.entities.panels import register_alert_count, register_panel
from fengkong.console.journaled.intake import also_taken_by
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.search import add_finder
from fengkong.console.shell.words import add_script_words

WAKE_S: Final = 5


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(take_alerts)
    register_job(LABEL_JOB, send_alert_labels)
    unrecorded(
        {
            "alerts_alertdecision": "of what alerts were made; the tail writes it",
            "alerts_presence": "who looks at an alert",
        }
    )
    every(WAKE_S, "wake_alerts", wake_alerts)
    register_panel(PANEL)
    register_alert_count(open_counts)
    add_finder(find_alerts)
    _register_words()
    add_script_words(
        "alerts",
        {
            "others": _("Also looking at it: {names}."),
            "newer": _("There are newer decisions: load the page again."),
            "changed": _("A colleague has changed it meanwhile."),
        },
    )
    add_to_menu(
        MenuEntry("desk", _("Review queue"), "alerts:queue", "inbox", "alerts.view", 10, key="q"),
        MenuEntry("desk", _("Teams and skills"), "alerts:members", "users-group", ORGANISE, 80),
        MenuEntry(
            "desk", _("How alerts are made"), "alerts:terms", "adjustments", "alerts.view", 90
        ),
    )


def _register_words() -> None:
    register_actions(
        {
            "close_alerts": _("Closed alerts"),
            "undo_close_alerts": _("Took the closing of alerts back"),
            "reopen_alert": _("Opened an alert again"),
            "send_alert_labels": _("Sent labels of closed alerts"),
            "claim_alert": _("Claimed an alert"),
            "release_alert": _("Gave an alert back"),
            "move_alert": _("Moved an alert to another team"),
            "snooze_alert": _("Snoozed an alert"),
            "wake_alert": _("Woke snoozed alerts"),
            "set_alert_terms": _("Changed how alerts are made"),
            "set_desk_member": _("Set teams and skills"),
            "set_desk_habits": _("Set how one's own desk behaves"),
            "save_alert_view": _("Saved a view of the queue"),
            "delete_alert_view": _("Deleted a view of the queue"),
            "hand_over_shift": _("Handed a shift over"),
            "read_handover": _("Read what was handed over"),
        },
        targets={
            "alert": _("alert"),
            "alert_closing": _("closing of alerts"),
            "alert_terms": _("terms of alerts"),
            "alert_view": _("view of the queue"),
            "handover": _("shift handed over"),
        },
    )
    register_details(
        {
            "alerts": _("Alerts"),
            "disposition": _("Disposition"),
            "reason_code": _("Reason code"),
            "teams": _("Teams"),
            "skills": _("Skills"),
            "until": _("Until"),
            "changes": _("Changes"),
        }
    )
