"""The app of the audit ledger."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """The audit ledger."""

    name = "fengkong.console.audit"
    label = "audit"

    def ready(self) -> None:
        """Say what is recorded here, and where the screen is."""
        from fengkong.console.audit import schedule  # noqa: PLC0415
        from fengkong.console.audit.actions import register_actions  # noqa: PLC0415
        from fengkong.console.outbox.jobs import every  # noqa: PLC0415
        from fengkong.console.shell.menu import MenuEntry, add_to_menu  # noqa: PLC0415

        register_actions(
            {
                "start_verification": _("Began to verify the ledger"),
                "finish_verification": _("Verified the ledger"),
                "sign_checkpoint": _("Signed a checkpoint of the ledger"),
                "export_ledger": _("Exported the ledger"),
                "create_first_operator": _("Made the first operator, from the command line"),
                "restore_access": _("Restored an operator's access, from the command line"),
            },
            targets={
                "ledger": _("ledger"),
                "proposal": _("proposal"),
                "operator": _("operator"),
            },
        )
        every(schedule.SIGN_EVERY_S, "sign_audit_checkpoint", schedule.sign)
        every(schedule.VERIFY_EVERY_S, "verify_audit_ledger", schedule.verify)
        add_to_menu(
            MenuEntry(
                "system", _("Audit ledger"), "audit:entries", "shield-check", "audit.view", 20
            )
        )
