"""The app of notices."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """What must reach people, by which way, and whether it did."""

    name = "fengkong.console.notices"
    label = "notices"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.notices.registration import register  # noqa: PLC0415 - needs models

        register()
