"""What lies in the data directory: sizes and ages, as the health screen shows them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from fengkong.console.configuration import ConsoleSettings

BACKUP_NOTE: Final = "last-backup.json"
"""Written by every backup that was made of this directory."""


def directory_figures(console: ConsoleSettings, *, now: float) -> dict[str, Any]:
    """Bytes of journal, archive, snapshots and console; ages in seconds, None of what is absent."""
    directory = console.directory
    snapshots = [path for path in _files(directory / "snapshots") if not path.name.startswith(".")]
    return {
        "journal_bytes": _size(directory.glob("journal.db*")),
        "archive_bytes": _size(_files(directory / "archive")),
        "snapshot_bytes": _size(snapshots),
        "snapshots": len(snapshots),
        "snapshot_age_s": _age(snapshots, now=now),
        "console_bytes": _size(directory.glob("console.db*")),
        "backup_age_s": _age([directory / BACKUP_NOTE], now=now),
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
