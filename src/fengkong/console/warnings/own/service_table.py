"""The sources ``service_health`` and ``attacks``: what the services counted, by day.

Counts of today are those of the day so far. What is true now (latency, errors of the last minutes,
queues, an outage) is as of now for today, and of the whole day (its worst) for days that are over.
Of few requests a share says nothing, so that shares are of so many requests at least.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from typing import Any, Final

import polars as pl
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from fengkong.console.audit.models import AuditEntry
from fengkong.console.traffic.counting import DECISIONS, WORKER, of_a_day, recent
from fengkong.console.traffic.latencies import p99_ms, slow
from fengkong.console.traffic.models import Followed, ServiceDay
from fengkong.indicators.columns import DAY

SERVICE: Final = "service"
KEPT_DAYS: Final = 400
REQUESTS_LEAST: Final = 1_000
"""Shares of errors are of so many requests at least: one error of three says little."""
CAME_LEAST: Final = 500
"""Shares of what was turned away in the last minutes likewise."""
_DEPLOYED: Final = ("go_live_policy", "restore_policy", "fail_policy_change")
_FAILED: Final = ("roll_back_policy", "fail_policy_change")
_GAUGES: Final = ("queue_seconds", "clock_offset_ms", "disk_used_share")
SERVICE_COLUMNS: Final = (
    *("requests", "errors", "slow", "latency_ms_p99", "error_share_now", "requests_24h"),
    *("minutes_down", "down_now_minutes", "restarts", "deployments", "failed_deployments"),
    *_GAUGES,
)
ATTACK_COLUMNS: Final = (
    *("requests", "blocked", "rate_limited", "injection_attempts", "scanners"),
    *("bad_signatures", "blocked_share_now"),
)
Row = dict[str, Any]


def service_health(today: date) -> pl.DataFrame | None:
    """By day and service; None before any service was looked at."""
    days = list(_days(today))
    if not days:
        return None
    followed = {one.service: one for one in Followed.objects.all()}
    rows = [_of_service(one, followed.get(one.service), today=today) for one in days]
    _add_deployments(rows, today=today)
    schema = {DAY: pl.Date, SERVICE: pl.String} | dict.fromkeys(SERVICE_COLUMNS, pl.Float64)
    return pl.DataFrame(rows, schema=schema)


def attacks(today: date) -> pl.DataFrame | None:
    """What was turned away by day, of all services together; None before any was looked at."""
    by_day: dict[date, Row] = {}
    days = list(_days(today))
    services = {one.service for one in days}
    for one in days:
        row = by_day.setdefault(one.day, {DAY: one.day} | dict.fromkeys(ATTACK_COLUMNS, 0.0))
        row["requests"] += one.came
        for name in ATTACK_COLUMNS[1:-1]:
            row[name] += getattr(one, name)
    if not by_day:
        return None
    for row in by_day.values():
        turned = row["blocked"] + row["rate_limited"]
        row["blocked_share_now"] = turned / max(row["requests"], REQUESTS_LEAST)
    if today in by_day:
        now = timezone.now()
        latest = [recent(service, now=now) for service in services]
        turned = sum(one.blocked + one.rate_limited for one in latest)
        share = turned / max(sum(one.came for one in latest), CAME_LEAST)
        by_day[today]["blocked_share_now"] = max(by_day[today]["blocked_share_now"], share)
    schema = {DAY: pl.Date} | dict.fromkeys(ATTACK_COLUMNS, pl.Float64)
    return pl.DataFrame(list(by_day.values()), schema=schema)


def service_sign() -> str:
    """What changes when a service has errors, slows down, is away, or its work waits."""
    now = timezone.now()
    known = Followed.objects.filter(pk=DECISIONS).first()
    if known is None:
        return ""
    latest = recent(DECISIONS, now=now)
    of_today = ServiceDay.objects.filter(day=timezone.localdate(now))
    errors: int | None = of_today.aggregate(errors=Sum("errors"))["errors"]
    gauges = Followed.objects.filter(pk=WORKER).values_list("gauges", flat=True).first() or {}
    parts = (
        errors or 0,
        latest.errors,
        _coarse(p99_ms(latest.latencies)),
        ceil(_away_minutes(known) * 4),
        _coarse(gauges.get("queue_seconds") or 0.0),
        _coarse(of_a_day(DECISIONS, now=now)),
    )
    return repr(parts)


def attack_sign() -> str:
    """What changes when requests are turned away."""
    today = ServiceDay.objects.filter(day=timezone.localdate())
    turned = today.values_list(
        "service", "blocked", "rate_limited", "injection_attempts", "scanners", "bad_signatures"
    )
    return repr(sorted(turned))


def _days(today: date) -> Iterator[ServiceDay]:
    return ServiceDay.objects.filter(
        day__gt=today - timedelta(days=KEPT_DAYS), day__lte=today
    ).iterator()


def _of_service(one: ServiceDay, followed: Followed | None, *, today: date) -> Row:
    """The row of a day; the worker serves nobody and has its gauges alone."""
    row: Row = {DAY: one.day, SERVICE: one.service}
    row |= {name: getattr(one, name) for name in _GAUGES}
    if one.service == WORKER:
        if one.day == today and followed is not None:
            row |= {name: followed.gauges.get(name) for name in _GAUGES}
        return row
    row |= {
        "requests": one.requests,
        "errors": one.errors,
        "requests_24h": one.requests,
        "error_share_now": one.errors / max(one.requests, REQUESTS_LEAST),
    }
    if one.service != DECISIONS:
        return row
    row |= {
        "slow": slow(one.latencies) if one.latencies else 0.0,
        "latency_ms_p99": p99_ms(one.latencies),
        **{name: getattr(one, name) for name in ("minutes_down", "restarts", "deployments")},
        "failed_deployments": 0.0,
        "down_now_minutes": 0.0,
    }
    return row | (_now(one, followed) if one.day == today else {})


def _now(one: ServiceDay, followed: Followed | None) -> Row:
    """What is true of the decision service now, where it is worse than the day."""
    now = timezone.now()
    latest = recent(one.service, now=now)
    share = latest.errors / max(latest.requests, REQUESTS_LEAST)
    return {
        "requests_24h": of_a_day(one.service, now=now),
        "error_share_now": max(one.errors / max(one.requests, REQUESTS_LEAST), share),
        "latency_ms_p99": max(p99_ms(one.latencies), p99_ms(latest.latencies)),
        "down_now_minutes": 0.0 if followed is None else _away_minutes(followed),
    }


def _away_minutes(followed: Followed) -> float:
    if followed.down_since is None:
        return 0.0
    return (followed.at - followed.down_since).total_seconds() / 60


def _add_deployments(rows: list[Row], *, today: date) -> None:
    """Policies that went live, were rolled back or could not be put in force, by day."""
    of_day = {row[DAY]: row for row in rows if row[SERVICE] == DECISIONS}
    since = timezone.localtime() - timedelta(days=KEPT_DAYS)
    entries = AuditEntry.objects.filter(
        action__in={*_DEPLOYED, *_FAILED}, recorded_at__gte=since
    ).order_by()
    found = entries.annotate(day=TruncDate("recorded_at")).values("day", "action")
    for day, action, count in found.annotate(count=Count("sequence")).values_list(
        "day", "action", "count"
    ):
        row = of_day.get(day)
        if row is not None and day <= today:
            row["deployments"] += count * (action in _DEPLOYED)
            row["failed_deployments"] += count * (action in _FAILED)


def _coarse(value: float) -> float:
    """A number to two digits: smaller changes are no news."""
    return float(f"{value:.1e}")
