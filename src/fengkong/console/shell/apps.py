"""The app of the look."""

from django.apps import AppConfig


class ShellConfig(AppConfig):
    """Frame, components and assets."""

    name = "fengkong.console.shell"
    label = "shell"
