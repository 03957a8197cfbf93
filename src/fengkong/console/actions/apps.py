"""The app of actions."""

from django.apps import AppConfig


class ActionsConfig(AppConfig):
    """Actions on customers."""

    name = "fengkong.console.actions"
    label = "actions"

    def ready(self) -> None:
        """Make acts and jobs known."""
        from fengkong.console.actions.registration import register  # noqa: PLC0415 - needs models

        register()
