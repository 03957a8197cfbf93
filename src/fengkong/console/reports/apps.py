"""The app of dashboards and reports."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Dashboards, the quarterly fraud report, and their files."""

    name = "fengkong.console.reports"
    label = "reports"
