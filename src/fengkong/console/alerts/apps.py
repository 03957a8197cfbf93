"""The app of alerts."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Alerts and the review queue."""

    name = "fengkong.console.alerts"
    label = "alerts"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.alerts.registration import register  # noqa: PLC0415 - needs models

        register()
