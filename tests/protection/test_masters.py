"""Master keys: files nobody else reads, the environment, and what a key service must promise."""

import base64
import hmac
import json
import os
import stat
from pathlib import Path

import pytest

from fengkong.protection.errors import (
    InvalidMastersError,
    KeyServiceError,
    UnknownMasterError,
    UnsafeFileError,
)
from fengkong.protection.masters import EnvironmentMasters, FileMasters, KeyService
from fengkong.protection.wrapping import MasterKey, unwrap, wrap

AT = 1_800_000_000_000_000
KEY = base64.b64encode(bytes(32)).decode()
SM4_KEY = base64.b64encode(bytes(16)).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "master.json"


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    FileMasters.create(path, now=AT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_is_never_replaced(path: Path) -> None:
    first = FileMasters.create(path, now=AT).current()
    with pytest.raises(FileExistsError):
        FileMasters.create(path, now=AT)
    assert FileMasters(path).current() == first


@pytest.mark.parametrize("algorithm", ["aes-256-gcm", "sm4-gcm"])
def test_keys_are_read_again_as_they_were(path: Path, algorithm: str) -> None:
    masters = FileMasters.create(path, now=AT, algorithm=algorithm)
    old = masters.current()
    new = masters.add(now=AT + 1)
    assert new != old
    assert new.algorithm == algorithm
    other = FileMasters(path)
    assert (other.current(), other.by_id(old.id)) == (new, old)
    assert masters.ages() == {old.id: AT, new.id: AT + 1}


def test_another_process_added_a_key(path: Path) -> None:
    running = FileMasters.create(path, now=AT)
    new = FileMasters(path).add(now=AT)
    assert running.by_id(new.id) == new
    assert running.current() == new


def test_an_unknown_master_is_named(path: Path) -> None:
    with pytest.raises(UnknownMasterError, match="m9"):
        FileMasters.create(path, now=AT).by_id("m9")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o620, 0o602, 0o700, 0o610, 0o644])
def test_wider_permissions_are_refused(path: Path, mode: int) -> None:
    FileMasters.create(path, now=AT)
    path.chmod(mode)
    with pytest.raises(UnsafeFileError, match=f"chmod 600 {path}"):
        FileMasters(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_owners_permissions_are_fine(path: Path, mode: int) -> None:
    first = FileMasters.create(path, now=AT).current()
    path.chmod(mode)
    assert FileMasters(path).current() == first


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o777])
def test_a_folder_open_to_others_is_refused(path: Path, mode: int) -> None:
    FileMasters.create(path, now=AT)
    path.parent.chmod(mode)
    with pytest.raises(UnsafeFileError, match=f"chmod 700 {path.parent}"):
        FileMasters(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_foreign_owner_is_refused(path: Path) -> None:
    FileMasters.create(path, now=AT)
    os.chown(path, 65534, -1)
    with pytest.raises(UnsafeFileError, match=f"chown 0 {path}"):
        FileMasters(path)
    os.chown(path, 0, -1)
    os.chown(path.parent, 65534, -1)
    with pytest.raises(UnsafeFileError, match=f"chown 0 {path.parent}"):
        FileMasters(path)


def test_a_link_is_refused(path: Path) -> None:
    FileMasters.create(path, now=AT)
    path.rename(path.with_name("elsewhere.json"))
    path.symlink_to(path.with_name("elsewhere.json"))
    with pytest.raises(UnsafeFileError, match="link"):
        FileMasters(path)


def test_a_file_that_is_gone_is_an_error_at_once(path: Path) -> None:
    masters = FileMasters.create(path, now=AT)
    path.unlink()
    with pytest.raises(InvalidMastersError):
        masters.current()
    with pytest.raises(InvalidMastersError):
        FileMasters(path)


def stored(**changes: object) -> dict[str, object]:
    master = {"id": "m", "algorithm": "aes-256-gcm", "created_at": 1, "secret": KEY}
    return master | {"wrapped": False} | changes


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b'{"format": 2, "masters": []}',
        json.dumps({"format": 2, "masters": [stored()]}).encode(),
        json.dumps({"format": 1, "masters": []}).encode(),
        json.dumps({"format": 1, "masters": [stored(), stored()]}).encode(),
        json.dumps({"format": 1, "masters": [stored(secret="?" + KEY)]}).encode(),
        json.dumps({"format": 1, "masters": [stored(secret=SM4_KEY)]}).encode(),
        json.dumps({"format": 1, "masters": [stored(algorithm="rot13")]}).encode(),
        json.dumps({"format": 1, "masters": [stored(id="")]}).encode(),
        json.dumps({"format": 1, "masters": [stored(id="a\nb")]}).encode(),
        json.dumps({"format": 1, "masters": [stored(wrapped=True)]}).encode(),
        json.dumps({"format": 1, "masters": [stored(extra=1)]}).encode(),
    ],
)
def test_a_bad_file_is_refused_without_showing_it(path: Path, content: bytes) -> None:
    FileMasters.create(path, now=AT)
    path.write_bytes(content)
    with pytest.raises(InvalidMastersError) as caught:
        FileMasters(path)
    assert KEY not in str(caught.value)


def test_a_change_that_was_killed_leaves_no_trap(path: Path) -> None:
    masters = FileMasters.create(path, now=AT)
    path.with_name("master.json.new").write_bytes(b"half")
    new = masters.add(now=AT)
    assert FileMasters(path).current() == new


def test_the_environment_gives_keys() -> None:
    text = f"new:aes-256-gcm:{KEY}, old:sm4-gcm:{SM4_KEY}"
    masters = EnvironmentMasters({"FENGKONG_MASTER_KEYS": text})
    masters.reload()
    assert masters.current() == MasterKey(id="new", algorithm="aes-256-gcm", secret=bytes(32))
    assert masters.by_id("old").secret == bytes(16)
    with pytest.raises(UnknownMasterError):
        masters.by_id("older")


@pytest.mark.parametrize(
    "text",
    [
        None,
        " ",
        KEY,
        f"m:{KEY}",
        f"m:des:{KEY}",
        f"m:sm4-gcm:{KEY}",
        f":aes-256-gcm:{KEY}",
        f"m:aes-256-gcm:{KEY}:",
        "m:aes-256-gcm:no base64",
        f"m:aes-256-gcm:{KEY},m:aes-256-gcm:{KEY}",
        f"m:aes-256-gcm:{KEY},",
    ],
)
def test_a_bad_environment_is_refused_without_showing_it(text: str | None) -> None:
    environment = {} if text is None else {"FENGKONG_MASTER_KEYS": text}
    with pytest.raises(InvalidMastersError) as caught:
        EnvironmentMasters(environment)
    assert KEY not in str(caught.value)


def test_a_master_key_does_not_print_itself() -> None:
    assert "secret" not in repr(MasterKey(id="m", algorithm="sm4-gcm", secret=b"secret-secret-se"))


class LocalKeyService:
    """A key service in this process: a key of its own, a tag over key, context and secret."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self._master = MasterKey(id="hsm", algorithm="aes-256-gcm", secret=os.urandom(32))

    def wrap(self, secret: bytes, *, context: bytes) -> bytes:
        self._ask()
        tag = hmac.digest(self._master.secret, context, "sha256")
        return tag + wrap(secret, master=self._master, purpose=context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        self._ask()
        tag = hmac.digest(self._master.secret, context, "sha256")
        if not hmac.compare_digest(tag, wrapped[:32]):
            raise KeyServiceError("not wrapped for this context")
        return unwrap(wrapped[32:], master=self._master, purpose=context)

    def _ask(self) -> None:
        if self.away:
            raise KeyServiceError("the key service does not answer")
        self.asked += 1


@pytest.fixture
def service() -> LocalKeyService:
    return LocalKeyService()


def test_contract_what_was_wrapped_unwraps_for_its_context_only(service: KeyService) -> None:
    wrapped = service.wrap(b"a secret", context=b"one")
    assert b"a secret" not in wrapped
    assert service.unwrap(wrapped, context=b"one") == b"a secret"
    with pytest.raises(KeyServiceError):
        service.unwrap(wrapped, context=b"two")


def test_masters_behind_a_service_never_stand_in_the_file(
    path: Path, service: LocalKeyService
) -> None:
    masters = FileMasters.create(path, now=AT, service=service)
    secret = base64.b64encode(masters.current().secret)
    assert secret not in path.read_bytes()
    new = masters.add(now=AT)
    assert FileMasters(path, service=service).current() == new
    with pytest.raises(InvalidMastersError, match="key service"):
        FileMasters(path)


def test_the_service_is_asked_once_for_each_key(path: Path, service: LocalKeyService) -> None:
    masters = FileMasters.create(path, now=AT, service=service)
    asked = service.asked
    for _ in range(100):
        masters.current()
        masters.reload()
    assert service.asked == asked


def test_a_service_that_is_away_stops_the_start_not_the_running(
    path: Path, service: LocalKeyService
) -> None:
    masters = FileMasters.create(path, now=AT, service=service)
    service.away = True
    masters.reload()
    assert masters.current()
    with pytest.raises(KeyServiceError):
        FileMasters(path, service=service)


def test_keys_in_a_file_cannot_change_places(path: Path, service: LocalKeyService) -> None:
    FileMasters.create(path, now=AT, service=service).add(now=AT)
    document = json.loads(path.read_bytes())
    first, second = document["masters"]
    first["secret"], second["secret"] = second["secret"], first["secret"]
    path.write_text(json.dumps(document))
    with pytest.raises(KeyServiceError):
        FileMasters(path, service=service)
