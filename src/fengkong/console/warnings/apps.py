"""The app of early warning."""

from django.apps import AppConfig


class WarningsConfig(AppConfig):
    """Indicators that leave their bounds tell people by themselves."""

    name = "fengkong.console.warnings"
    label = "warnings"

    def ready(self) -> None:
        """Make screens, actions, acts and jobs known."""
        from fengkong.console.warnings.registration import register  # noqa: PLC0415 - needs models

        register()
