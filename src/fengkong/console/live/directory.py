"""What lies in the data directory: sizes and ages, as the health screen shows them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fengkong.console.configuration import ConsoleSettings

BACKUP_NOTE: Final = "last-backup.json"
"""Written by every backup that was made of this directory."""


def noted_moment(place: Path, key: str) -> datetime | None:
    """The moment in a note of the data directory; None for one that is absent or cannot be read."""
    try:
        said = json.loads(place.read_text(encoding="utf-8"))[key]
        moment = datetime.fromisoformat(said)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def directory_figures(console: ConsoleSettings, *, now: float) -> dict[str, Any]:
    """Bytes of journal, archive, snapshots and console; ages in seconds, None of what is absent."""
    directory = console.directory
    backup = noted_moment(directory / BACKUP_NOTE, "made_at")
    snapshots = [path for path in _files(directory / "snapshots") if not path.name.startswith(".")]
    return {
        "journal_bytes": _size(directory.glob("journal.db*")),
        "archive_bytes": _size(_files(directory / "archive")),
        "snapshot_bytes": _size(snapshots),
        "snapshots": len(snapshots),
        "snapshot_age_s": _age(snapshots, now=now),
        "console_bytes": _size(directory.glob("console.db*")),
        "backup_age_s": None if backup is None else max(0.0, now - backup.timestamp()),
        "free_bytes": _free(directory),
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())


def _size(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue  # it was removed meanwhile
    return total


def _age(paths: list[Path], *, now: float) -> float | None:
    times = []
    for path in paths:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(0.0, now - max(times)) if times else None


def _free(directory: Path) -> int | None:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None
