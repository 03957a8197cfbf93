"""The app of the management API."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

FORGET_S = 3_600


class ApiConfig(AppConfig):
    """Tokens, and the operations that they open."""

    name = "fengkong.console.api"
    label = "api"

    def ready(self) -> None:
        """Say what is recorded here, and where the screen is."""
        from fengkong.console.api.repeating import forget_answers  # noqa: PLC0415
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.audit.guard import unrecorded  # noqa: PLC0415
        from fengkong.console.outbox.jobs import every  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415

        register_actions(
            {"issue_token": _("Issued an API token"), "revoke_token": _("Revoked an API token")},
            targets={"token": _("API token")},
        )
        unrecorded(
            {
                "api_tokenminute": "how often a token was used",
                "api_keptanswer": "what was answered, beside the act that is recorded",
            }
        )
        every(FORGET_S, "api.forget_answers", lambda _job: forget_answers())
        add_to_menu(MenuEntry("system", _("API tokens"), "tokens:tokens", "key", None, 45))
