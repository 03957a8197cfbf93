"""What the one box finds of alerts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.queries import all_alerts
from fengkong.console.shell.search import FEW, Found
from fengkong.console.shell.spoken import said

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

ALERT_LEAST: Final = 6


def find_alerts(operator: Operator, text: str) -> Iterable[Found]:
    """Alerts whose number begins so, and the queue of a typology that is called so."""
    if not operator.may("alerts.view"):
        return
    yield from _queues(text)
    sought = text.lower()
    if len(sought) < ALERT_LEAST or not sought.isalnum():
        return
    for alert in all_alerts().filter(pk__startswith=sought).order_by("pk")[:FEW]:
        title = _("Alert %(number)s: %(typology)s") % {
            "number": alert.pk[:8],
            "typology": alert.typology,
        }
        yield Found(title, _("Alerts"), reverse("alerts:alert", args=[alert.pk]), "bell")


def _queues(text: str) -> Iterable[Found]:
    """In either language, whichever the reader's is."""
    sought = text.casefold()
    titles = current_terms().typologies
    named = [
        name
        for name, one in titles.items()
        if sought in one.title.zh or sought in one.title.en.casefold()
    ]
    for name in named[:FEW]:
        title = _("Open alerts: %(typology)s") % {"typology": said(titles[name].title)}
        address = f"{reverse('alerts:queue')}?{urlencode({'typology': name})}"
        yield Found(title, _("Alerts"), address, "inbox")
