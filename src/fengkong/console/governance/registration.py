"""What governance makes known when Django starts: its act, its jobs, its screens."""

from __future__ import annotations

from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.guard import unrecorded
from fengkong.console.governance import actions, activation
from fengkong.console.governance.finding import find_policies
from fengkong.console.governance.proposal_words import described
from fengkong.console.insiders.watches import register_loosening
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.search import add_finder
from fengkong.console.shell.words import add_script_words


def register() -> None:
    """Register everything once."""
    add_finder(find_policies, order=60)
    register_act(
        actions.ACT,
        Act(
            title=_("Put a policy in force"),
            propose="policies.edit",
            approve="policies.approve",
            perform=actions.perform_activation,
            describe=described,
        ),
    )
    register_actions(
        {
            "create_policy_draft": _("Began a draft"),
            "save_policy_draft": _("Saved a draft"),
            "check_policy": _("Checked a version"),
            "backtest_policy": _("Back-tested a version"),
            "propose_loosening_policy": _("Proposed to let more through"),
            "stop_policy": _("Ended a shadow or canary"),
            "roll_back_policy": _("Asked for a roll-back"),
            "abandon_policy": _("Gave a version up"),
            "import_policy": _("Took in a policy that was published elsewhere"),
            "start_shadow_policy": _("A version runs in shadow"),
            "start_canary_policy": _("A version runs for a share of the traffic"),
            "go_live_policy": _("A version is live"),
            "restore_policy": _("A version is live again"),
            "replace_policy": _("A version was replaced"),
            "stop_policy_run": _("A version runs no more"),
            "fail_policy_change": _("The service did not do a change of policy"),
        },
        targets={"policy": _("policy")},
    )
    _register_work()
    _register_screens()


def _register_work() -> None:
    register_loosening(
        {
            "propose_loosening_policy": "a proposed policy lets more through",
            "stop_policy": "a version that was tried beside the live one ends",
            "roll_back_policy": "what was tightened last is undone",
            f"reject_{actions.ACT}": "a tighter version may be kept out",
        }
    )
    unrecorded(
        {
            "governance_serviceview": "what the service was seen to run, looked at again and again",
            "governance_servicechange": "how far the service is with what was asked; the asking, "
            "what came of it and a failure are recorded",
        }
    )
    register_job(actions.JOB, activation.do_change)
    every(activation.WATCH_S, activation.WATCH_JOB, activation.watch_service)
    post_save.connect(_decided, sender=Proposal, dispatch_uid="governance.decided")


def _register_screens() -> None:
    add_script_words(
        "governance",
        {
            "missing": _("{share}% missing"),
            "true_share": _("true for {share}%"),
            "spread": _(
                "min {min} · median {median} · 90% {ninety} · 99% {ninety_nine} · max {max}"
            ),
            "sort_field": _("field"),
            "sort_feature": _("feature"),
            "sort_model": _("model"),
            "sort_parameter": _("parameter"),
            "sort_list": _("list"),
            "sort_function": _("function"),
            "sort_outcome": _("outcome"),
        },
    )
    add_to_menu(
        MenuEntry("policy", _("Policies"), "policies", "scale", "policies.view", 10),
        MenuEntry(
            "policy", _("Parameters"), "policy_parameters", "adjustments", "policies.view", 20
        ),
        MenuEntry("policy", _("Models in use"), "policy_models", "brain", "models.view", 30),
        MenuEntry("policy", _("Test bench"), "policy_bench", "flask", "policies.view", 40),
    )


def _decided(instance: Proposal, **_more: object) -> None:
    """A proposal of a version that was not approved gives the version back."""
    refused = (Proposal.State.REJECTED, Proposal.State.WITHDRAWN, Proposal.State.EXPIRED)
    if instance.kind == actions.ACT and instance.state in refused:
        actions.take_back(instance)
