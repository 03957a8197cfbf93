"""Sources that the console knows itself: what staff did, and how old backups are."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings
from django.utils import timezone

from fengkong.console.audit.models import AuditEntry
from fengkong.credit.peers import InvalidPeerScoreError, PeerScore, peers_by_day, shipped_score
from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.peer_ratings import read_ratings

KEPT_DAYS: Final = 120
_DRILLS_READ: Final = 50
_KINDS: Final = {
    "reveal_personal_data": "reveal",
    "approve_export_personal_data": "export",
    "export_ledger": "export",
    "approve_change_role": "role_change",
    "go_live_policy": "publish",
    "roll_back_policy": "emergency_publish",
    "approve_release_listed": "override",
}
"""Recorded actions, and what the indicators call them."""
_EARLIEST_HOUR: Final = 7
_LATEST_HOUR: Final = 22


def staff() -> pl.DataFrame | None:
    """What operators did, by day: from the audit ledger."""
    since = timezone.now() - timedelta(days=KEPT_DAYS)
    entries = AuditEntry.objects.filter(recorded_at__gte=since).exclude(actor="system")
    zone = ZoneInfo(settings.TIME_ZONE)
    rows = [
        _act(at.astimezone(zone), action, actor)
        for at, action, actor in entries.values_list("recorded_at", "action", "actor")
    ]
    if not rows:
        return None
    counted = [
        pl.len().cast(pl.Float64).alias("actions"),
        pl.col("operator").n_unique().cast(pl.Float64).alias("operators"),
    ]
    counted += [
        (pl.col("kind") == kind).sum().cast(pl.Float64).alias(name)
        for name, kind in (
            *(("reveals", "reveal"), ("exports", "export")),
            *(("privilege_changes", "role_change"), ("policy_changes", "publish")),
            *(("emergency_changes", "emergency_publish"), ("overrides", "override")),
        )
    ]
    counted.append(pl.col("out_of_hours").sum().cast(pl.Float64))
    table = pl.DataFrame(rows).group_by(DAY).agg(counted).sort(DAY)
    nothing = [
        pl.lit(0.0).alias(name) for name in ("four_eyes_refused", "refused", "sign_in_failures")
    ]
    return table.with_columns(*nothing, pl.lit("-").alias("role"))


def upkeep() -> pl.DataFrame | None:
    """How old the newest backup is, and when the last drill was: of today alone."""
    backups = settings.CONSOLE.directory / "backups"
    newest = (
        max((one.stat().st_mtime for one in backups.glob("*")), default=None)
        if backups.is_dir()
        else None
    )
    drilled = _days_since_drill()
    if newest is None and drilled is None:
        return None
    unknown = pl.lit(None, pl.Float64)
    known: dict[str, list[float | None]] = {
        "backup_age_hours": [None if newest is None else (time.time() - newest) / 3600],
        "days_since_drill": [drilled],
    }
    table = pl.DataFrame(known, schema=dict.fromkeys(known, pl.Float64))
    return table.with_columns(
        pl.lit(timezone.localdate()).alias(DAY),
        *(
            unknown.alias(name)
            for name in (
                *("restore_test_age_days", "certificate_days_left", "patch_age_days"),
                *("critical_vulnerabilities", "key_age_days", "checkpoint_age_hours"),
                *("log_retention_days", "assets_without_owner"),
            )
        ),
    )


def _days_since_drill() -> float | None:
    """Days since a drill was scored, from the ledger; one whose attack failed is none."""
    ended = AuditEntry.objects.filter(action="finish_drill").order_by("-sequence")
    for entry in ended[:_DRILLS_READ]:
        scored = entry.detail.get("points") is not None
        if scored and entry.detail.get("state", "ended") == "ended":
            return (timezone.now() - entry.recorded_at).total_seconds() / 86_400
    return None


def peer_danger() -> pl.DataFrame | None:
    """How likely each peer platform fails: its delivered ratings, by the house's score if any."""
    folder = settings.CONSOLE.directory / "sources"
    ratings, own = folder / "peer_ratings.csv", folder / "peer_score.json"
    if not ratings.is_file():
        return None
    try:
        score = PeerScore.read(own.read_bytes()) if own.is_file() else shipped_score()
        return peers_by_day(read_ratings(ratings), score)
    except InvalidPeerScoreError as error:
        raise UnreadableSourceError(error.message) from None


def _act(at: datetime, action: str, actor: str) -> dict[str, object]:
    return {
        DAY: at.date(),
        "kind": _KINDS.get(action, "other"),
        "operator": actor,
        "out_of_hours": not _EARLIEST_HOUR <= at.hour < _LATEST_HOUR,
    }


OWN: Final[dict[str, Callable[[], pl.DataFrame | None]]] = {
    "staff": staff,
    "upkeep": upkeep,
    "peer_danger": peer_danger,
}
"""The sources that are made here, by their ids."""
