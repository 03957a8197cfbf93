"""The app of entities."""

from django.apps import AppConfig


class EntitiesConfig(AppConfig):
    """Who was seen where, and with whom."""

    name = "fengkong.console.entities"
    label = "entities"

    def ready(self) -> None:
        """Make the index, screens and acts known."""
        from fengkong.console.entities.registration import register  # noqa: PLC0415 - needs models

        register()
