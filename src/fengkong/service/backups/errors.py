"""What is wrong with a backup, or with the place it is to go to."""

from __future__ import annotations

from fengkong.core.errors import RiskError


class MissingBackupError(RiskError):
    """There is no backup in the directory named."""

    code = "backup.missing"
    hint = "Name the directory that `fengkong backup create` made."


class UnfinishedBackupError(RiskError):
    """The directory holds a backup that was broken off: it has no manifest."""

    code = "backup.unfinished"
    hint = "Remove the directory and make the backup again."


class TamperedBackupError(RiskError):
    """A file of a backup is missing, was changed, cut short or added, or is of another backup."""

    code = "backup.tampered"
    hint = "Do not restore it. Take another copy of this backup, or an older one, and check that."


class ForeignBackupError(RiskError):
    """The manifest is of another version, or was signed by the key of another ledger."""

    code = "backup.foreign"
    hint = "Give the keys of the journal that this backup is of, and a program that reads it."


class MissingKeysError(RiskError):
    """A backup without its keys is to be made, checked or restored."""

    code = "backup.missing_keys"
    hint = "Name the directory of the keys with --keys; without them nothing sealed can be read."


class OccupiedPlaceError(RiskError):
    """The place where a backup, or a restored data directory, is to go is not empty."""

    code = "backup.occupied"
    hint = "Choose a new or empty directory; nothing that is there is ever written over."


class UnwritableBackupError(RiskError):
    """The place of a backup, or of a restored data directory, cannot be read or written."""

    code = "backup.unwritable"
    hint = "Free disk space or correct the permissions, and try again; nothing half made is left."


class NothingToAcceptError(RiskError):
    """No second place promises anything that the journal does not hold."""

    code = "backup.nothing_to_accept"
    hint = "Start the service; there is nothing to give up."
