"""The parts of a data directory, opened for the one writer or for those who only read."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.errors import MissingJournalError, StoreUnavailableError, UpkeepInUseError
from fengkong.journal.history import History
from fengkong.journal.opening import masters_of, open_reading
from fengkong.journal.port import Reading, Store
from fengkong.journal.sqlite_store import SqliteStore
from fengkong.ledger.notes import Signer
from fengkong.protection.guarded_files import create_guarded, read_guarded
from fengkong.protection.masters import FileMasters
from fengkong.protection.subject_keys import KeyStore
from fengkong.protection.vault import Vault
from fengkong.protection.wrapping import MasterKeys
from fengkong.service.settings import Settings
from fengkong.service.states.snapshots import SnapshotFolder

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class OpenJournal:
    """A journal with what is needed to read it in the clear."""

    reading: Reading
    vault: Vault
    history: History
    snapshots: SnapshotFolder

    def close(self) -> None:
        """Give everything back."""
        self.reading.close()


@dataclass(frozen=True, slots=True)
class OwnedJournal:
    """The same for the one writer."""

    store: Store
    opened: OpenJournal


def master_keys(settings: Settings, *, environment: Mapping[str, str]) -> MasterKeys:
    """The master keys, from where the settings say."""
    return masters_of(settings.place, environment=environment)


def open_for_writing(
    settings: Settings, *, environment: Mapping[str, str], now: int
) -> OwnedJournal:
    """The journal for its one writer; made with its keys where there is none."""
    settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = _store(settings)
    masters = settings.keys / "master.json"
    if settings.master_keys == "file" and not store.head().sequence and not masters.exists():
        FileMasters.create(masters, now=now, algorithm=settings.encryption)
    try:
        return OwnedJournal(store, _opened(settings, store, environment=environment))
    except BaseException:
        store.close()
        raise


def open_for_reading(settings: Settings, *, environment: Mapping[str, str]) -> OpenJournal:
    """The journal for a reader; a service may be writing to it."""
    reading = open_reading(settings.place)
    try:
        return _opened(settings, reading, environment=environment)
    except BaseException:
        reading.close()
        raise


@contextmanager
def upkeep(settings: Settings, *, environment: Mapping[str, str]) -> Iterator[OwnedJournal]:
    """The journal for upkeep beside its writer; one piece of upkeep at a time.

    Raises UpkeepInUseError, and what opening the journal raises.
    """
    with upkeep_turn(settings):
        store = _store_beside_the_writer(settings)
        try:
            yield OwnedJournal(store, _opened(settings, store, environment=environment))
        finally:
            store.close()


@contextmanager
def upkeep_turn(settings: Settings) -> Iterator[None]:
    """The turn of one piece of upkeep; it ends with the process. Raises UpkeepInUseError."""
    if not settings.directory.is_dir():
        raise MissingJournalError(f"there is no directory {settings.directory}")
    place = settings.directory / "upkeep.lock"
    try:
        descriptor = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailableError(f"{place}: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UpkeepInUseError(f"{settings.directory} is being kept by another") from error
        yield
    finally:
        os.close(descriptor)


def _store_beside_the_writer(settings: Settings) -> Store:
    if settings.embedded:
        return SqliteStore.beside_the_writer(settings.journal_file)
    from fengkong.journal.postgres_store import PostgresStore  # noqa: PLC0415 - only where it is used

    return PostgresStore.beside_the_writer(settings.store)


def _store(settings: Settings) -> Store:
    if settings.embedded:
        return SqliteStore.open(settings.journal_file, hash_name=settings.hash)
    from fengkong.journal.postgres_store import PostgresStore  # noqa: PLC0415 - only where it is used

    return PostgresStore.open(settings.store, hash_name=settings.hash)


def _opened(settings: Settings, reading: Reading, *, environment: Mapping[str, str]) -> OpenJournal:
    reading.archive = ArchiveFolder(settings.archive)
    vault = Vault(
        store=cast("KeyStore", reading),
        masters=master_keys(settings, environment=environment),
        journal_id=reading.identity,
        algorithm=settings.encryption,
    )
    history = History(reading, vault=vault)
    return OpenJournal(reading, vault, history, SnapshotFolder(settings.snapshots, vault=vault))


def ledger_signer(settings: Settings) -> Signer:
    """The key that signs checkpoints; raises OSError where there is none."""
    content, _ = read_guarded(settings.keys / "ledger.key")
    return Signer.parse(content.decode(errors="replace").strip())


def make_ledger_signer(settings: Settings, *, origin: str) -> Signer:
    """The key that signs checkpoints, made where there is none."""
    path = settings.keys / "ledger.key"
    if not path.exists():
        signer = Signer.of_seed(name=origin, seed=os.urandom(32))
        create_guarded(path, signer.skey().encode() + b"\n")
    return ledger_signer(settings)
