"""What screens ask of notices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from fengkong.console.notices.models import Channel, Delivery, Notice, Shift, Silence
from fengkong.console.notices.sending import health_of


def notices(asked: Mapping[str, Any]) -> QuerySet[Notice]:
    """Notices that match what a form asked."""
    wanted = {name: value for name, value in asked.items() if value}
    return Notice.objects.select_related("said").filter(**wanted)


def open_notices() -> QuerySet[Notice]:
    """Notices that nobody has acknowledged."""
    return Notice.objects.filter(state=Notice.State.OPEN)


def channels() -> QuerySet[Channel]:
    """Every channel with `sent` and `given_up` of the last day and what is `waiting`."""
    since = timezone.now() - timedelta(days=1)
    states = Delivery.State
    lost = (states.FAILED, states.UNKNOWN)
    ended = Q(deliveries__finished_at__gte=since)
    return Channel.objects.annotate(
        sent=Count("deliveries", filter=ended & Q(deliveries__state=states.SENT)),
        given_up=Count("deliveries", filter=ended & Q(deliveries__state__in=lost)),
        waiting=Count("deliveries", filter=Q(deliveries__state=states.WAITING)),
    )


def lamp_of(channel: Channel) -> str:
    """How a channel does, as a lamp."""
    if not channel.is_active:
        return "unknown"
    return "warning" if health_of(channel).failing_since is not None else "ok"


def shifts_to_come() -> QuerySet[Shift]:
    """Shifts that have not ended."""
    found = Shift.objects.filter(ends_at__gt=timezone.now())
    return found.select_related("operator")


def active_silences() -> QuerySet[Silence]:
    """Silences that have not ended."""
    return Silence.objects.filter(until__gt=timezone.now())
