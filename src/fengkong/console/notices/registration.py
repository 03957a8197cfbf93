"""What notices tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.notices import sending
from fengkong.console.notices.changing import CHANNELS, VIEW
from fengkong.console.notices.raising import SEND
from fengkong.console.outbox.jobs import Lane, every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu

SWEEP_S: Final = 20


def register() -> None:
    """Once, when Django starts."""
    register_job(SEND, sending.send_notices, lane=Lane.TELL)
    every(SWEEP_S, "sweep_notices", sending.sweep_notices, lane=Lane.WATCH)
    unrecorded(
        {
            "notices_delivery": "the way of a notice, which is recorded",
            "notices_message": "the log of sending",
            "notices_channelhealth": "how a receiver does",
            "notices_said": "what is said again while a notice is open; its levels are recorded",
        }
    )
    register_actions(
        {
            "raise_notice": _("Raised a notice"),
            "worsen_notice": _("Raised the level of a notice"),
            "resolve_notice": _("Ended a notice: it is over"),
            "acknowledge_notice": _("Acknowledged a notice"),
            "resend_notice": _("Sent a notice again"),
            "add_channel": _("Added a channel of notices"),
            "change_channel": _("Changed a channel of notices"),
            "enable_channel": _("Put a channel of notices in use"),
            "disable_channel": _("Disabled a channel of notices"),
            "remove_channel": _("Removed a channel of notices"),
            "test_channel": _("Sent a test by a channel of notices"),
            "add_route": _("Added a route of notices"),
            "remove_route": _("Removed a route of notices"),
            "add_shift": _("Put an operator on duty"),
            "remove_shift": _("Took an operator off duty"),
            "add_silence": _("Silenced notices"),
            "end_silence": _("Ended a silence of notices"),
        },
        targets={
            "notice": _("notice"),
            "channel": _("channel of notices"),
            "silence": _("silence of notices"),
        },
    )
    register_details(
        {
            "notice": _("Notification number"),
            "level": _("Level"),
            "group": _("Kind of risk"),
            "after_minutes": _("After minutes without acknowledgement"),
            "new_address": _("New address"),
            "prefix": _("Key begins with"),
            "seconds": _("Seconds"),
        }
    )
    add_to_menu(
        MenuEntry("warning", _("Notifications"), "notices:inbox", "bell", VIEW, 70),
        MenuEntry("warning", _("Duty and routes"), "notices:routes", "route", VIEW, 80),
        MenuEntry("system", _("Channels of notices"), "notices:channels", "send", CHANNELS, 45),
    )
