"""The app of the outbox."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Jobs that wait for the worker."""

    name = "fengkong.console.outbox"
    label = "outbox"
