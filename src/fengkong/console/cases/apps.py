"""The app of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Cases and what belongs to them."""

    name = "fengkong.console.cases"
    label = "cases"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.cases.registration import register  # noqa: PLC0415 - needs models

        register()
