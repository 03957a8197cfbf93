"""The app of the customer's side."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Wordings, appeals and confirmations."""

    name = "fengkong.console.customers"
    label = "customers"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.customers.registration import register  # noqa: PLC0415 - needs models

        register()
