"""A backup put back: into a new or empty directory, whole or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.journal.second_place import second_place
from fengkong.ledger.notes import VerifierKey, open_checkpoint
from fengkong.protection.guarded_files import create_guarded, read_guarded
from fengkong.service.backups.checking import BackupKeys, check_backup
from fengkong.service.backups.creating import CONSOLE_KEY_FILES, KEY_FILES
from fengkong.service.backups.errors import TamperedBackupError
from fengkong.service.backups.manifest import CopiedFile, Manifest
from fengkong.service.backups.places import check_vacant, coming_into_being, copy_file
from fengkong.service.settings import FILE_NAME, InvalidSettingError

EMBEDDED: Final = "sqlite"
_STORE_LINE: Final = re.compile(r"^store\s*:.*\n?", re.MULTILINE)
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Ahead:
    """A second place that promises entries that a backup does not have."""

    place: str
    size: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and the second places that know of more."""

    manifest: Manifest
    ahead: list[Ahead]


def restore_backup(
    backup: Path,
    target: Path,
    *,
    keys: BackupKeys,
    key_folder: Path,
    store: str | None,
    progress: Progress,
) -> Restored:
    """Check a backup and make a data directory of it, which a service can be started with.

    `key_folder` holds its keys; `store` says where the journal goes (sqlite or postgresql://...),
    None: into the directory, if that is where it was. Raises what `check_backup` raises, and
    OccupiedPlaceError.
    """
    check_vacant(target)
    checked = check_backup(backup, keys=keys, progress=lambda part: progress("verify", part))
    manifest = checked.manifest
    if store is None and manifest.store != EMBEDDED:
        raise InvalidSettingError(
            "the journal was in PostgreSQL: give --store with an empty database, or --store sqlite"
        )
    with coming_into_being(target) as folder:
        embedded = store in (None, EMBEDDED)
        for done, file in enumerate(manifest.files):
            progress("copy", done / len(manifest.files))
            if embedded or file.path != "journal.db":
                _copy(backup, folder, file)
        for name in (*KEY_FILES, *CONSOLE_KEY_FILES):
            if not (folder / "keys" / name).exists() and (key_folder / name).exists():
                create_guarded(folder / "keys" / name, read_guarded(key_folder / name)[0])
        if store is not None:
            _set_store(folder / FILE_NAME, store)
        if not embedded:
            _load(backup / "journal.db", store or "", progress=progress)
    return Restored(manifest, _ahead(manifest, verifier=keys.verifier))


def _copy(backup: Path, folder: Path, file: CopiedFile) -> None:
    """One file, compared again while it is copied."""
    digest = hashlib.sha256()
    copy_file(backup / file.path, folder / file.path, noted=digest.update)
    if digest.hexdigest() != file.sha256:
        raise TamperedBackupError(f"{file.path} changed while it was copied", source=str(backup))


def _set_store(path: Path, store: str) -> None:
    """Say in the settings where the journal is."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rest = _STORE_LINE.sub("", text)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    path.write_text(f"{rest}store: {store}\n", encoding="utf-8")
    path.chmod(0o600)


def _load(source: Path, url: str, *, progress: Progress) -> None:
    from fengkong.journal.portable import load_portable  # noqa: PLC0415 - only where it is used

    load_portable(source, url, progress=lambda part: progress("load", part))


def _ahead(manifest: Manifest, *, verifier: VerifierKey) -> list[Ahead]:
    """The second places of that time that hold a newer checkpoint than the backup."""
    found: list[Ahead] = []
    for text in manifest.places:
        try:
            note = second_place(text).newest()
            if note is None:
                continue
            size = open_checkpoint(note, keys=[verifier], origin=manifest.origin).checkpoint.size
        except RiskError:
            continue  # out of reach, or of another ledger: a start says so
        if size > manifest.sequence:
            found.append(Ahead(text, size))
    return found
