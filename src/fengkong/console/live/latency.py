"""Where the time of a decision went: what the service measured around the moment it was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fengkong.console.live.models import ServiceSample
from fengkong.console.live.service_figures import buckets_of, grown, quantile

NEAR: Final = timedelta(minutes=10)
"""Samples further away say nothing about a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Medians and 99th percentiles in seconds: of the whole request, of deciding, of the commit."""

    since: datetime
    until: datetime
    request: tuple[float | None, float | None]
    decide: tuple[float | None, float | None]
    commit: tuple[float | None, float | None]


def split_at(moment: datetime) -> Split | None:
    """The split between the samples before and after a moment; None where there are none."""
    near = ServiceSample.objects.filter(reachable=True)
    before = near.filter(at__gt=moment - NEAR, at__lte=moment).order_by("-at").first()
    after = near.filter(at__gt=moment, at__lt=moment + NEAR).order_by("at").first()
    if before is None or after is None:
        return None

    def both(name: str) -> tuple[float | None, float | None]:
        added = grown(buckets_of(after.content, name), buckets_of(before.content, name))
        return quantile(added, 0.5), quantile(added, 0.99)

    return Split(
        since=before.at,
        until=after.at,
        request=both("http_request_seconds"),
        decide=both("decide_seconds"),
        commit=both("commit_seconds"),
    )
