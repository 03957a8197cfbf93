"""Whether a backup is what was made: its manifest, every file, the whole ledger, the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, cast

import apsw

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.sqlite_file import FROZEN
from fengkong.journal.sqlite_file import connect as connect_journal
from fengkong.journal.sqlite_reading import SqliteReading
from fengkong.journal.verification import verify_journal
from fengkong.ledger.notes import Signer, VerifierKey, open_checkpoint
from fengkong.protection.guarded_files import read_guarded
from fengkong.protection.journal_secrets import secrets_master
from fengkong.protection.masters import EnvironmentMasters, FileMasters
from fengkong.protection.subject_keys import KeyStore
from fengkong.protection.vault import Vault
from fengkong.protection.wrapping import MasterKeys
from fengkong.service.backups.errors import MissingKeysError, TamperedBackupError
from fengkong.service.backups.manifest import (
    MANIFEST,
    Manifest,
    files_of,
    manifest_bytes,
    measured,
    read_manifest,
)
from fengkong.service.settings import load_settings

_MASTERS: Final = "SELECT DISTINCT master_id FROM subject_keys WHERE wrapped IS NOT NULL"


@dataclass(frozen=True, slots=True)
class BackupKeys:
    """What a backup is checked with; `masters` None: whether the sealed opens is not checked."""

    verifier: VerifierKey
    masters: MasterKeys | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in the journal of a backup."""

    identity: bytes
    hash_name: str
    size: int
    root: bytes
    masters: list[str]


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that is whole; `opened` says whether its keys were seen to open."""

    manifest: Manifest
    opened: bool


class OpenBackup:
    """The journal of a backup, read where it lies; nothing is made beside it."""

    def __init__(self, folder: Path, *, masters: MasterKeys | None) -> None:
        self.file = folder / "journal.db"
        self.reading = SqliteReading(self.file, sharing=FROZEN)
        self.reading.archive = ArchiveFolder(folder / "archive")
        try:
            self.vault = None if masters is None else _vault(self.reading, masters=masters)
        except BaseException:
            self.reading.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reading.close()


def _vault(reading: SqliteReading, *, masters: MasterKeys) -> Vault:
    return Vault(store=cast("KeyStore", reading), masters=masters, journal_id=reading.identity)


def verify_contents(
    opened: OpenBackup, *, verifier: VerifierKey, progress: Callable[[float], None]
) -> Contents:
    """The journal of a backup, every entry verified, and every key seen to open."""
    reading = opened.reading
    head = reading.head().sequence
    verified = verify_journal(
        reading,
        verifier=verifier,
        each_subject=None if opened.vault is None else opened.vault.check_key,
        progress=lambda done: progress(done / max(head, 1)),
    )
    with closing(connect_journal(opened.file, sharing=FROZEN)) as connection:
        masters = {row[0] for row in connection.execute(_MASTERS)}
    root = secrets_master(cast("KeyStore", reading))
    return Contents(
        identity=reading.identity,
        hash_name=reading.hash_name,
        size=verified.size,
        root=verified.root,
        masters=sorted(masters | ({root} if root else set())),
    )


def keys_of_backup(
    backup: Path, *, keys: Path | None, environment: Mapping[str, str]
) -> BackupKeys:
    """The keys of a backup: those of the directory named, else those that it holds.

    Raises MissingKeysError where there are none.
    """
    manifest_bytes(backup)  # first of all, is there a backup?
    folder = keys if keys is not None else backup / "keys"
    try:
        content, _ = read_guarded(folder / "ledger.key")
    except OSError as error:
        raise MissingKeysError(f"{folder / 'ledger.key'}: {error.strerror or error}") from error
    signer = Signer.parse(content.decode(errors="replace").strip())
    if load_settings(backup, given={"store": "sqlite"}).master_keys == "environment":
        return BackupKeys(signer.verifier, EnvironmentMasters(environment))
    if not (folder / "master.json").exists():
        raise MissingKeysError(f"{folder / 'master.json'} is not there")
    return BackupKeys(signer.verifier, FileMasters(folder / "master.json"))


def check_backup(backup: Path, *, keys: BackupKeys, progress: Callable[[float], None]) -> Checked:
    """Check a whole backup; raises what is wrong with it, every wrong file at once."""
    manifest = read_manifest(backup, verifier=keys.verifier)
    faults = _file_faults(backup, manifest)
    if faults:
        raise FaultsError(faults)
    for name in ("access.db", "console.db"):
        _check_database(backup, name)
    with OpenBackup(backup, masters=keys.masters) as opened:
        contents = verify_contents(opened, verifier=keys.verifier, progress=progress)
    _check_promise(backup, manifest, contents=contents, verifier=keys.verifier)
    return Checked(manifest, opened=keys.masters is not None)


def _file_faults(backup: Path, manifest: Manifest) -> list[Fault]:
    """Files that are missing, added, or not as the manifest says."""
    faults: list[Fault] = []

    def wrong(path: str, what: str) -> None:
        faults.append(TamperedBackupError(f"{path} {what}", source=str(backup)).fault())

    promised = {file.path: file for file in manifest.files}
    found = {path.relative_to(backup).as_posix(): path for path in files_of(backup)}
    for path in sorted(found.keys() - promised.keys()):
        wrong(path, f"does not belong to this backup: {MANIFEST} does not name it")
    for path, file in sorted(promised.items()):
        if path not in found:
            wrong(path, "is missing")
        elif found[path].is_symlink() or not found[path].is_file():
            wrong(path, "is not a regular file")
        else:
            size, digest = measured(found[path])
            if size != file.bytes:
                wrong(path, f"has {size:,} bytes, and {MANIFEST} says {file.bytes:,}")
            elif digest != file.sha256:
                wrong(path, f"was changed: its SHA-256 is not the one in {MANIFEST}")
    return faults


def _check_database(backup: Path, name: str) -> None:
    if not (backup / name).exists():
        return  # there was none, and the manifest says so
    address = f"file:{(backup / name).absolute()}?immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    try:
        with closing(apsw.Connection(address, flags=flags)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except apsw.Error as error:
        raise TamperedBackupError(f"{name}: {error}", source=str(backup)) from error
    if found != [("ok",)]:
        raise TamperedBackupError(f"{name}: {found[0][0]}", source=str(backup))


def _check_promise(
    backup: Path, manifest: Manifest, *, contents: Contents, verifier: VerifierKey
) -> None:
    """The journal of the backup is the one of the manifest, up to the same entry and root."""
    try:
        checkpoint = open_checkpoint(
            manifest.checkpoint.encode(), keys=[verifier], origin=manifest.origin
        ).checkpoint
    except RiskError as error:
        raise TamperedBackupError(f"its checkpoint: {error.message}", source=str(backup)) from error
    held = (contents.identity.hex(), contents.size, contents.root.hex())
    if held != (manifest.identity, manifest.sequence, manifest.root):
        raise DamagedJournalError(
            f"journal.db holds {held[1]:,} entries with the root {held[2]}, and {MANIFEST} says "
            f"{manifest.sequence:,} and {manifest.root}",
            source=str(backup),
        )
    if (checkpoint.size, checkpoint.root) != (contents.size, contents.root):
        raise TamperedBackupError("its checkpoint is of another tree", source=str(backup))
