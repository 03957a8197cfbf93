"""The app of personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job

FORGET_EVERY_S: Final = 900


class PersonalConfig(AppConfig):
    """Masks, reveals, exports, erasures."""

    name = "fengkong.console.personal"
    label = "personal"

    def ready(self) -> None:
        """Say what is recorded, what is under four eyes, what the worker does."""
        from fengkong.console.approvals.four_eyes import register_act  # noqa: PLC0415
        from fengkong.console.outbox.jobs import every, register_job  # noqa: PLC0415
        from fengkong.console.personal import erasing, exporting  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415

        def forget(_job: Job) -> None:
            exporting.forget_old()

        register_act(exporting.KIND, exporting.ACT)
        register_act(erasing.KIND, erasing.ACT)
        register_job(exporting.JOB, exporting.make)
        register_job(erasing.JOB, erasing.erase)
        every(FORGET_EVERY_S, "remove_old_exports", forget)
        self._say_what_is_recorded()
        add_to_menu(
            MenuEntry(
                *("people", _("Exports of personal data"), "personal:exports", "download"),
                *("personal.export", 30),
            ),
            MenuEntry(
                *("people", _("Erasures"), "personal:erasures", "trash", "personal.erase", 40)
            ),
        )

    @staticmethod
    def _say_what_is_recorded() -> None:
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.audit.entry_words import register_details  # noqa: PLC0415

        register_actions(
            {
                "reveal_personal_data": _("Revealed personal data"),
                "make_export": _("Made an export of personal data"),
                "download_export": _("Downloaded an export of personal data"),
                "remove_export": _("Removed an export of personal data"),
                "erase_person": _("Erased a person's data"),
                "trace_export": _("Traced a file to an export of personal data"),
            },
            targets={
                "entry": _("entry of the journal"),
                "export": _("export"),
                "erasure": _("erasure"),
            },
        )
        register_details(
            {
                "field": _("Field"),
                "fields": _("Fields"),
                "rows": _("Rows"),
                "download": _("Download"),
            }
        )
