"""The app of four eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job

EXPIRE_EVERY_S: Final = 600


class ApprovalsConfig(AppConfig):
    """Proposals and their approval."""

    name = "fengkong.console.approvals"
    label = "approvals"

    def ready(self) -> None:
        """Proposals run out by schedule; the inbox is in the menu."""
        from fengkong.console.approvals.four_eyes import expire_old  # noqa: PLC0415
        from fengkong.console.approvals.own_hands import REFUSED  # noqa: PLC0415
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.outbox.jobs import every  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415

        def expire(_job: Job) -> None:
            expire_old()

        every(EXPIRE_EVERY_S, "expire_proposals", expire)
        register_actions(
            {REFUSED: _("Refused to let the same person decide twice")},
            targets={"communication": _("draft of a message")},
        )
        add_to_menu(MenuEntry("people", _("Approvals"), "approvals", "checklist", order=10))
