"""The app of the outbox."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    """Jobs that wait for the worker."""

    name = "fengkong.console.outbox"
    label = "outbox"

    def ready(self) -> None:
        """Say what is recorded, and where the screen is."""
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415

        register_actions({"retry_job": _("Had a job tried again")}, targets={"job": _("job")})
        add_to_menu(MenuEntry("system", _("Jobs"), "jobs:jobs", "list-check", "system.view", 20))
