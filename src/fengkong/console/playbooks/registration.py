"""What playbooks tell the other parts of the console when Django starts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models.signals import post_save
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.actions import register_actions
from fengkong.console.incidents.changeable import Changeable, changes_are
from fengkong.console.incidents.starting import library_is
from fengkong.console.playbooks import changing
from fengkong.console.playbooks.library import in_use
from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.spoken import said
from fengkong.response.fitting import Fit, fitting
from fengkong.response.triggers import Seen


def register() -> None:
    """Once, when Django starts."""
    register_act(
        changing.ACT,
        Act(
            _("Put a playbook in use"),
            propose="playbooks.edit",
            approve="playbooks.approve",
            perform=changing.perform_publish,
            describe=changing.described,
        ),
    )
    register_actions(
        {
            "create_playbook_draft": _("Began a draft of a playbook"),
            "save_playbook_draft": _("Saved a draft of a playbook"),
            "drop_playbook_draft": _("Gave a draft of a playbook up"),
            "use_playbook": _("A playbook is in use"),
            "return_playbook": _("A playbook may be edited again"),
        },
        targets={"playbook": _("playbook")},
    )
    library_is(choices=_choices, content=_content, fitting=_fitting)
    changes_are("playbook", Changeable(_choices, _versions, _page))
    post_save.connect(_decided, sender=Proposal, dispatch_uid="playbooks.decided")
    add_to_menu(MenuEntry("warning", _("Playbooks"), "playbooks", "notebook", "incidents.view", 50))


def _decided(instance: Proposal, **_more: object) -> None:
    refused = (Proposal.State.REJECTED, Proposal.State.WITHDRAWN, Proposal.State.EXPIRED)
    if instance.kind == changing.ACT and instance.state in refused:
        changing.take_back(instance)


def _choices() -> list[tuple[str, str]]:
    return [(name, said(one.playbook.title)) for name, one in in_use().items()]


def _fitting(seen: Seen, kind: str) -> tuple[Fit, ...]:
    return fitting([one.playbook for one in in_use().values()], seen=seen, kind=kind)


def _versions(name: str, since: datetime) -> list[tuple[str, str]]:
    """Versions that were put in use since."""
    found = PlaybookVersion.objects.filter(name=name, in_use_since__gte=since)
    return [(str(one), f"{one} · {one.author} + {one.approved_by}") for one in found]


def _page(name: str, changed: str) -> str:
    number = changed.rpartition(" ")[2]
    if number.isdecimal():
        return reverse("playbook_version", args=[name, int(number)])
    return reverse("playbook", args=[name])


def _content(name: str) -> dict[str, Any] | None:
    found = in_use().get(name)
    return None if found is None else found.content
