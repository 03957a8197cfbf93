"""The app of gangs."""

from django.apps import AppConfig


class GangsConfig(AppConfig):
    """Groups that act together."""

    name = "fengkong.console.gangs"
    label = "gangs"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.gangs.registration import register  # noqa: PLC0415 - needs models

        register()
