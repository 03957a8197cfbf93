"""The alerts about an entity, as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.queries import all_alerts
from fengkong.console.alerts.rows import Row, rows_of
from fengkong.console.entities.panels import SHOWN_MAX, Panel


def rows_about(subjects: Sequence[str]) -> list[Row]:
    """The newest alerts about some subjects, open ones first."""
    alerts = all_alerts().filter(subject__in=subjects).select_related("claimed_by")
    closed = Q(state=Alert.State.CLOSED)
    still = list(alerts.exclude(closed).order_by("-newest_at", "id")[:SHOWN_MAX])
    ended = list(alerts.filter(closed).order_by("-newest_at", "id")[:SHOWN_MAX])
    return rows_of([*still, *ended][:SHOWN_MAX], terms=current_terms())


def open_counts(subjects: set[str]) -> dict[str, int]:
    """How many alerts about each of some subjects are not closed; only those with any."""
    rows = Alert.objects.filter(~Q(state=Alert.State.CLOSED), subject__in=subjects)
    return dict(rows.order_by().values_list("subject").annotate(Count("id")))


PANEL: Final = Panel(
    name="alerts",
    title=_("Alerts"),
    permission="alerts.view",
    template="alerts/parts/about.html",
    found=rows_about,
    none=_("No alert is about it or about who uses it."),
    order=10,
)
