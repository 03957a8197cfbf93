"""What the one box finds of alerts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.alerts.queries import all_alerts
from fengkong.console.shell.search import FEW, Found

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

ALERT_LEAST: Final = 6


def find_alerts(operator: Operator, text: str) -> Iterable[Found]:
    """Alerts whose number begins so."""
    sought = text.lower()
    if not operator.may("alerts.view") or len(sought) < ALERT_LEAST or not sought.isalnum():
        return
    for alert in all_alerts().filter(pk__startswith=sought).order_by("pk")[:FEW]:
        title = _("Alert %(number)s: %(typology)s") % {
            "number": alert.pk[:8],
            "typology": alert.typology,
        }
        yield Found(title, _("Alerts"), reverse("alerts:alert", args=[alert.pk]), "bell")
