"""Who is looking at an alert: screens say so every few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Presence

EVERY_S: Final = 10
GONE: Final = timedelta(seconds=3 * EVERY_S)


@transaction.atomic
def seen_by(alert_id: str, operator: Operator) -> list[str]:
    """Say that somebody looks at an alert; the names of who else does."""
    now = timezone.now()
    Presence.objects.filter(at__lt=now - GONE).delete()
    Presence.objects.update_or_create(alert_id=alert_id, operator=operator, defaults={"at": now})
    others = Presence.objects.filter(alert_id=alert_id, at__gte=now - GONE)
    return [str(one.operator) for one in others.exclude(operator=operator)]


def watchers(alert_ids: Iterable[str]) -> dict[str, list[str]]:
    """Who looks at which of some alerts."""
    found: dict[str, list[str]] = {}
    present = Presence.objects.filter(
        alert_id__in=list(alert_ids), at__gte=timezone.now() - GONE
    ).select_related("operator")
    for one in present:
        found.setdefault(one.alert_id, []).append(str(one.operator))
    return found
