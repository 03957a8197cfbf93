"""The app of what happens now."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.words import add_script_words


class LiveConfig(AppConfig):
    """Overview, stream, decisions, features, models, health."""

    name = "fengkong.console.live"
    label = "live"

    def ready(self) -> None:
        """Put the screens into the menu, and what they need measured into the schedule."""
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415 - likewise
        from fengkong.console.audit.guard import unrecorded  # noqa: PLC0415 - needs loaded models
        from fengkong.console.live.measuring import SCHEDULE  # noqa: PLC0415 - likewise
        from fengkong.console.outbox.jobs import every  # noqa: PLC0415 - likewise

        for seconds, kind, handler in SCHEDULE:
            every(seconds, kind, handler)
        register_actions(
            {
                "look_up_value": _("Looked decisions up by a value"),
                "replay_decision": _("Had a decision derived again"),
            }
        )
        unrecorded(
            {
                "live_measurement": "what the worker measured; it is measured again",
                "live_servicesample": "what the service said of itself, for two days",
                "live_replaycheck": "what came of deriving decisions of a sample again",
            }
        )
        add_to_menu(
            MenuEntry("now", _("Overview"), "live_overview", "layout-dashboard", "now.view", 10),
            MenuEntry("now", _("Live stream"), "live_stream", "activity", "decisions.view", 20),
            MenuEntry("now", _("Decisions"), "decisions", "list-search", "decisions.view", 30),
            MenuEntry(
                "policy", _("Features"), "live_features", "math-function", "policies.view", 60
            ),
            MenuEntry("policy", _("Models"), "live_models", "brain", "models.view", 70),
            MenuEntry("system", _("Service health"), "live_health", "heartbeat", "system.view", 10),
        )
        add_script_words(
            "live",
            {
                "connecting": _("Connecting …"),
                "live": _("Live"),
                "again": _("Connecting again …"),
                "turns": _("Live, asked every few seconds"),
                "away": _("The console does not answer"),
                "paused": _("Paused, {count} wait"),
                "pause": _("Pause"),
                "resume": _("Go on"),
                "skipped": _("{count} entries were skipped: too many came at once"),
                "behind": _("{count} entries behind the journal"),
                "unknown": _("the journal cannot be asked"),
            },
        )
