"""The app of playbooks."""

from django.apps import AppConfig


class PlaybooksConfig(AppConfig):
    """Playbooks and their versions."""

    name = "fengkong.console.playbooks"
    label = "playbooks"

    def ready(self) -> None:
        """Make screens, actions and acts known."""
        from fengkong.console.playbooks.registration import register  # noqa: PLC0415 - needs models

        register()
