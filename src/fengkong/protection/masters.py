"""Where master keys come from: a file that only its owner reads, the environment, a key service.

A key service (KMS, HSM) wraps the master keys in the file, so that the file alone opens nothing;
they are unwrapped once at start and then held in memory, because a service cannot be asked 8,000
times a second.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from os import urandom
from pathlib import Path
from typing import Final, Protocol

import msgspec

from fengkong.protection.aead import ALGORITHMS
from fengkong.protection.errors import (
    InvalidMastersError,
    UnknownMasterError,
)
from fengkong.protection.guarded_files import (
    create_guarded,
    locked,
    read_guarded,
    replace_guarded,
)
from fengkong.protection.wrapping import MasterKey

ENVIRONMENT_NAME: Final = "FENGKONG_MASTER_KEYS"
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class KeyService(Protocol):
    """A service that keeps a key nobody sees and wraps other keys with it.

    Both calls raise KeyServiceError when the service refuses, is away, or was given bytes that it
    did not make for this context.
    """

    def wrap(self, secret: bytes, *, context: bytes) -> bytes:
        """The secret in a form that only the service opens, and only for this context."""
        ...

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """The secret."""
        ...


class _StoredMaster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A master key in its file; `secret` is base64, wrapped where a key service keeps it."""

    id: str
    algorithm: str
    created_at: int
    secret: str
    wrapped: bool


class _StoredMasters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: the last key is the current one."""

    format: int
    masters: list[_StoredMaster]


class FileMasters:
    """Master keys in a JSON file of mode 0600 in a folder of mode 0700 (`keys/master.json`).

    `current` notices at once that another process added a key. With a `service` the keys stand in
    the file wrapped by it.
    """

    def __init__(self, path: Path, *, service: KeyService | None = None) -> None:
        self._path = path
        self._service = service
        self._seen: tuple[int, int, int] | None = None
        self._masters: dict[str, MasterKey] = {}
        self._current: MasterKey | None = None
        self.reload()

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        now: int,
        algorithm: str = "aes-256-gcm",
        service: KeyService | None = None,
    ) -> FileMasters:
        """A new file with one new master key; raises FileExistsError rather than replace one."""
        stored = _new_master(algorithm=algorithm, now=now, service=service)
        create_guarded(path, _encoded([stored]))
        return cls(path, service=service)

    def current(self) -> MasterKey:
        """The newest master key of the file as it is now."""
        try:
            status = self._path.stat()
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if (status.st_ino, status.st_mtime_ns, status.st_size) != self._seen:
            self.reload()
        assert self._current is not None
        return self._current

    def by_id(self, master_id: str) -> MasterKey:
        """A master key of the file; raises UnknownMasterError."""
        if master_id not in self._masters:
            self.reload()
        return _found(self._masters, master_id)

    def reload(self) -> None:
        """Read the file again; what was known stays when it cannot be read."""
        try:
            data, status = read_guarded(self._path)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        masters = [
            self._masters.get(stored.id) or _opened(stored, service=self._service)
            for stored in _decoded(data, path=self._path)
        ]
        self._masters = {master.id: master for master in masters}
        self._current = masters[-1]
        self._seen = (status.st_ino, status.st_mtime_ns, status.st_size)

    def add(self, *, now: int, algorithm: str | None = None) -> MasterKey:
        """A new master key, current from now on; the older ones stay to open what is under them."""
        with locked(self._path):
            stored = _decoded(read_guarded(self._path)[0], path=self._path)
            new = _new_master(
                algorithm=algorithm or stored[-1].algorithm, now=now, service=self._service
            )
            replace_guarded(self._path, _encoded([*stored, new]))
        return self.current()

    def ages(self) -> dict[str, int]:
        """When each master key was made, oldest first, the current one last."""
        stored = _decoded(read_guarded(self._path)[0], path=self._path)
        return {master.id: master.created_at for master in stored}

    def remove(self, ids: Iterable[str]) -> None:
        """Remove older master keys; what is under them can never be opened again."""
        gone = frozenset(ids)
        with locked(self._path):
            stored = _decoded(read_guarded(self._path)[0], path=self._path)
            assert stored[-1].id not in gone, "the current master is never removed"
            kept = [master for master in stored if master.id not in gone]
            replace_guarded(self._path, _encoded(kept))
        self.reload()


class EnvironmentMasters:
    """Master keys in an environment variable: ``id:algorithm:base64``, by commas, current first.

    Rotation: put the new key in front, restart, rotate, take the old one out.
    """

    def __init__(self, environment: Mapping[str, str], *, name: str = ENVIRONMENT_NAME) -> None:
        text = environment.get(name, "").strip()
        if not text:
            raise InvalidMastersError(f"{name} is not set: give id:algorithm:base64")
        masters = [_spoken(part.strip(), name=name) for part in text.split(",")]
        self._masters = {master.id: master for master in masters}
        if len(self._masters) < len(masters):
            raise InvalidMastersError(f"{name} gives one id twice")
        self._current = masters[0]

    def current(self) -> MasterKey:
        """The first key of the variable."""
        return self._current

    def by_id(self, master_id: str) -> MasterKey:
        """A key of the variable; raises UnknownMasterError."""
        return _found(self._masters, master_id)

    def reload(self) -> None:
        """Nothing: the environment of a process does not change."""


def _unreadable(path: Path, error: OSError) -> InvalidMastersError:
    return InvalidMastersError(f"{path}: {error.strerror or error}")


def _found(masters: Mapping[str, MasterKey], master_id: str) -> MasterKey:
    try:
        return masters[master_id]
    except KeyError:
        raise UnknownMasterError(f"no master key {master_id[:64]!r}") from None


def _spoken(part: str, *, name: str) -> MasterKey:
    """One key of the environment; its text never stands in an error."""
    try:
        master_id, algorithm, secret = part.split(":")
    except ValueError:
        raise InvalidMastersError(f"{name}: each key is id:algorithm:base64") from None
    return _checked(master_id, algorithm=algorithm, secret=_bytes(secret, master_id=master_id))


def _checked(master_id: str, *, algorithm: str, secret: bytes) -> MasterKey:
    if not _ID.fullmatch(master_id):
        raise InvalidMastersError("the id of a master has 1 to 64 of A-Z a-z 0-9 . _ -")
    if algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise InvalidMastersError(f"master {master_id}: the algorithm is one of {known}")
    if len(secret) != ALGORITHMS[algorithm].key_bytes:
        raise InvalidMastersError(
            f"master {master_id}: {algorithm} takes {ALGORITHMS[algorithm].key_bytes} bytes, "
            f"these are {len(secret)}"
        )
    return MasterKey(id=master_id, algorithm=algorithm, secret=secret)


def _bytes(text: str, *, master_id: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidMastersError(f"master {master_id[:64]}: its key is not base64") from None


def _new_master(*, algorithm: str, now: int, service: KeyService | None) -> _StoredMaster:
    master_id = urandom(8).hex()
    secret = urandom(ALGORITHMS[algorithm].key_bytes)
    if service is not None:
        secret = service.wrap(secret, context=_context(master_id, algorithm=algorithm))
    return _StoredMaster(
        id=master_id,
        algorithm=algorithm,
        created_at=now,
        secret=base64.b64encode(secret).decode(),
        wrapped=service is not None,
    )


def _opened(stored: _StoredMaster, *, service: KeyService | None) -> MasterKey:
    secret = _bytes(stored.secret, master_id=stored.id)
    if stored.wrapped:
        if service is None:
            raise InvalidMastersError(f"master {stored.id} is wrapped by a key service: name it")
        context = _context(stored.id, algorithm=stored.algorithm)
        secret = service.unwrap(secret, context=context)
    return _checked(stored.id, algorithm=stored.algorithm, secret=secret)


def _context(master_id: str, *, algorithm: str) -> bytes:
    return f"fengkong master key\0{master_id}\0{algorithm}".encode()


def _encoded(masters: list[_StoredMaster]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_StoredMasters(format=1, masters=masters)))


def _decoded(data: bytes, *, path: Path) -> list[_StoredMaster]:
    try:
        stored = msgspec.json.decode(data, type=_StoredMasters)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # The decoder's own message may quote the file.
        raise InvalidMastersError(f"{path} is not a file of master keys") from None
    if stored.format != 1:
        raise InvalidMastersError(f"{path} has format {stored.format}, this version reads 1")
    if not stored.masters:
        raise InvalidMastersError(f"{path} holds no master key")
    if len({master.id for master in stored.masters}) < len(stored.masters):
        raise InvalidMastersError(f"{path} gives one id twice")
    return stored.masters
