"""What the customer's side tells the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.guard import unrecorded

UNRECORDED: Final = {"customers_publictry": "counters of requests to a public page"}


def register() -> None:
    """Once, when Django starts."""
    unrecorded(UNRECORDED)
    register_actions({}, targets={"appeal": _("appeal"), "confirmation": _("confirmation")})
