"""Files that only their owner may read: made so, checked so, replaced whole."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fengkong.protection.errors import UnsafeFileError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MODE: Final = 0o600


def read_guarded(path: Path) -> tuple[bytes, os.stat_result]:
    """The bytes of a file of secrets, and what `stat` says of the very file that was read.

    Raises UnsafeFileError where somebody else could read or change it, OSError where it is absent.
    """
    _check_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise UnsafeFileError(f"{path} is a link: put the file itself there") from error
        raise
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the descriptor that was checked
        status = os.fstat(file.fileno())
        _check_file(path, status)
        return file.read(), status


def check_guarded(path: Path) -> None:
    """Raise UnsafeFileError unless this is a file of its owner's alone; its folder may be open."""
    _check_file(path, path.lstat())


def create_guarded(path: Path, data: bytes) -> None:
    """A new file of mode 0600, durable; raises FileExistsError rather than replace one."""
    make_guarded_folder(path.parent)
    _write_new(path, data)
    _make_durable(path.parent)


def replace_guarded(path: Path, data: bytes) -> None:
    """Replace a file whole and durably: a reader sees the old bytes or the new ones."""
    make_guarded_folder(path.parent)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)  # left by a process that was killed; the lock keeps others out
    _write_new(new, data)
    new.replace(path)
    _make_durable(path.parent)


def make_guarded_folder(folder: Path) -> None:
    """A folder of mode 0700, made where it is absent and checked where it is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_folder(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time changes the file; the lock ends with the process that holds it."""
    make_guarded_folder(path.parent)
    lock = path.with_name(path.name + ".lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_file(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(f"{path} is not a regular file: put the file itself there")
    _check_owner(path, status)
    if status.st_mode & (_OTHERS | stat.S_IXUSR):
        mode = stat.S_IMODE(status.st_mode)
        raise UnsafeFileError(f"{path} has mode {mode:04o}: run `chmod 600 {path}`")


def _check_folder(folder: Path) -> None:
    status = folder.stat()
    _check_owner(folder, status)
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise UnsafeFileError(f"{folder} has mode {mode:04o}: run `chmod 700 {folder}`")


def _check_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise UnsafeFileError(
            f"{path} belongs to user {status.st_uid}, this is user {os.geteuid()}: "
            f"run `chown {os.geteuid()} {path}`, or run as its owner"
        )


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(path, flags, _MODE), "wb") as file:  # noqa: PTH123 - opened with its mode
        os.fchmod(file.fileno(), _MODE)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
