"""A backup of a data directory, made while the service serves.

The console's database is copied first, as it was at one moment: so it has read no further than the
journal that is copied after it, and everything else behind that. The copy is verified as a whole
before its manifest is signed, and only then it stands in its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fengkong import __version__
from fengkong.core.instants import format_instant
from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.copying import copy_database
from fengkong.ledger.export_layout import origin_of
from fengkong.ledger.notes import Signer, checkpoint_of
from fengkong.protection.guarded_files import create_guarded, read_guarded
from fengkong.service.backups.checking import Contents, OpenBackup, verify_contents
from fengkong.service.backups.errors import MissingKeysError, OccupiedPlaceError
from fengkong.service.backups.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    copied_file,
    files_of,
    signed_manifest,
)
from fengkong.service.backups.places import coming_into_being, copy_file
from fengkong.service.opening import ledger_signer, master_keys, upkeep_turn
from fengkong.service.settings import FILE_NAME, Settings
from fengkong.service.states.snapshots import SNAPSHOT_SUFFIX, snapshot_file

NOTE: Final = "last-backup.json"
"""What a backup leaves in the directory that it was made of."""
KEY_FILES: Final = ("ledger.key", "master.json")
CONSOLE_KEY_FILES: Final = (
    *("console.key", "console-ledger.key", "console-files.key", "console-lists.key"),
    "choosing.key",
)
"""Keys of the console, which are beside the others where there is one."""
CONSOLE_DATABASE: Final = "console.db"
_BESIDE: Final = (FILE_NAME, "console.yaml")
_DELIVERED: Final = "sources"
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class KeysApart:
    """Where the keys go: to a directory of their own, or nowhere with this backup (None)."""

    directory: Path | None


KEYS_INCLUDED: Final = "included"


def create_backup(
    settings: Settings,
    target: Path,
    *,
    keys: KeysApart | None,
    environment: Mapping[str, str],
    now: int,
    progress: Progress,
) -> Manifest:
    """Make a backup in a new or empty directory; `keys` None puts them into it.

    Raises OccupiedPlaceError, MissingKeysError, and what reading and verifying the journal raise.
    """
    if target.resolve().is_relative_to(settings.directory.resolve()):
        raise OccupiedPlaceError(f"{target} is inside the data directory")
    signer = _signer(settings)
    # What wraps the keys of the copy must be among these, whatever is rotated meanwhile.
    files = {name: _key_file(settings, name) for name in _key_names(settings)}
    # Nothing may come out of the archive while it is copied behind the journal.
    with upkeep_turn(settings), coming_into_being(target) as folder:
        if (settings.directory / CONSOLE_DATABASE).is_file():
            copy_database(settings.directory / CONSOLE_DATABASE, folder / CONSOLE_DATABASE)
        _copy_journal(settings, folder / "journal.db", progress=progress)
        for archived in ArchiveFolder(settings.archive).files():
            copy_file(archived.path, folder / "archive" / archived.path.name)
        if settings.cosigned.exists():
            copy_file(settings.cosigned, folder / "witnessed" / "checkpoint")
        if settings.access_file.exists():
            copy_database(settings.access_file, folder / "access.db")
        _copy_beside(settings.directory, folder)
        masters = master_keys(settings, environment=environment)
        with OpenBackup(folder, masters=masters) as opened:
            _copy_snapshots(settings, folder, upto=opened.reading.head().sequence)
            contents = verify_contents(
                opened, verifier=signer.verifier, progress=lambda part: progress("verify", part)
            )
        if keys is None:
            _keep_keys(files, folder / "keys")
        manifest = _manifest(settings, folder, contents=contents, signer=signer, now=now)
        (folder / MANIFEST).write_bytes(signed_manifest(manifest, signer=signer))
        if keys is not None and keys.directory is not None:
            _keep_keys(files, keys.directory)
    _note(settings, manifest)
    return manifest


def _copy_beside(directory: Path, folder: Path) -> None:
    """Settings, and what was delivered to the console."""
    for name in _BESIDE:
        if (directory / name).is_file():
            copy_file(directory / name, folder / name)
    for delivered in sorted((directory / _DELIVERED).glob("*")):
        if delivered.is_file() and not delivered.name.startswith("."):
            with suppress(FileNotFoundError):  # it is being replaced, and comes again
                copy_file(delivered, folder / _DELIVERED / delivered.name)


def _note(settings: Settings, manifest: Manifest) -> None:
    """Leave word in the data directory that a backup was made, for who watches its age."""
    said = {"made_at": manifest.made_at, "sequence": manifest.sequence}
    with suppress(OSError):  # the backup stands whether this is written or not
        (settings.directory / NOTE).write_text(json.dumps(said) + "\n", encoding="utf-8")


def _signer(settings: Settings) -> Signer:
    try:
        return ledger_signer(settings)
    except OSError as error:
        raise MissingKeysError(f"{settings.keys}: {error.strerror or error}") from error


def _key_names(settings: Settings) -> tuple[str, ...]:
    needed = KEY_FILES if settings.master_keys == "file" else KEY_FILES[:1]
    return (*needed, *(name for name in CONSOLE_KEY_FILES if (settings.keys / name).is_file()))


def _key_file(settings: Settings, name: str) -> bytes:
    try:
        return read_guarded(settings.keys / name)[0]
    except OSError as error:
        raise MissingKeysError(f"{settings.keys / name}: {error.strerror or error}") from error


def _copy_journal(settings: Settings, target: Path, *, progress: Progress) -> None:
    if settings.embedded:
        copy_database(settings.journal_file, target, progress=lambda part: progress("copy", part))
        return
    from fengkong.journal.portable import write_portable  # noqa: PLC0415 - only where it is used

    write_portable(settings.store, target, progress=lambda part: progress("copy", part))


def _copy_snapshots(settings: Settings, folder: Path, *, upto: int) -> None:
    """The states that the copied journal reaches; one that is just being replaced is left out."""
    for path in sorted(settings.snapshots.glob(f"*{SNAPSHOT_SUFFIX}")):
        named = snapshot_file(path)
        if named is not None and named.sequence <= upto:
            with suppress(FileNotFoundError):
                copy_file(path, folder / "snapshots" / path.name)


def _keep_keys(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        try:
            create_guarded(folder / name, content)
        except FileExistsError:
            if read_guarded(folder / name)[0] != content:
                raise OccupiedPlaceError(f"{folder / name} is another key") from None


def _manifest(
    settings: Settings, folder: Path, *, contents: Contents, signer: Signer, now: int
) -> Manifest:
    origin = origin_of(contents.identity)
    checkpoint = checkpoint_of(
        origin=origin, size=contents.size, root=contents.root, hash_name=contents.hash_name
    )
    return Manifest(
        format=FORMAT,
        product=__version__,
        made_at=format_instant(now),
        identity=contents.identity.hex(),
        origin=origin,
        hash=contents.hash_name,
        store="sqlite" if settings.embedded else "postgresql",
        sequence=contents.size,
        root=contents.root.hex(),
        checkpoint=signer.sign_checkpoint(checkpoint).decode(),
        keys=KEYS_INCLUDED if (folder / "keys").is_dir() else "apart",
        masters=contents.masters,
        places=[place if "://" in place else os.path.realpath(place) for place in settings.places],
        files=[copied_file(path, under=folder) for path in files_of(folder)],
    )
