"""The app of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Operators and their roles."""

    name = "fengkong.console.accounts"
    label = "accounts"
