"""What a backup says of itself, signed by the key of its ledger.

The manifest is a C2SP signed note. Its first line is no ledger's origin, so it is never taken for a
checkpoint; behind it follows one JSON document.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from fengkong.core.errors import RiskError
from fengkong.ledger.notes import Note, Signer, VerifierKey, open_note
from fengkong.service.backups.errors import (
    ForeignBackupError,
    MissingBackupError,
    TamperedBackupError,
    UnfinishedBackupError,
)

MANIFEST: Final = "manifest"
FORMAT: Final = 1
_TITLE: Final = "fengkong backup manifest\n"
_CHUNK: Final = 1 << 20


class CopiedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the backup: its path under the backup with `/`, its bytes, their SHA-256."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a backup promises.

    `sequence` is the last entry, `root` that of the tree over all `sequence` entries (hexadecimal),
    `checkpoint` the signed note of this very tree. `keys` says whether they are "included" or
    "apart"; `masters` are the ids of the master keys without which it cannot be read. `places` are
    the second places of that time.
    """

    format: int
    product: str
    made_at: str
    identity: str
    origin: str
    hash: str
    store: str
    sequence: int
    root: str
    checkpoint: str
    keys: str
    masters: list[str]
    places: list[str]
    files: list[CopiedFile]


def signed_manifest(manifest: Manifest, *, signer: Signer) -> bytes:
    """The manifest as it is written."""
    document = msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode()
    text = f"{_TITLE}{document}\n"
    return Note(text, (signer.sign(text),)).render()


def manifest_bytes(backup: Path) -> bytes:
    """The manifest as it lies there; raises MissingBackupError or UnfinishedBackupError."""
    if not backup.is_dir():
        raise MissingBackupError(f"there is no directory {backup}")
    try:
        return (backup / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise UnfinishedBackupError(f"{backup} has no {MANIFEST}") from None


def read_manifest(backup: Path, *, verifier: VerifierKey) -> Manifest:
    """The manifest of a backup, once the ledger's key has signed it."""
    content = manifest_bytes(backup)
    try:
        text = open_note(content, keys=[verifier]).note.text
    except RiskError as error:
        if error.code == "ledger.unsigned":
            message = f"{MANIFEST} was not signed by {verifier.name}"
            raise ForeignBackupError(message, source=str(backup)) from error
        raise TamperedBackupError(f"{MANIFEST}: {error.message}", source=str(backup)) from error
    return _decoded(text, backup=backup)


def _decoded(text: str, *, backup: Path) -> Manifest:
    title, _, document = text.partition("\n")
    try:
        if f"{title}\n" != _TITLE:
            raise ForeignBackupError("it is signed, but no manifest", source=str(backup))
        manifest = msgspec.json.decode(document, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ForeignBackupError(f"{MANIFEST}: {error}", source=str(backup)) from None
    if manifest.format != FORMAT:
        message = f"{MANIFEST} has format {manifest.format}; this version reads {FORMAT}"
        raise ForeignBackupError(message, source=str(backup))
    return manifest


def copied_file(path: Path, *, under: Path) -> CopiedFile:
    """What the manifest says of a file."""
    size, digest = measured(path)
    return CopiedFile(path=path.relative_to(under).as_posix(), bytes=size, sha256=digest)


def measured(path: Path) -> tuple[int, str]:
    """The size of a file and its SHA-256, in bounded memory."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def files_of(backup: Path) -> list[Path]:
    """Every file of a backup but the manifest, and whatever else lies there, in order."""
    found = (path for path in backup.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path for path in found if path != backup / MANIFEST)
