"""The alerts of cases: all that cases ask of the app of alerts.

An alert names its case (`case_id`); nothing here changes anything else of an alert.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from fengkong.console.cases.models import Case

APP = "fengkong.console.alerts"


def alerts_of(case: Case) -> list[Any]:
    """The alerts of a case, the newest first."""
    return list(_alerts().filter(case_id=str(case.pk)).order_by("-newest_at")) if _there() else []


def chosen_alerts(alert_ids: Sequence[str]) -> list[Any]:
    """These alerts, locked, those with the highest expected loss first."""
    if not _there():
        return []
    found = _alerts().select_for_update().filter(pk__in=list(alert_ids))
    return sorted(found, key=lambda alert: (-alert.expected_loss_minor, alert.pk))


def sequences_of(alert_ids: Sequence[str]) -> list[int]:
    """The decisions of these alerts."""
    if not _there():
        return []
    model = apps.get_model("alerts", "AlertDecision")
    found = model._default_manager.filter(alert_id__in=list(alert_ids))  # noqa: SLF001 - its rows
    return sorted(set(found.values_list("sequence", flat=True)))


def name_case(alert_ids: Sequence[str], case: Case) -> None:
    """These alerts belong to the case from now on."""
    if _there():
        _alerts().filter(pk__in=list(alert_ids)).update(case_id=str(case.pk))


def move_alerts(source: Case, target: Case, *, sequences: Sequence[int] | None = None) -> int:
    """Give the alerts of a case to another: all, or those of some decisions. How many."""
    if not _there():
        return 0
    found = _alerts().filter(case_id=str(source.pk))
    if sequences is not None:
        model = apps.get_model("alerts", "AlertDecision")
        among = model._default_manager.filter(sequence__in=list(sequences))  # noqa: SLF001
        found = found.filter(pk__in=among.values_list("alert_id", flat=True))
    return int(found.update(case_id=str(target.pk)))


def _there() -> bool:
    return apps.is_installed(APP)


def _alerts() -> QuerySet[Any]:
    found: QuerySet[Any] = apps.get_model("alerts", "Alert")._default_manager.all()  # noqa: SLF001
    return found
