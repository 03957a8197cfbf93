"""A data directory with some decisions in it, and what is asked of its backups."""

from pathlib import Path
from typing import Any

from desk_of_tests import payment, send, serve, settings_of

from fengkong.service.backups.checking import Checked, check_backup, keys_of_backup
from fengkong.service.backups.creating import KeysApart, create_backup
from fengkong.service.backups.manifest import Manifest
from fengkong.service.backups.restoring import Restored, restore_backup
from fengkong.service.clock import wall_clock


def silent(*_: object) -> None:
    """Progress that nobody watches."""


def filled(folder: Path, *, first: int = 0, count: int = 40, **given: Any) -> dict[str, bytes]:
    """Serve a directory, decide so many payments, stop; the answers by event id."""
    events = [payment(number) for number in range(first, first + count)]

    async def work(service: Any) -> dict[str, bytes]:
        answers = await send(service, *events)
        assert {answer.status for answer in answers} == {200}
        return {str(e["id"]): a.body for e, a in zip(events, answers, strict=True)}

    found: dict[str, bytes] = serve(folder, work, **given)
    return found


def asked(folder: Path, ids: list[str], **given: Any) -> dict[str, bytes]:
    """What a service of a directory answers for old ids."""

    async def work(service: Any) -> dict[str, bytes]:
        return {name: (await service.desk.find(name)).body for name in ids}

    found: dict[str, bytes] = serve(folder, work, policy=None, **given)
    return found


def backed_up(
    folder: Path, target: Path, *, keys: KeysApart | None = None, **given: Any
) -> Manifest:
    """A backup of a directory of `filled`."""
    return create_backup(
        settings_of(folder, **given),
        target,
        keys=keys,
        environment={},
        now=wall_clock(),
        progress=silent,
    )


def checked(backup: Path, *, keys: Path | None = None) -> Checked:
    """A backup checked with its keys."""
    known = keys_of_backup(backup, keys=keys, environment={})
    return check_backup(backup, keys=known, progress=silent)


def restored(
    backup: Path, folder: Path, *, keys: Path | None = None, store: str | None = None
) -> Restored:
    """A backup restored to the data directory of a folder."""
    return restore_backup(
        backup,
        folder / "data",
        keys=keys_of_backup(backup, keys=keys, environment={}),
        key_folder=keys or backup / "keys",
        store=store,
        progress=silent,
    )
