"""What the screens of webhooks show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from fengkong.console.webhooks.models import Delivery, Endpoint


@dataclass(frozen=True, slots=True)
class Summary:
    """An endpoint and how it does: its lamp, and its deliveries of the last day by state."""

    endpoint: Endpoint
    lamp: str
    delivered: int
    failed: int
    waiting: int


def summaries() -> list[Summary]:
    """Every endpoint; there are a hundred at most."""
    day = timezone.now() - timedelta(days=1)
    states = Delivery.State
    recent = Q(deliveries__created_at__gte=day)
    found = Endpoint.objects.select_related("health").annotate(
        delivered=Count("deliveries", filter=recent & Q(deliveries__state=states.DELIVERED)),
        failed=Count("deliveries", filter=recent & Q(deliveries__state=states.FAILED)),
        waiting=Count("deliveries", filter=Q(deliveries__state=states.WAITING)),
    )
    return [Summary(one, lamp_of(one), one.delivered, one.failed, one.waiting) for one in found]


def lamp_of(endpoint: Endpoint) -> str:
    """The lamp of an endpoint: critical is disabled by failures, warning is failing now."""
    if not endpoint.is_active:
        return "notice" if endpoint.disabled_because == "operator" else "critical"
    return "ok" if endpoint.health.failing_since is None else "warning"


def deliveries_of(endpoint: Endpoint, asked: Mapping[str, Any]) -> QuerySet[Delivery]:
    """Deliveries of an endpoint; `asked` may hold state, type, since and until."""
    found = endpoint.deliveries.select_related("message")
    names = {"state": "state", "type": "message__type"}
    found = found.filter(**{names[key]: asked[key] for key in names if asked.get(key)})
    since: datetime | None = asked.get("since")
    until: datetime | None = asked.get("until")
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    return found
