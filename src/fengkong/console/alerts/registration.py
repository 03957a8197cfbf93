"""What alerts tell the other parts of the console when Django starts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengkong.console.alerts.closing import LABEL_JOB
from fengkong.console.alerts.labelling import send_alert_labels
from fengkong.console.alerts.taking import take_alerts
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.journaled.intake import also_taken_by
from fengkong.console.outbox.jobs import register_job


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
    _register_words()


def _register_words() -> None:
    register_actions(
        {
            "close_alerts": _("Closed alerts"),
            "undo_close_alerts": _("Took the closing of alerts back"),
            "reopen_alert": _("Opened an alert again"),
            "send_alert_labels": _("Sent labels of closed alerts"),
        },
        targets={"alert": _("alert"), "alert_closing": _("closing of alerts")},
    )
    register_details(
        {
            "alerts": _("Alerts"),
            "disposition": _("Disposition"),
            "reason_code": _("Reason code"),
        }
    )
