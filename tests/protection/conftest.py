"""Stores and master keys that keep their promises in memory."""

from collections.abc import Callable, Sequence

import msgspec
import pytest

from fengkong.protection.errors import UnknownMasterError
from fengkong.protection.subject_keys import SubjectKey
from fengkong.protection.vault import Vault
from fengkong.protection.wrapping import MasterKey

JOURNAL = bytes(range(16))


class MemoryKeyStore:
    """A KeyStore that forgets at the end of the process and in nothing else."""

    def __init__(self) -> None:
        self.keys: dict[bytes, SubjectKey] = {}
        self.secrets: dict[str, bytes] = {}

    def add(self, keys: Sequence[SubjectKey]) -> None:
        """What the journal does with the keys of a batch."""
        for key in keys:
            self.keys.setdefault(key.subject, key)

    def subject_key(self, subject: bytes) -> SubjectKey | None:
        return self.keys.get(subject)

    def subject_keys(self, *, not_under: str, limit: int) -> list[SubjectKey]:
        found = [k for k in self.keys.values() if k.wrapped and k.master_id != not_under]
        return found[:limit]

    def rewrap(self, keys: Sequence[SubjectKey]) -> None:
        for key in keys:
            now = self.keys.get(key.subject)
            if now and now.wrapped and now.key_id == key.key_id:
                self.keys[key.subject] = msgspec.structs.replace(
                    now, master_id=key.master_id, wrapped=key.wrapped
                )

    def destroy(self, subject: bytes, *, at: int) -> bool:
        now = self.keys.get(subject)
        if now is None or now.wrapped is None:
            return False
        self.keys[subject] = msgspec.structs.replace(now, wrapped=None, destroyed_at=at)
        return True

    def secret(self, name: str) -> bytes | None:
        return self.secrets.get(name)

    def put_secret(self, name: str, value: bytes) -> None:
        self.secrets[name] = value


class FixedMasters:
    """Master keys given once."""

    def __init__(self, *masters: MasterKey) -> None:
        self.masters = {master.id: master for master in masters}
        self.now = masters[0]

    def current(self) -> MasterKey:
        return self.now

    def by_id(self, master_id: str) -> MasterKey:
        try:
            return self.masters[master_id]
        except KeyError:
            raise UnknownMasterError(f"no master key {master_id}") from None

    def reload(self) -> None:
        """Nothing changes."""


@pytest.fixture
def store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def masters() -> FixedMasters:
    return FixedMasters(
        MasterKey(id="m1", algorithm="aes-256-gcm", secret=b"1" * 32),
        MasterKey(id="m2", algorithm="sm4-gcm", secret=b"2" * 16),
    )


@pytest.fixture(params=["aes-256-gcm", "sm4-gcm"])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_vault(
    store: MemoryKeyStore, masters: FixedMasters, algorithm: str
) -> Callable[..., Vault]:
    """Another vault over the same store, as after a restart."""

    def make(journal_id: bytes = JOURNAL) -> Vault:
        return Vault(store=store, masters=masters, journal_id=journal_id, algorithm=algorithm)

    return make


@pytest.fixture
def vault(make_vault: Callable[..., Vault]) -> Vault:
    return make_vault()
