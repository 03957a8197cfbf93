"""The app of incidents."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Incidents, their tasks, clocks, switches and reviews."""

    name = "fengkong.console.incidents"
    label = "incidents"

    def ready(self) -> None:
        """Make screens, actions, acts and jobs known."""
        from fengkong.console.incidents.registration import register  # noqa: PLC0415 - needs models

        register()
