"""The app of webhooks."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Endpoints of other systems, and what is sent to them."""

    name = "fengkong.console.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        """Make screens, actions, acts and jobs known."""
        from fengkong.console.webhooks.registration import register  # noqa: PLC0415 - needs models

        register()
