"""The app of governance."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Policies as versions, their editor, preview, proposal, activation."""

    name = "fengkong.console.governance"
    label = "governance"

    def ready(self) -> None:
        """Make the act under four eyes, the jobs and the screens known."""
        from fengkong.console.governance.registration import register  # noqa: PLC0415 - loaded late

        register()
