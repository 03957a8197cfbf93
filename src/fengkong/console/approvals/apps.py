"""The app of four eyes."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Proposals and their approval."""

    name = "fengkong.console.approvals"
    label = "approvals"
