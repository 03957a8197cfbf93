"""The source ``upkeep``: how old backups, keys and signatures are, of today alone.

What this machine cannot know stays unknown: patches of its system and open vulnerabilities are
those of a scanner, logs those of who keeps them, assets those of an inventory: columns that are
delivered, and missing until then.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import polars as pl
from cryptography import x509
from django.conf import settings
from django.utils import timezone

from fengkong.console.audit.models import AuditCheckpoint, AuditEntry
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.live.directory import BACKUP_NOTE, noted_moment
from fengkong.core.errors import RiskError
from fengkong.indicators.columns import DAY
from fengkong.protection.masters import FileMasters

REHEARSAL_NOTE: Final = "last-rehearsal.json"
"""What `fengkong backup rehearse` leaves in the data directory."""
COLUMNS: Final = (
    *("backup_age_hours", "restore_test_age_days", "certificate_days_left", "key_age_days"),
    *("checkpoint_age_hours", "days_since_drill"),
)
_DRILLS_READ: Final = 50
_ASK_S: Final = 3.0
_HOUR_S: Final = 3_600.0
_DAY_S: Final = 86_400.0


def upkeep(today: date) -> pl.DataFrame | None:
    """One row, None where nothing is known."""
    console: ConsoleSettings = settings.CONSOLE
    backup, rehearsal = console.directory / BACKUP_NOTE, console.directory / REHEARSAL_NOTE
    seconds = {
        "backup_age_hours": (noted_moment(backup, "made_at"), _HOUR_S),
        "restore_test_age_days": (noted_moment(rehearsal, "rehearsed_at"), _DAY_S),
        "key_age_days": (_oldest_master(console.keys), _DAY_S),
        "checkpoint_age_hours": (_unsigned_since(), _HOUR_S),
        "days_since_drill": (_last_drill(), _DAY_S),
    }
    now = timezone.now()
    known = {
        name: None if since is None else max((now - since).total_seconds(), 0.0) / unit
        for name, (since, unit) in seconds.items()
    }
    ends = min(_certificate_ends(console), default=None)
    known["certificate_days_left"] = None if ends is None else (ends - now).total_seconds() / _DAY_S
    if all(value is None for value in known.values()):
        return None
    row = {name: [known.get(name)] for name in COLUMNS}
    table = pl.DataFrame(row, schema=dict.fromkeys(row, pl.Float64))
    return table.with_columns(pl.lit(today).alias(DAY))


def certificate_ends(content: bytes) -> list[datetime]:
    """When each certificate of a PEM file ends, those between it and its authority too."""
    try:
        return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(content)]
    except ValueError:
        return []


def _certificate_ends(console: ConsoleSettings) -> Iterator[datetime]:
    """Ends of the certificates that are set here, and of those that are shown where we ask."""
    for name in filter(None, (console.tls_certificate, console.service_certificate)):
        with suppress(OSError):
            yield from certificate_ends(Path(name).read_bytes())
    for address in (console.service, console.public_address):
        parts = urlsplit(address)
        if parts.scheme == "https" and parts.hostname:
            yield from _shown_by(parts.hostname, parts.port or 443)


def _shown_by(host: str, port: int) -> Iterator[datetime]:
    """When the certificate ends that a server shows; whether it is trusted is not asked here."""
    try:
        shown = ssl.get_server_certificate((host, port), timeout=_ASK_S)
    except (TimeoutError, OSError, ValueError):
        return
    yield from certificate_ends(shown.encode())


def _oldest_master(keys: Path) -> datetime | None:
    """When the oldest master key was made; None where the keys are kept elsewhere."""
    place = keys / "master.json"
    if not place.is_file():
        return None
    try:
        made = min(FileMasters(place).ages().values())
    except (RiskError, OSError, ValueError):
        return None
    return datetime.fromtimestamp(made / 1e6, tz=UTC)


def _unsigned_since() -> datetime | None:
    """Since when an entry of the desk's ledger waits for its signature; now, where none does."""
    signed = AuditCheckpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    waiting = AuditEntry.objects.filter(sequence__gt=signed).order_by("sequence").first()
    if waiting is not None:
        return waiting.recorded_at
    return timezone.now() if signed else None


def _last_drill() -> datetime | None:
    """When a drill was last scored, from the ledger; one whose attack failed is none."""
    ended = AuditEntry.objects.filter(action="finish_drill").order_by("-sequence")
    for entry in ended[:_DRILLS_READ]:
        scored = entry.detail.get("points") is not None
        if scored and entry.detail.get("state", "ended") == "ended":
            return entry.recorded_at
    return None
