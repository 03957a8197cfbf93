"""What came to each service by day and minute, and what it said of itself last.

Services: `decision_service` (as the worker saw it), `console` (as its processes counted), `worker`.
Nothing here is about a person; where requests came from is not kept.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

SERVICE_LENGTH = 30


class _Counted(models.Model):
    """Counts of requests; `latencies` are counts by upper bound of `latencies.BOUNDS_S`."""

    requests = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    came = models.BigIntegerField(default=0)
    blocked = models.BigIntegerField(default=0)
    rate_limited = models.BigIntegerField(default=0)
    latencies = models.JSONField(default=list)

    class Meta:
        abstract = True


class ServiceDay(_Counted):
    """A day of a service, by the local calendar; gauges are the worst of the day, if known."""

    pk = models.CompositePrimaryKey("service", "day")
    service = models.CharField(max_length=SERVICE_LENGTH)
    day = models.DateField()
    injection_attempts = models.BigIntegerField(default=0)
    scanners = models.BigIntegerField(default=0)
    bad_signatures = models.BigIntegerField(default=0)
    minutes_down = models.FloatField(default=0)
    restarts = models.IntegerField(default=0)
    deployments = models.IntegerField(default=0)
    queue_seconds = models.FloatField(null=True)
    clock_offset_ms = models.FloatField(null=True)
    disk_used_share = models.FloatField(null=True)

    class Meta:
        ordering = ("day", "service")

    def __str__(self) -> str:
        return f"{self.service} {self.day}: {self.requests} requests"


class ServiceMinute(_Counted):
    """A minute of a service; kept for a little more than a day."""

    pk = models.CompositePrimaryKey("service", "minute")
    service = models.CharField(max_length=SERVICE_LENGTH)
    minute = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.service} {self.minute:%F %R}: {self.requests} requests"


class Followed(models.Model):
    """How a service was at the last look; `totals` are its counters since it `started`.

    `down_since` is when it was first seen away; `gauges` are what is true now (seconds that the
    oldest thing waits, share of the disk, ...).
    """

    service = models.CharField(max_length=SERVICE_LENGTH, primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    down_since = models.DateTimeField(null=True)
    started = models.FloatField(default=0)
    unclean_starts = models.IntegerField(default=0)
    version = models.CharField(max_length=40, blank=True)
    totals = models.JSONField(default=dict)
    gauges = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.service} {'up' if self.down_since is None else 'down'} at {self.at:%F %T}"
