"""A journal opened for those who only read it in the clear, by where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.history import History
from fengkong.journal.port import Reading
from fengkong.journal.sqlite_reading import SqliteReading
from fengkong.protection.masters import EnvironmentMasters, FileMasters
from fengkong.protection.subject_keys import KeyStore
from fengkong.protection.vault import Vault
from fengkong.protection.wrapping import MasterKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPlace:
    """Where a journal is: the data directory, and what the service's settings say of it.

    `store` is sqlite or a PostgreSQL connection string, `master_keys` file or environment.
    """

    directory: Path
    store: str = "sqlite"
    master_keys: str = "file"


def open_reading(place: JournalPlace) -> Reading:
    """The entries as they are stored, with the archive at hand; raises MissingJournalError."""
    if place.store == "sqlite":
        reading: Reading = SqliteReading(place.directory / "journal.db")
    else:
        from fengkong.journal.postgres_reading import PostgresReading  # noqa: PLC0415 - where used

        reading = PostgresReading(place.store)
    reading.archive = ArchiveFolder(place.directory / "archive")
    return reading


def masters_of(place: JournalPlace, *, environment: Mapping[str, str]) -> MasterKeys:
    """The master keys, from where the place says."""
    if place.master_keys == "environment":
        return EnvironmentMasters(environment)
    return FileMasters(place.directory / "keys" / "master.json")


def open_history(place: JournalPlace, *, environment: Mapping[str, str]) -> History:
    """The journal in the clear, for a reader beside its writer; `reading.close()` gives it back."""
    reading = open_reading(place)
    try:
        vault = Vault(
            store=cast("KeyStore", reading),
            masters=masters_of(place, environment=environment),
            journal_id=reading.identity,
        )
        return History(reading, vault=vault)
    except BaseException:
        reading.close()
        raise
