"""What cases tell the other parts of the console when Django starts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions


def register() -> None:
    """Once, when Django starts."""
    register_actions(
        {
            "open_case": _("Opened a case"),
            "gather_alerts": _("Put alerts into a case"),
            "add_to_case": _("Put decisions into a case"),
        },
        targets={"case": _("case")},
    )
