"""The app of lists."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    """Lists and their entries."""

    name = "fengkong.console.lists"
    label = "lists"

    def ready(self) -> None:
        """Make screens, actions, acts and jobs known."""
        from fengkong.console.lists.registration import register  # noqa: PLC0415 - needs models

        register()
