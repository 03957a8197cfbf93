"""What incidents tell the other parts of the console when Django starts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.incidents.timeline import KINDS


def register() -> None:
    """Once, when Django starts."""
    register_actions(KINDS, targets={"incident": _("incident")})
