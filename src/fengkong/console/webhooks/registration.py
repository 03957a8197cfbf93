"""What webhooks tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.journaled.intake import also_taken_by
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.webhooks import delivering, telling
from fengkong.console.webhooks.changing import PERMISSION, PERSONAL, perform_personal
from fengkong.console.webhooks.publishing import SEND

SWEEP_S: Final = 60


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(telling.tell_entries)
    post_save.connect(telling.tell_proposal, sender=Proposal, dispatch_uid="webhooks")
    register_job(SEND, delivering.send_webhooks)
    every(SWEEP_S, "sweep_webhooks", delivering.sweep_webhooks)
    register_act(
        PERSONAL,
        Act(
            _("Send personal data to a webhook"),
            propose=PERMISSION,
            approve="personal.approve",
            perform=perform_personal,
        ),
    )
    _register_words()
    unrecorded(
        {
            "webhooks_message": "what is sent; whoever caused it has recorded it",
            "webhooks_delivery": "the way of a message",
            "webhooks_attempt": "the log of sending",
            "webhooks_endpointhealth": "how a receiver does",
            "webhooks_told": "how far was told",
        }
    )
    add_to_menu(MenuEntry("system", _("Webhooks"), "webhooks:endpoints", "webhook", PERMISSION, 40))


def _register_words() -> None:
    register_actions(
        {
            "add_webhook": _("Added a webhook"),
            "change_webhook": _("Changed a webhook"),
            "remove_webhook": _("Removed a webhook"),
            "rotate_webhook_secret": _("Gave a webhook a new secret"),
            "disable_webhook": _("Disabled a webhook"),
            "enable_webhook": _("Put a webhook in use again"),
            "ping_webhook": _("Sent a test to a webhook"),
            "replay_webhook": _("Sent messages to a webhook again"),
            "withhold_webhook_data": _("Took personal data from a webhook's messages"),
        },
        targets={"webhook": _("webhook")},
    )
    register_details(
        {
            "endpoint": _("Endpoint"),
            "types": _("Occurrences"),
            "outcomes": _("Outcomes"),
            "overlap_hours": _("Hours for which both secrets sign"),
            "deliveries": _("Deliveries"),
        }
    )
