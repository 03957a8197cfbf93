"""The app of the loop."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """Figures from dispositions and labels, second looks, samples, staffing."""

    name = "fengkong.console.feedback"
    label = "feedback"

    def ready(self) -> None:
        """Make screens, actions and jobs known."""
        from fengkong.console.feedback.registration import register  # noqa: PLC0415 - needs models

        register()
