"""`fengkong journal archive` and `restore`: history moved out of the database, and back."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from fengkong.cli.language import text
from fengkong.cli.screen import OUTPUT, progress, show_table
from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US
from fengkong.journal.archive import ArchiveFolder, start_of_day
from fengkong.journal.archiving import Moved, bring_back
from fengkong.journal.archiving import archive as archive_days
from fengkong.service.clock import wall_clock
from fengkong.service.opening import upkeep
from fengkong.service.settings import load_settings


class InvalidDayError(RiskError):
    """The days to archive or to bring back are not said, or not as a day is written."""

    code = "cli.invalid_day"
    hint = "Write a day as 2026-11-23; `journal restore` takes days, or --all."


def archive(data: Path, *, before: str | None, keep_days: int, store: str | None) -> None:
    """Move what was recorded before a day, and say which files hold it."""
    settings = load_settings(data, given={"store": store})
    if keep_days < 0:
        raise InvalidDayError(f"{keep_days} days cannot be kept")
    today = wall_clock() // DAY_US * DAY_US
    limit = today - keep_days * DAY_US if before is None else start_of_day(_day(before))
    with upkeep(settings, environment=os.environ) as kept:
        head = max(kept.store.head().sequence, 1)
        with progress(text("journal.archive.progress")) as told:
            moved = archive_days(
                kept.store,
                ArchiveFolder(settings.archive),
                before=min(limit, today),
                progress=lambda done: told(done, done / head),
            )
    _show(moved)


def restore(data: Path, *, days: list[str], everything: bool, store: str | None) -> None:
    """Bring days back, and say which files are gone."""
    if everything == bool(days):
        raise InvalidDayError("give days, or --all for all of them")
    settings = load_settings(data, given={"store": store})
    wanted = [_day(day).isoformat() for day in days]
    with (
        upkeep(settings, environment=os.environ) as kept,
        progress(text("journal.restore.progress")) as told,
    ):
        moved = bring_back(
            kept.store,
            ArchiveFolder(settings.archive),
            days=None if everything else wanted,
            progress=lambda done: told(done, 0.0),
        )
    _show(moved)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InvalidDayError(f"{written[:40]!r} is no day") from None


def _show(moved: Moved) -> None:
    OUTPUT.print(
        text("journal.moved", entries=f"{moved.entries:,}", files=len(moved.files)), markup=False
    )
    if moved.files:
        columns = [text("column.day"), text("column.first_entry"), text("column.last_entry")]
        rows = [[file.day, file.first, file.last] for file in moved.files]
        show_table(text("journal.archive.files"), columns, rows)
