"""What incidents tell the other parts of the console when Django starts."""

from __future__ import annotations

from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.cases.escalating import response_is
from fengkong.console.incidents import switching
from fengkong.console.incidents.changeable import changes_are
from fengkong.console.incidents.forms import kinds, severities
from fengkong.console.incidents.opening import open_incident
from fengkong.console.incidents.reviewed_things import REVIEWED
from fengkong.console.incidents.timeline import KINDS
from fengkong.console.incidents.warned import incidents_of
from fengkong.console.incidents.watching import WATCH_S, watch
from fengkong.console.insiders.watches import register_loosening
from fengkong.console.outbox.jobs import Lane, every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.warnings.following import register_followed


def register() -> None:
    """Once, when Django starts."""
    register_followed(incidents_of)
    response_is(kinds=kinds, severities=severities, opened=open_incident)
    for kind, declared in REVIEWED.items():
        changes_are(kind, declared)
    register_actions(
        {**KINDS, "derive_policy": _("Derived a policy for stop-loss switches")},
        targets={"incident": _("incident")},
    )
    register_details({"phase": _("Phase"), "severity": _("Grade of severity"), "until": _("Until")})
    for kind, title, perform in (
        (switching.SET, _("Set a stop-loss switch"), switching.perform_set),
        (switching.END, _("End a stop-loss switch"), switching.perform_end),
    ):
        register_act(
            kind,
            Act(
                title,
                propose="incidents.work",
                approve="switches.approve",
                perform=perform,
                describe=switching.described,
                lasts=switching.WAITS,
            ),
        )
    post_save.connect(_decided, sender=Proposal, dispatch_uid="incidents.decided")
    register_loosening({"approve_end_switch": "what was stopped in an emergency goes on"})
    register_job(
        switching.APPLY_JOB,
        switching.apply_switches,
        waits=(1, 2, 5, 15, 60, 300),
        lane=Lane.TELL,
    )
    every(WATCH_S, "watch_incidents", watch, lane=Lane.WATCH)
    add_to_menu(
        MenuEntry("warning", _("Incidents"), "incidents", "flame", "incidents.view", 40, key="i")
    )


def _decided(instance: Proposal, **_more: object) -> None:
    """A switch whose proposal was not approved is not set."""
    refused = (Proposal.State.REJECTED, Proposal.State.WITHDRAWN, Proposal.State.EXPIRED)
    if instance.kind == switching.SET and instance.state in refused:
        switching.take_back(instance)
