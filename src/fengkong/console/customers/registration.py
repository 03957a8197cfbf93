"""What the customer's side tells the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.customers import confirming, delivering
from fengkong.console.customers.around import register_customer_moments
from fengkong.console.customers.forgetting import forget_erased
from fengkong.console.customers.throttling import forget_tries
from fengkong.console.journaled.intake import also_taken_by
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu

FORGET_S: Final = 3_600


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(forget_erased)
    register_job(confirming.JOB, delivering.deliver, waits=delivering.WAITS)
    every(FORGET_S, "forget_public_tries", forget_tries)
    unrecorded({"customers_publictry": "counters of requests to a public page"})
    _register_words()
    register_customer_moments()
    add_to_menu(
        MenuEntry("desk", _("Appeals"), "customers:inbox", "mail", "appeals.view", 60),
        MenuEntry(
            *("desk", _("Customer confirmations"), "customers:confirmations", "device-mobile"),
            *("cases.view", 61),
        ),
        MenuEntry("desk", _("Wordings"), "customers:wordings", "language", "appeals.view", 62),
    )


def _register_words() -> None:
    register_actions(
        {
            "take_appeal_in": _("Took an appeal in"),
            "claim_appeal": _("Took an appeal to work it"),
            "answer_appeal": _("Answered an appeal"),
            "extend_appeal": _("Extended the deadline of an appeal"),
            "withdraw_appeal": _("An appeal was taken back"),
            "ask_customer": _("Had a customer asked whether it was them"),
            "deliver_confirmation": _("Gave link and code to the core system"),
            "revoke_confirmation": _("Took a link back"),
            "answer_confirmation": _("A customer answered"),
            "fail_confirmation": _("A wrong code was entered"),
            "forget_customer_side": _("Forgot appeals and links of an erased person"),
        },
        targets={"appeal": _("appeal"), "confirmation": _("confirmation")},
    )
    register_details(
        {
            "sequence": _("Place in the journal"),
            "reference": _("Reference of the appeal"),
            "due_at": _("Answer or close by"),
            "owner": _("Owner"),
            "wording": _("Wording"),
            "in_time": _("In time"),
            "was_good": _("No fraud"),
            "minutes": _("Minutes"),
            "case": _("Case"),
            "alert": _("Alert"),
            "tries": _("Tries"),
            "state": _("State"),
            "appeals": _("Appeals"),
            "links": _("Links to customers"),
        }
    )
