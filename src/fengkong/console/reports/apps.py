"""The app of dashboards and reports."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from fengkong.console.shell.menu import MenuEntry, add_to_menu


class ReportsConfig(AppConfig):
    """Dashboards, the quarterly fraud report, and their files."""

    name = "fengkong.console.reports"
    label = "reports"

    def ready(self) -> None:
        """Put the screens into the menu."""
        add_to_menu(
            MenuEntry(
                *("now", _("Fraud dashboard"), "reports:dashboard", "chart-line"),
                *("reports.view", 40),
            ),
            MenuEntry(
                *("now", _("Quarterly fraud report"), "reports:quarterly", "report"),
                *("reports.view", 50),
            ),
        )
