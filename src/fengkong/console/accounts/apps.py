"""The app of accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Operators, how they sign in, and their roles."""

    name = "fengkong.console.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Listens to the libraries, adds its screens and its act under four eyes."""
        from fengkong.console.accounts import recorded, roles  # noqa: PLC0415 - need models
        from fengkong.console.accounts.finding import find_operators  # noqa: PLC0415
        from fengkong.console.approvals.four_eyes import register_act  # noqa: PLC0415
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.audit.guard import unrecorded  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415
        from fengkong.console.shell.search import add_finder  # noqa: PLC0415

        register_actions(recorded.ACTIONS)
        unrecorded({"accounts_signedin": "sessions: that one begins and ends is recorded"})
        register_act(roles.KIND, roles.ACT)
        add_finder(find_operators, order=80)
        add_to_menu(
            MenuEntry("people", _("Operators"), "operators", "users", "operators.view", 10),
            MenuEntry("people", _("My account"), "own_page", "user", None, 90),
        )
