"""The app of drills."""

from django.apps import AppConfig


class DrillsConfig(AppConfig):
    """Drills and their runs."""

    name = "fengkong.console.drills"
    label = "drills"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.drills.registration import register  # noqa: PLC0415 - needs models

        register()
