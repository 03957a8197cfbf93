"""What an incident came with: the indicators and alerts behind it, that playbooks ask about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from fengkong.console.alerts.models import Alert
from fengkong.console.cases.models import Case
from fengkong.console.warnings.models import RaisedWarning
from fengkong.indicators.level import Level, worst
from fengkong.response.triggers import Seen

if TYPE_CHECKING:
    from fengkong.console.incidents.models import Incident


def seen_by(incident: Incident) -> Seen:
    """The worst level of each linked indicator, and how many alerts there are of each typology."""
    return Seen(levels=_levels(incident), alerts=_alerts(incident))


def linked(incident: Incident, kind: str) -> list[str]:
    """What of a kind is linked, by its id."""
    return [one.reference for one in incident.links.all() if one.kind == kind]


def linked_cases(incident: Incident) -> QuerySet[Case]:
    """The cases that are linked."""
    numbers = [int(one) for one in linked(incident, "case") if one.isdecimal()]
    return Case.objects.filter(pk__in=numbers)


def linked_alerts(incident: Incident) -> QuerySet[Alert]:
    """The alerts that are linked by themselves or through their case."""
    alerts = Alert.objects.filter(pk__in=linked(incident, "alert"))
    return alerts | Alert.objects.filter(case_id__in=linked(incident, "case"))


def _levels(incident: Incident) -> dict[str, Level]:
    numbers = [int(one) for one in linked(incident, "warning") if one.isdecimal()]
    found: dict[str, Level] = {}
    for warning in RaisedWarning.objects.filter(pk__in=numbers):
        before = found.get(warning.indicator, Level.GREEN)
        found[warning.indicator] = worst([before, Level(warning.level)])
    return found


def _alerts(incident: Incident) -> dict[str, int]:
    """Alerts of each typology; a case without alerts of its own counts as one."""
    of_alerts = dict(linked_alerts(incident).values_list("pk", "typology"))
    counts = Counter(of_alerts.values())
    for typology in linked_cases(incident).values_list("typology", flat=True):
        if typology not in counts:
            counts[typology] = 1
    return dict(counts)
