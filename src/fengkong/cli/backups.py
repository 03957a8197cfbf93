"""`fengkong backup`: create, check, restore, and go on from an older one on purpose."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, OUTPUT, progress
from fengkong.ledger.notes import VerifierKey
from fengkong.service.backups.accepting import accept_rollback
from fengkong.service.backups.checking import BackupKeys, check_backup, keys_of_backup
from fengkong.service.backups.creating import KEYS_INCLUDED, KeysApart, create_backup
from fengkong.service.backups.errors import MissingKeysError
from fengkong.service.backups.rehearsing import rehearse_restore
from fengkong.service.backups.restoring import restore_backup
from fengkong.service.clock import wall_clock
from fengkong.service.settings import load_settings

NICE = 5
"""Below the service: decisions go before backups."""


@contextmanager
def _told(description: str) -> Iterator[Callable[[str, float], None]]:
    with progress(description) as told:
        yield lambda _stage, part: told(0, part)


def create(
    data: Path, backup: Path, *, store: str | None, keys: Path | None, with_keys: bool
) -> None:
    """Make a backup and say what is in it, and where the keys are."""
    if with_keys and keys is not None:
        raise MissingKeysError("give --keys or --with-keys, not both")
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    settings = load_settings(data, given={"store": store})
    with _told(text("backup.create.progress")) as told:
        manifest = create_backup(
            settings,
            backup,
            keys=None if with_keys else KeysApart(keys),
            environment=os.environ,
            now=wall_clock(),
            progress=told,
        )
    OUTPUT.print(
        text("backup.create.done", backup=backup, size=f"{manifest.sequence:,}"), markup=False
    )
    OUTPUT.print(text("backup.root", root=manifest.root), markup=False, soft_wrap=True)
    if manifest.keys == KEYS_INCLUDED:
        ERRORS.print(text("backup.keys.included", backup=backup), markup=False)
    elif keys is not None:
        ERRORS.print(text("backup.keys.apart", directory=keys), markup=False)
    else:
        ERRORS.print(text("backup.keys.left_out", directory=settings.keys), markup=False)


def check(backup: Path, *, keys: Path | None, verifier: str | None) -> None:
    """Check a backup and say that it is whole."""
    if verifier is None:
        known = keys_of_backup(backup, keys=keys, environment=os.environ)
    else:
        known = BackupKeys(VerifierKey.parse(verifier), None)
    with _told(text("backup.check.progress")) as told:
        checked = check_backup(backup, keys=known, progress=lambda part: told("check", part))
    manifest = checked.manifest
    OUTPUT.print(
        text("backup.check.good", size=f"{manifest.sequence:,}", made_at=manifest.made_at),
        markup=False,
    )
    OUTPUT.print(text("backup.root", root=manifest.root), markup=False, soft_wrap=True)
    if not checked.opened:
        ERRORS.print(text("backup.check.unopened"), markup=False)


def restore(backup: Path, data: Path, *, keys: Path | None, store: str | None) -> None:
    """Make a data directory of a backup and say how to go on."""
    known = keys_of_backup(backup, keys=keys, environment=os.environ)
    with _told(text("backup.restore.progress")) as told:
        restored = restore_backup(
            backup,
            data,
            keys=known,
            key_folder=keys if keys is not None else backup / "keys",
            store=store,
            progress=told,
        )
    size = f"{restored.manifest.sequence:,}"
    OUTPUT.print(text("backup.restore.done", data=data, size=size), markup=False)
    for ahead in restored.ahead:
        ERRORS.print(
            text("backup.restore.ahead", place=ahead.place, promised=f"{ahead.size:,}", size=size),
            style="yellow",
            markup=False,
        )


def rehearse(data: Path, backup: Path, *, keys: Path | None, scratch: Path | None) -> None:
    """Put a backup back where nobody works, look through it, and say how long that took."""
    known = keys_of_backup(backup, keys=keys, environment=os.environ)
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    with _told(text("backup.rehearse.progress")) as told:
        rehearsed = rehearse_restore(
            load_settings(data),
            backup,
            keys=known,
            key_folder=keys if keys is not None else backup / "keys",
            scratch=scratch,
            now=wall_clock(),
            progress=told,
        )
    OUTPUT.print(
        text(
            "backup.rehearse.done",
            size=f"{rehearsed.manifest.sequence:,}",
            made_at=rehearsed.manifest.made_at,
            seconds=f"{rehearsed.seconds:,.1f}",
        ),
        markup=False,
    )


def accept_loss(data: Path, *, store: str | None) -> None:
    """Give up what second places promise beyond the journal, and say what was recorded."""
    accepted = accept_rollback(
        load_settings(data, given={"store": store}), environment=os.environ, now=wall_clock()
    )
    OUTPUT.print(
        text(
            "backup.accept.done",
            sequence=f"{accepted.sequence:,}",
            promised=f"{accepted.promised:,}",
        ),
        markup=False,
    )
