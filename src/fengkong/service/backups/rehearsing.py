"""A restore rehearsed: a backup is really put back, in a place of its own, and looked through.

Nothing is started from it: a service would sign its ledger, and its second places are real ones.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fengkong.core.instants import format_instant
from fengkong.service.backups.checking import BackupKeys, OpenBackup, verify_contents
from fengkong.service.backups.errors import (
    ForeignBackupError,
    TamperedBackupError,
    UnwritableBackupError,
)
from fengkong.service.backups.manifest import Manifest
from fengkong.service.backups.restoring import EMBEDDED, restore_backup
from fengkong.service.opening import ledger_signer
from fengkong.service.settings import Settings, load_settings

NOTE: Final = "last-rehearsal.json"
"""What a rehearsal leaves in the data directory, for who watches how long ago it was."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The backup that was put back, and how long that took in seconds."""

    manifest: Manifest
    seconds: float


def rehearse_restore(
    settings: Settings,
    backup: Path,
    *,
    keys: BackupKeys,
    key_folder: Path,
    scratch: Path | None,
    now: int,
    progress: Callable[[str, float], None],
) -> Rehearsed:
    """Restore a backup of this data directory into `scratch`, verify that, remove it, and say so.

    `scratch` None is the system's folder for what is temporary; it must have room for the whole
    data. What was put back is read with its own settings and keys, every entry of it.

    Raises ForeignBackupError for a backup of another ledger, UnwritableBackupError where `scratch`
    cannot be written to, and what `restore_backup` raises.
    """
    if keys.verifier != ledger_signer(settings).verifier:
        raise ForeignBackupError("it was made of another ledger than this data directory's")
    began = time.monotonic()
    with _scratch(scratch) as folder:
        target = Path(folder) / "data"
        restored = restore_backup(
            backup, target, keys=keys, key_folder=key_folder, store=EMBEDDED, progress=progress
        )
        load_settings(target)
        with OpenBackup(target, masters=keys.masters) as opened:
            contents = verify_contents(
                opened, verifier=keys.verifier, progress=lambda part: progress("read", part)
            )
    manifest = restored.manifest
    if (contents.size, contents.root.hex()) != (manifest.sequence, manifest.root):
        raise TamperedBackupError("what was put back is not what was promised", source=str(backup))
    rehearsed = Rehearsed(manifest, time.monotonic() - began)
    _note(settings, rehearsed, now=now)
    return rehearsed


def _scratch(scratch: Path | None) -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed at the end of its block."""
    try:
        return tempfile.TemporaryDirectory(prefix="fengkong-rehearsal-", dir=scratch)
    except OSError as error:
        where = tempfile.gettempdir() if scratch is None else scratch
        raise UnwritableBackupError(f"{where}: {error.strerror or error}") from error


def _note(settings: Settings, rehearsed: Rehearsed, *, now: int) -> None:
    said = {
        "rehearsed_at": format_instant(now),
        "made_at": rehearsed.manifest.made_at,
        "sequence": rehearsed.manifest.sequence,
        "seconds": round(rehearsed.seconds, 1),
    }
    with suppress(OSError):  # it was rehearsed whether this is written or not
        (settings.directory / NOTE).write_text(json.dumps(said) + "\n", encoding="utf-8")
