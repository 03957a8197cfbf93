"""The app of the insider watch."""

from __future__ import annotations

from typing import Final

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

WATCH_EVERY_S: Final = 300


class InsidersConfig(AppConfig):
    """The insider watch."""

    name = "fengkong.console.insiders"
    label = "insiders"

    def ready(self) -> None:
        """Say what is recorded and what is not, and have the worker watch."""
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.audit.entry_words import register_details  # noqa: PLC0415
        from fengkong.console.audit.guard import unrecorded  # noqa: PLC0415
        from fengkong.console.insiders.watches import register_loosening  # noqa: PLC0415
        from fengkong.console.insiders.watching import watch  # noqa: PLC0415
        from fengkong.console.outbox.jobs import every  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415

        unrecorded({"insiders_lookup": "counters of what operators look at"})
        every(WATCH_EVERY_S, "watch_insiders", watch)
        register_loosening({"set_working_hours": "a longer day hides work at night"})
        register_actions(
            {
                "raise_insider_alert": _("Raised an alert about staff"),
                "close_insider_alert": _("Closed an alert about staff"),
                "set_working_hours": _("Set working hours"),
            },
            targets={"insider_alert": _("alert about staff")},
        )
        register_details(
            {
                "kind": _("Kind"),
                "observed": _("Observed"),
                "limit": _("Limit"),
                "begins": _("begins"),
                "ends": _("ends"),
                "weekends": _("works on days off too"),
            }
        )
        add_to_menu(
            MenuEntry(
                *("people", _("Insider watch"), "insiders:alerts", "eye", "insiders.view", 60)
            )
        )
