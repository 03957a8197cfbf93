"""What governance makes known when Django starts: its act, its jobs, its screens."""

from __future__ import annotations

from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.approvals.models import Proposal
from fengkong.console.governance import actions, activation
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu


def register() -> None:
    """Register everything once."""
    register_act(
        actions.ACT,
        Act(
            title=_("Put a policy in force"),
            propose="policies.edit",
            approve="policies.approve",
            perform=actions.perform_activation,
        ),
    )
    register_job(actions.JOB, activation.do_change)
    every(activation.WATCH_S, activation.WATCH_JOB, activation.watch_service)
    post_save.connect(_decided, sender=Proposal, dispatch_uid="governance.decided")
    add_to_menu(
        MenuEntry("policy", _("Policies"), "policies", "scale", "policies.view", 10),
        MenuEntry(
            "policy", _("Parameters"), "policy_parameters", "adjustments", "policies.view", 20
        ),
        MenuEntry("policy", _("Models in use"), "policy_models", "cpu", "models.view", 30),
        MenuEntry("policy", _("Test bench"), "policy_bench", "flask", "policies.view", 40),
    )


def _decided(instance: Proposal, **_more: object) -> None:
    """A proposal of a version that was not approved gives the version back."""
    refused = (Proposal.State.REJECTED, Proposal.State.WITHDRAWN, Proposal.State.EXPIRED)
    if instance.kind == actions.ACT and instance.state in refused:
        actions.take_back(instance)
