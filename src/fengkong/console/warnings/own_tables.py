"""Sources that the console knows itself: what staff did, and how old backups are."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Final

import polars as pl
from django.conf import settings
from django.utils import timezone

from fengkong.console.audit.models import AuditEntry
from fengkong.console.warnings.service_table import (
    attack_sign,
    attacks,
    service_health,
    service_sign,
)
from fengkong.console.warnings.staff_table import staff, staff_sign
from fengkong.credit.peers import InvalidPeerScoreError, PeerScore, peers_by_day, shipped_score
from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.peer_ratings import read_ratings

_DRILLS_READ: Final = 50


def upkeep(today: date) -> pl.DataFrame | None:
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
        pl.lit(today).alias(DAY),
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


def peer_danger(_today: date) -> pl.DataFrame | None:
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


OWN: Final[dict[str, Callable[[date], pl.DataFrame | None]]] = {
    "staff": staff,
    "service_health": service_health,
    "attacks": attacks,
    "upkeep": upkeep,
    "peer_danger": peer_danger,
}
"""The sources that are made here, by their ids: each is told which day it is."""
COMPLETED: Final = frozenset({"service_health", "attacks", "upkeep"})
"""Of these, what somebody delivered goes first cell by cell, and the rest is from here."""
SIGNS: Final[dict[str, Callable[[], str]]] = {
    "staff": staff_sign,
    "service_health": service_sign,
    "attacks": attack_sign,
}
"""Of those that are watched as things happen: what changes when something did."""
